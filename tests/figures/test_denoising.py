"""The figures of the small denoisers' page."""

from __future__ import annotations

import math

import pytest
import torch

from aeviz.experiments.noise_sweep import AMOUNTS, NOISY, Curve, Sweep
from aeviz.experiments.toy_manifold import Way
from aeviz.figures.denoising import line_style, plane, psnr_chart, read_chart

NAMES = ["ours", "theirs"]


def sweep() -> Sweep:
    """PSNR 20 dB to 10 and 10 to 0, reading from all right to none and from all to all."""
    ours = Curve(tuple(20 - 10 * a for a in AMOUNTS), tuple(1 - a for a in AMOUNTS))
    theirs = Curve(tuple(10 - 10 * a for a in AMOUNTS), (1.0,) * len(AMOUNTS))
    return Sweep({NOISY: theirs, "ours": ours, "theirs": theirs}, 12, 200, 3000)


def test_a_cross_marks_where_each_line_falls_below_the_bound() -> None:
    crosses = {
        trace["name"]: (trace["x"], trace["y"])
        for trace in psnr_chart(sweep(), NAMES, 0.3)["data"]
        if trace["mode"] == "markers"
    }
    assert crosses["ours fails"] == ([pytest.approx(0.8)], [12])
    assert crosses["theirs fails"] == ([0], [12])
    read = [trace["name"] for trace in read_chart(sweep(), NAMES, 0.3)["data"]]
    assert "ours fails" in read
    assert "theirs fails" not in read


def test_the_chosen_model_is_drawn_over_the_others_and_the_slider_is_a_line() -> None:
    figure = read_chart(sweep(), NAMES, 0.35)
    lines = [trace for trace in figure["data"] if trace["mode"] == "lines"]
    assert lines[-1]["name"] == "ours"
    assert lines[-1]["line"]["width"] == max(line["line"]["width"] for line in lines)
    assert figure["layout"]["shapes"][1]["x0"] == figure["layout"]["shapes"][1]["x1"] == 0.35


def test_every_line_has_a_look_of_its_own() -> None:
    names = [f"model {i}" for i in range(6)]
    styles = {line_style(name, names)[:2] for name in (*names, NOISY, "a filter")}
    assert len(styles) == 8


def test_arrows_over_the_plane_point_the_right_way_and_do_not_reach_the_next() -> None:
    grid = torch.cartesian_prod(torch.tensor([0.0, 0.5]), torch.tensor([0.0, 0.5]))
    answers = grid + torch.tensor([3.0, 0.0])
    few = torch.zeros(2, 2)
    way = Way(few, few, few, grid, answers, 0.1, 0.1, 0.0, 1.0)
    field = plane("circle", way)["data"][0]
    assert field["x"][2] is None
    for i in range(len(grid)):
        (x0, x1), (y0, y1) = (field[side][3 * i : 3 * i + 2] for side in ("x", "y"))
        assert y0 == y1
        assert 0 < x1 - x0 < 0.5
    assert not any(isinstance(v, float) and math.isnan(v) for v in field["x"])
