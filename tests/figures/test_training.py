from __future__ import annotations

from typing import Any, Literal

import pytest

from aeviz.evaluation.baselines import Baseline
from aeviz.figures.training import curve, value_range, with_levels

ROWS: list[dict[str, Any]] = [
    {"step": 1, "epoch": 0, "recon": 500.0},
    {"step": 4, "epoch": 1, "recon": 300.0, "validation": {"recon": 210.0}},
    {"step": 8, "epoch": 2, "recon": 150.0, "validation": {"recon": 140.0}},
    {"step": 10, "epoch": 2, "recon": 130.0},
]


def test_a_curve_has_training_over_steps_and_validation_over_epochs() -> None:
    figure = curve(ROWS, "recon", steps_per_epoch=4)
    training, validation = figure["data"]
    # a line within an epoch is the mean of too few steps to compare with whole epochs
    assert training["x"] == [1.0, 2.0]
    assert training["y"] == [300.0, 150.0]
    assert validation["x"] == [1, 2]
    assert validation["y"] == [210.0, 140.0]
    assert "markers" in validation["mode"]
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < 140
    assert 210 < high < 300


def test_a_long_epoch_is_drawn_by_the_lines_within_it() -> None:
    within = [{"step": step, "epoch": 0, "recon": 900.0 - step} for step in range(100, 500, 100)]
    end = {"step": 500, "epoch": 1, "recon": 650.0, "validation": {"recon": 400.0}}
    training, _ = curve([*within, end], "recon", steps_per_epoch=500)["data"]
    assert training["y"] == [800.0, 700.0, 600.0, 500.0]


def test_the_first_lines_are_drawn_at_once() -> None:
    figure = curve(ROWS[:1], "recon", steps_per_epoch=4)
    assert figure["data"][0]["y"] == [500.0]
    assert "range" not in figure["layout"]["yaxis"]  # Plotly cannot update a null


def test_a_curve_that_comes_in_from_above_the_axis_says_from_how_high() -> None:
    def names(rows: list[dict[str, Any]]) -> list[str]:
        return [trace["name"] for trace in curve(rows, "recon", steps_per_epoch=4)["data"]]

    assert names(ROWS) == ["training (↑ from 300.0)", "validation"]
    inside = [row | {"recon": 150.0} for row in ROWS]
    assert names(inside) == ["training", "validation"]
    nowhere = [ROWS[1] | {"recon": float("nan")}, ROWS[2]]
    assert names(nowhere) == ["training", "validation"]


def test_a_curve_can_be_empty() -> None:
    assert [len(trace["x"]) for trace in curve([], "kl", 4)["data"]] == [0, 0]


@pytest.mark.parametrize(
    ("training", "validation", "wanted"),
    [
        ([900.0, 10.0, 20.0], [], [9.4, 20.6]),
        ([900.0, 1.0], [0.0], [0.0, 1.06]),
        ([900.0, 5.0], [5.0], [4.7, 5.3]),
        ([900.0, float("nan"), 3.0], [2.0], [1.94, 3.06]),
        ([900.0], [], None),
    ],
)
def test_bounds_by_hand(
    training: list[float], validation: list[float], wanted: list[float] | None
) -> None:
    assert value_range(training, validation) == (wanted and pytest.approx(wanted))


def level(value: float, term: Literal["recon", "loss"] = "recon", title: str = "PCA") -> Baseline:
    return Baseline("pca", term, value, title, "")


@pytest.mark.parametrize(
    ("values", "wanted", "held"),
    [
        ([], [100.0, 200.0], []),
        ([150.0], [100.0, 200.0], [150.0]),
        ([90.0], [76.8, 200.0], [90.0]),  # and room for its label
        ([199.0], [100.0, 211.0], [199.0]),
        ([25.0], [25 - 0.12 * 175, 200.0], [25.0]),
        ([10.0], [100.0, 200.0], []),  # would leave the curves less than half of the height
        ([-50.0, 150.0, 90.0], [76.8, 200.0], [150.0, 90.0]),
    ],
)
def test_the_axis_grows_for_near_levels_only(
    values: list[float], wanted: list[float], held: list[float]
) -> None:
    bounds, kept = with_levels([100.0, 200.0], [level(value) for value in values])
    assert bounds == pytest.approx(wanted)
    assert [baseline.value for baseline in kept] == held


def test_a_level_has_its_label_where_the_curve_is_not() -> None:
    rows = [level(160.0), level(120.0, title="floor"), level(130.0, "loss")]
    layout = curve(ROWS, "recon", 4, rows)["layout"]
    assert [shape["y0"] for shape in layout["shapes"]] == [160.0, 120.0]
    over, under = layout["annotations"][-2:]
    assert (over["text"], over["yanchor"]) == ("PCA: 160.0", "bottom")
    assert (under["text"], under["yanchor"]) == ("floor: 120.0", "top")
    low, _ = layout["yaxis"]["range"]
    assert low < 120


def test_labels_that_would_cover_each_other_stand_at_both_ends() -> None:
    layout = curve(ROWS, "recon", 4, [level(160.0), level(163.0)])["layout"]
    assert {label["xanchor"] for label in layout["annotations"][-2:]} == {"left", "right"}


def test_no_level_is_drawn_before_there_is_a_curve() -> None:
    layout = curve(ROWS[:1], "recon", 4, [level(400.0)])["layout"]
    assert layout["shapes"] == layout["annotations"] == []
