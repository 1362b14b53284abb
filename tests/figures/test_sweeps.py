from __future__ import annotations

import pytest

from aeviz.figures.sweeps import Dot, column, parallel, scatter, value_column
from aeviz.sweeps.space import Axis

DOTS = [
    Dot("a", "run <a>\nlr 0.1", True),
    Dot("b", "run b", True, good=True),
    Dot("c", "run c", False),
]
RATE = column(Axis("training.lr", (), 0.001, 0.1, log=True), "Learning rate", [0.1, 0.01, 0.001])
VALUES = [3.0, 1.0, 9.0]


def test_a_logarithmic_range_has_labels_at_powers_of_ten() -> None:
    assert RATE.places == pytest.approx([1.0, 0.5, 0.0])
    assert [text for _, text in RATE.ticks] == ["0.001", "0.01", "0.1"]


def test_labels_that_would_overlap_are_left_out() -> None:
    wide = column(Axis("x", (), 0.009, 100.0, log=True), "x", [])
    assert [text for _, text in wide.ticks] == ["0.009", "0.1", "1", "10", "100.0"]
    many = column(Axis("x", tuple(range(40))), "x", [39, 0])
    assert len(many.ticks) <= 9
    assert many.places == [1.0, 0.0]


def test_values_of_a_list_are_equally_spaced_and_numbers_are_in_order() -> None:
    sizes = column(Axis("x", (32, 2, 8)), "x", [2, 8, 32])
    assert sizes.places == [0.0, 0.5, 1.0]
    assert sizes.ticks == [(0.0, "2"), (0.5, "8"), (1.0, "32")]
    words = column(Axis("x", ("sgd", "adam")), "x", ["adam", "sgd"], str.upper)
    assert words.places == [1.0, 0.0]
    assert words.ticks == [(0.0, "SGD"), (1.0, "ADAM")]
    assert column(Axis("x", ([8],)), "x", [[8]]).places == [0.5]


def test_a_trial_that_was_stopped_early_has_no_final_value() -> None:
    last = value_column("Loss", VALUES, DOTS)
    assert last.places == [1.0, 0.0, None]
    assert [text for _, text in last.ticks] == ["1", "2", "3"]
    assert value_column("Loss", [2.0], [DOTS[0]]).places == [0.5]
    assert value_column("Loss", [2.0], [DOTS[2]]).places == [None]
    spread = value_column("Loss", [1.0, 100.0, 9.0], DOTS)  # logarithmic
    assert spread.ticks[1] == (pytest.approx(0.5), "10")


def test_each_trial_is_a_line_and_the_chosen_one_stands_out() -> None:
    figure = parallel([RATE, value_column("Loss", VALUES, DOTS)], DOTS, "b", "<b>")
    early, done, chosen = figure["data"]
    assert [trace["name"] for trace in figure["data"]] == [
        "stopped early", "trained to the end", "&lt;b&gt;",
    ]  # fmt: skip
    assert done["x"] == [0, 1, None]
    assert done["y"] == [1.0, 1.0, None]
    assert done["text"][0] == "run &lt;a&gt;<br>lr 0.1"
    assert early["y"] == [0.0, None, None]
    assert chosen["y"] == [pytest.approx(0.5), 0.0, None]
    assert set(chosen["customdata"]) == {"b"}
    assert len(figure["layout"]["shapes"]) == 2


def test_the_best_have_a_colour_of_their_own() -> None:
    lines = parallel([RATE, value_column("Loss", VALUES, DOTS)], DOTS, "a", "run a")["data"]
    dots = scatter(RATE, VALUES, DOTS, "a", "run a", "Loss")["data"]
    for traces in (lines, dots):
        assert [trace["name"] for trace in traces] == ["stopped early", "best quarter", "run a"]


def test_a_long_label_beside_an_axis_is_cut() -> None:
    wide = column(Axis("x", ("512, 512, 256, 128", "64")), "Nodes", ["64"])
    texts = [note["text"] for note in parallel([wide], DOTS[:1], "a", "a")["layout"]["annotations"]]
    assert texts == ["Nodes", "512, 512, 256…", "64"]


def test_the_axis_of_the_dots_has_room_for_the_final_values() -> None:
    figure = scatter(RATE, VALUES, DOTS, "b", "run b", "Loss")
    early, done, chosen = figure["data"]
    low, high = figure["layout"]["yaxis"]["range"]
    assert (low, high) == pytest.approx((0.84, 3.16))
    assert (done["y"], early["y"], chosen["y"]) == ([3.0], [high], [1.0])
    assert early["marker"]["symbol"] == "triangle-up-open"


def test_only_trials_that_were_stopped_early_are_drawn_too() -> None:
    figure = scatter(RATE, [9.0, 8.0], [DOTS[2], DOTS[2]._replace(run="d")], "c", "run c", "Loss")
    assert [trace["name"] for trace in figure["data"]] == ["stopped early", "run c"]
    assert figure["data"][0]["y"] == [8.0]


def test_values_that_differ_by_a_factor_have_a_logarithmic_axis() -> None:
    axis = scatter(RATE, [100.0, 10.0, 9.0], DOTS, "b", "run b", "Loss")["layout"]["yaxis"]
    assert axis["type"] == "log"
    assert axis["ticktext"] == ["10", "20", "50", "100"]
