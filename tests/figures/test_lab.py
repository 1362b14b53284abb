"""The figures of the Lab's measures: means, dots and the reference, and colours that stay."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from aeviz.experiments import table
from aeviz.experiments.base import Chart, Result, Row
from aeviz.figures import lab
from aeviz.figures.palette import CLASS_COLOURS

PARAMETERS = table.find("code-size").build({})
CURVE = Chart("error", "Error", "size", "numbers")
BARS = Chart("error", "Error", kind="bars")


def result(*rows: Row) -> Result:
    return Result(PARAMETERS, list(rows))


COLOURS = len(CLASS_COLOURS)


def row(arm: str, size: int, error: float, measure: str = "error") -> Row:
    return {"arm": arm, "size": size, measure: error}


def marks(figure: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Colour and symbol of each named trace."""
    named = {trace["name"]: trace["marker"] for trace in figure["data"] if trace.get("name")}
    return {name: (marker["color"], marker.get("symbol", "")) for name, marker in named.items()}


def test_a_line_passes_through_the_means_and_each_run_is_a_dot() -> None:
    figure = lab.chart(CURVE, result(row("a", 2, 1.0), row("a", 2, 3.0), row("a", 1, 5.0)))
    line, dots = figure["data"]
    assert (line["x"], line["y"]) == ([1, 2], [5.0, 2.0])
    assert sorted(zip(dots["x"], dots["y"], strict=True)) == [(1, 5.0), (2, 1.0), (2, 3.0)]


def test_an_arm_has_its_colour_and_symbol_in_all_charts() -> None:
    rows = [row("a", 1, 1.0), row("b", 1, 2.0, "seconds"), row("c", 1, 3.0)]
    rows += [row(arm, 1, 1.0, "accuracy") for arm in ("c", "b")]
    found = [
        marks(lab.chart(Chart(name, name, "size", "numbers"), result(*rows)))
        for name in ("error", "seconds", "accuracy")
    ]
    assert found[0]["c"] == found[2]["c"]
    assert found[1]["b"] == found[2]["b"]
    assert len({found[0]["a"], found[1]["b"], found[0]["c"]}) == 3


@pytest.mark.parametrize("spec", [CURVE, BARS], ids=["curve", "bars"])
def test_no_two_arms_of_a_chart_share_a_colour(spec: Chart) -> None:
    """Also if more arms exist than colours."""
    rows = [row(f"arm {i}", 1, 1.0, "seconds") for i in range(COLOURS)]
    rows += [row(f"arm {i}", 1, 1.0) for i in range(5, COLOURS + 5)]
    colours = [colour for colour, _ in marks(lab.chart(spec, result(*rows))).values()]
    assert len(colours) == len(set(colours)) == COLOURS


@pytest.mark.parametrize("spec", [CURVE, BARS], ids=["curve", "bars"])
def test_more_arms_than_colours_have_other_symbols(spec: Chart) -> None:
    rows = [row(f"arm {i}", 1, 1.0) for i in range(2 * COLOURS)]
    looks = marks(lab.chart(spec, result(*rows))).values()
    assert len(looks) == len(set(looks)) == 2 * COLOURS


def test_arms_that_are_numbers_are_sorted_also_with_those_of_the_reference() -> None:
    live = [row(f"beta {beta}", 1, 1.0) for beta in ("1", "0", "1000", "0.1", "20")]
    known = [row(f"beta {beta}", 1, 1.0) for beta in ("1", "50", "0.01")]
    figure = lab.chart(BARS, result(*live), result(*known))
    order = ["0", "0.01", "0.1", "1", "20", "50", "1000"]
    assert figure["layout"]["yaxis"]["categoryarray"][::-1] == [f"beta {beta}" for beta in order]


def test_only_arms_that_differ_in_a_number_change_places() -> None:
    arms = ["20 numbers", "PCA", "AE + N(0, I)", "1 number", "20 numbers, exact"]
    figure = lab.chart(BARS, result(*(row(arm, 1, 1.0) for arm in arms)))
    arms[0], arms[3] = arms[3], arms[0]
    assert figure["layout"]["yaxis"]["categoryarray"][::-1] == arms


def test_an_arm_keeps_its_colour_beside_the_reference() -> None:
    live = [row("beta 5", 1, 1.0), row("beta 1", 1, 1.0)]
    alone = marks(lab.chart(CURVE, result(*live)))
    beside = marks(lab.chart(CURVE, result(*live), result(row("beta 0.1", 1, 2.0))))
    assert {arm: beside[arm] for arm in alone} == alone


def test_bars_of_the_reference_lead_from_its_lowest_to_its_highest_run() -> None:
    known = result(row("a", 1, 1.0), row("a", 1, 2.0), row("a", 1, 6.0), row("a", 2, 4.0))
    found = lab.chart(CURVE, result(row("a", 1, 1.0)), known)["data"]
    (bars,) = (trace["error_y"] for trace in found if "error_y" in trace)
    assert (bars["arrayminus"], bars["array"]) == ([2.0, 0.0], [3.0, 0.0])
    assert bars["visible"]
    found = lab.chart(CURVE, None, result(row("a", 1, 1.0)))["data"]
    assert not found[0]["error_y"]["visible"]


def test_arms_of_bars_are_listed_from_top_to_bottom() -> None:
    figure = lab.chart(BARS, result(row("first", 1, 1.0), row("second", 1, 2.0)))
    assert figure["layout"]["yaxis"]["categoryarray"] == ["second", "first"]


def test_the_reference_has_hollow_marks_in_the_colour_of_its_arm() -> None:
    figure = lab.chart(CURVE, result(row("a", 1, 1.0)), result(row("b", 1, 2.0), row("a", 1, 3.0)))
    found = marks(figure)
    assert found["a, reference"] == (found["a"][0], f"{found['a'][1]}-open")
    assert found["b, reference"][0] != found["a"][0]


def test_the_legend_names_each_arm_once_and_the_hollow_marks_once() -> None:
    figure = lab.chart(CURVE, result(row("a", 1, 1.0)), result(row("b", 1, 2.0), row("a", 1, 3.0)))
    named = [trace["name"] for trace in figure["data"] if trace.get("showlegend", True)]
    assert named == ["a", "b, reference", "hollow: the reference result, bars: its runs"]
    alone = lab.chart(CURVE, result(row("a", 1, 1.0)), result(row("a", 1, 3.0, "seconds")))
    assert [trace["name"] for trace in alone["data"]] == ["a"]


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.001, 1000.0], ["0.001", "0.01", "0.1", "1", "10", "100", "1000"]),
        ([0.06, 0.7], ["0.07", "0.1", "0.2", "0.3", "0.5", "0.7"]),
        ([0.9, 30.0], ["1", "3", "10", "30"]),
        ([0.9, 9.0], ["1", "2", "5", "10"]),
        ([15_000.0, 28_000.0], ["15000", "20000", "25000", "30000"]),
        ([15_000.0, 25_000.0], [f"{thousand}000" for thousand in range(14, 29, 2)]),
        ([1e-05, 0.01], ["0.00001", "0.0001", "0.001", "0.01"]),
    ],
)
def test_a_logarithmic_axis_has_labels_at_round_numbers(
    values: list[float], labels: list[str]
) -> None:
    spec = Chart("error", "Error", "size", "numbers", log_y=True)
    rows = [row("a", number, value) for number, value in enumerate(values)]
    axis = lab.chart(spec, result(*rows))["layout"]["yaxis"]
    assert axis["ticktext"] == labels


def test_an_arm_has_one_colour_although_other_rows_have_many_arms() -> None:
    """As in compression, whose rows of another axis have arms of their own."""
    curves = [
        {"arm": arm, "bits": bits, "mse": 0.1, **({"paid": 9} if arm == "VAE" else {})}
        for arm in ("PCA", "dense", "VAE")
        for bits in (16, 32)
    ]
    others = [{"arm": f"trained on {i}", "ratio": 1.0} for i in range(9)]
    result = Result(None, [*curves[:2], *others, *curves[2:]])
    errors, paid = (lab.chart(Chart(y, y, "bits"), result)["data"] for y in ("mse", "paid"))
    colours = {trace["name"]: trace["marker"]["color"] for trace in errors if "marker" in trace}
    assert {trace["marker"]["color"] for trace in paid} == {colours["VAE"]}
    assert colours["VAE"] != colours["PCA"]


def test_many_places_on_a_logarithmic_axis_have_round_labels() -> None:
    rows = [{"arm": "JPEG", "bits": 16 * 1.3**i, "mse": 0.1} for i in range(20)]
    figure = lab.chart(Chart("mse", "MSE", "bits", log_x=True), Result(None, rows))
    assert figure["layout"]["xaxis"]["ticktext"] == ["30", "100", "300", "1000"]


@pytest.mark.parametrize(
    ("places", "labels"),
    [
        ((50, 500, 4000, 5000, 50000), ["50", "500", "5000", "50000"]),
        ((0.5, 1, 256, 512, 784), ["0.5", "1", "256", "784"]),  # the last one says how many pixels
    ],
)
def test_labels_of_a_logarithmic_axis_do_not_overlap(
    places: tuple[float, ...], labels: list[str]
) -> None:
    rows = [{"arm": "dense", "bits": bits, "mse": 0.1} for bits in places]
    axis = lab.chart(Chart("mse", "MSE", "bits", log_x=True), result(*rows))["layout"]["xaxis"]
    assert axis["ticktext"] == labels


@pytest.mark.parametrize(
    ("better", "values", "from_zero"),
    [
        ("lower", [0.1, 1.0], True),
        ("lower", [90.0, 160.0], False),
        ("lower", [-0.1, 1.0], False),
        ("higher", [0.1, 1.0], False),
    ],
)
@pytest.mark.parametrize("kind", ["curve", "bars"])
def test_an_axis_starts_at_zero_if_that_is_not_far_below_the_points(
    kind: Literal["curve", "bars"],
    better: Literal["lower", "higher"],
    values: list[float],
    from_zero: bool,
) -> None:
    spec = Chart("error", "Error", "size", "numbers", kind=kind, better=better)
    rows = [row("a", number, value) for number, value in enumerate(values)]
    axis = lab.chart(spec, result(*rows))["layout"]["yaxis"]
    if kind == "curve":
        assert axis["rangemode"] == ("tozero" if from_zero else "normal")
    else:
        low, high = axis["range"]
        assert high > max(values)
        assert low == 0 if from_zero else low < min(values)


def test_the_range_holds_the_runs_of_the_reference() -> None:
    spec = Chart("error", "Error", "size", "numbers", kind="bars", better="higher")
    known = result(row("a", 1, 0.2), row("a", 1, 0.8))
    low, high = lab.chart(spec, result(row("a", 1, 0.5)), known)["layout"]["yaxis"]["range"]
    assert low < 0.2
    assert high > 0.8


def test_a_long_title_is_wrapped_into_lines_of_about_the_same_length() -> None:
    label = "Share of the first 10 images that have the right class"
    beside = lab.chart(Chart("error", label, "size"), result(row("a", 1, 0.5)))
    lines = beside["layout"]["yaxis"]["title"]["text"].split("<br>")
    assert lines == ["Share of the first 10 images", "that have the right class"]
    wide = lab.chart(Chart("error", label, kind="bars"), result(row("a", 1, 0.5)))
    narrow = lab.chart(Chart("error", label, kind="bars"), result(row("a" * 30, 1, 0.5)))
    counts = [len(one["layout"]["xaxis"]["title"]["text"].split("<br>")) for one in (wide, narrow)]
    assert counts == [2, 3]
    assert narrow["layout"]["height"] > wide["layout"]["height"]
