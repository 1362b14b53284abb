from __future__ import annotations

from typing import Any

import pytest

from aeviz.figures.runs import MOST, POINTS, Line, overlay, points, terms, thinned, together


def metrics(*losses: float, kl: float = 0.0) -> list[dict[str, Any]]:
    """There is a line within the epochs, between the lines of two epochs."""
    lines: list[dict[str, Any]] = []
    for epoch, loss in enumerate(losses, 1):
        lines.append({"epoch": epoch - 1, "step": epoch, "loss": 1e6})
        validation = {"loss": loss, "recon": loss - kl, "kl": kl, "penalty": 0.0}
        lines.append({"epoch": epoch, "step": epoch, "validation": validation})
    return lines


def test_a_curve_is_the_validation_loss_after_each_epoch() -> None:
    assert points(metrics(5.0, 4.0, kl=1.0), "loss") == ([1, 2], [5.0, 4.0])
    assert points(metrics(5.0, 4.0, kl=1.0), "recon") == ([1, 2], [4.0, 3.0])
    assert points(metrics(float("inf"), 4.0), "loss") == ([2], [4.0])
    assert points([], "loss") == ([], [])


def test_each_run_has_a_colour_and_a_name_and_another_mark_than_its_neighbours() -> None:
    lines = [Line(f"run {i}", metrics(5.0, 4.0)) for i in range(MOST + 3)]
    drawn = overlay(lines, "loss", "nats")["data"]
    assert [trace["name"] for trace in drawn] == [f"run {i}" for i in range(MOST)]
    looks = {(t["marker"]["symbol"], t["line"]["dash"]) for t in drawn}
    assert len({trace["line"]["color"] for trace in drawn}) == len(looks) == MOST


def test_the_axis_holds_all_curves_but_for_their_beginnings() -> None:
    long = [1000.0, *([10.0] * 9), 8.0]
    assert together([long, [30.0, 20.0]]) == pytest.approx([6.68, 31.32])
    gentle = [18.0, *([10.0] * 9), 8.0]  # all of it: 10 high, and later 2
    assert together([gentle, [3.0, 2.0]]) == pytest.approx([1.04, 18.96])
    assert together([gentle]) == pytest.approx([7.88, 10.12])
    assert together([[], [3.0], [2.0, 1.0]]) == pytest.approx([0.88, 3.12])
    assert together([[], [3.0]]) is None


def test_a_run_without_a_measured_epoch_is_an_empty_line() -> None:
    figure = overlay([Line("new", [])], "loss", "nats")
    assert figure["data"][0]["x"] == []
    assert "range" not in figure["layout"]["yaxis"]  # Plotly cannot update a null


def test_a_long_run_is_thinned_and_keeps_its_ends() -> None:
    x, y = thinned(list(range(1, 10_001)), [float(n) for n in range(1, 10_001)])
    assert len(x) == POINTS
    assert (x[0], x[-1], y[0], y[-1]) == (1, 10_000, 1.0, 10_000.0)
    assert thinned([1, 2], [3.0, 4.0]) == ([1, 2], [3.0, 4.0])


def test_only_terms_that_a_run_has_are_offered() -> None:
    plain, vae = Line("a", metrics(5.0)), Line("b", metrics(5.0, kl=2.0))
    assert terms([plain]) == ["loss"]
    assert terms([plain, vae]) == ["loss", "recon", "kl"]
    assert terms([]) == []


def test_the_mse_comes_first_where_each_run_has_it() -> None:
    """In one unit whatever the losses are."""
    old, new = Line("old", metrics(5.0)), Line("new", metrics(5.0, kl=2.0))
    for row in new.metrics:
        row.get("validation", {})["mse"] = 0.01
    assert terms([new]) == ["mse", "loss", "recon", "kl"]
    assert terms([new, Line("just begun", [])])[0] == "mse"
    assert terms([new, old])[0] == "loss"
