"""Denoising as projection: the tasks end to end, shares by hand, and the verdicts."""

from __future__ import annotations

import pytest
import torch

from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.denoise_manifold import (
    DRAWN,
    EXPERIMENT,
    LINEAR,
    MEAN,
    NETWORK,
    Parameters,
    way,
)
from aeviz.experiments.toy_manifold import LinearMap, nearest_place
from aeviz.figures import lab_arrows


def test_the_tasks_end_to_end() -> None:
    found = EXPERIMENT.build({"shape": "circle", "noise": "0.1,0.2", "steps": 60, "seeds": 2})
    data = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("denoise-manifold", data, EXPERIMENT.tasks(found))}
    result = run.assemble("denoise-manifold", found, done)
    for noise in (0.1, 0.2):
        for arm in (NETWORK, MEAN, LINEAR):
            assert len(result.of("way", arm=arm, noise=noise)) == 2
        best = result.of("error", arm=MEAN, noise=noise)
        others = (result.of("error", arm=arm, noise=noise) for arm in (NETWORK, LINEAR))
        assert all(max(best) < min(errors) for errors in others)
        assert result.of("from_mean", arm=MEAN, noise=noise) == [0, 0]
    figure = lab_arrows.arrows(result)
    assert figure is not None
    curve, *moved = figure["data"]
    assert (curve["x"][0], curve["y"][0]) == (1, 0)
    assert [trace["visible"] for trace in moved] == [False, False, True, True]
    assert [len(cloud["x"]) for cloud in moved[::2]] == [DRAWN, DRAWN]
    arrows = moved[3]
    assert arrows["x"][:3] == [*(point[0] for point in _first(result)), None]
    assert arrows["y"][:3] == [*(point[1] for point in _first(result)), None]
    assert len(arrows["x"]) == len(arrows["marker"]["size"]) == 3 * lab_arrows.ARROWS
    steps = figure["layout"]["sliders"][0]["steps"]
    assert [step["label"] for step in steps] == ["0.1", "0.2"]
    assert steps[0]["args"] == [{"visible": [True, True, False, False]}, [1, 2, 3, 4]]
    assert lab_arrows.arrows(Result(Parameters(), [])) is None


def test_the_blob_has_an_exact_factor_and_no_curve() -> None:
    found = EXPERIMENT.build({"shape": "blob", "noise": "0.2,0.6", "steps": 300, "seeds": 2})
    data = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("denoise-manifold", data, EXPERIMENT.tasks(found))}
    result = run.assemble("denoise-manifold", found, done)
    for noise, exact in ((0.2, 0.9), (0.6, 0.5)):
        assert result.of("factor", arm=MEAN, noise=noise) == pytest.approx([exact, exact])
        assert result.of("way", arm=MEAN, noise=noise) == pytest.approx([1 - exact, 1 - exact])
        for arm in (NETWORK, LINEAR):
            assert result.of("factor", arm=arm, noise=noise) == pytest.approx([exact] * 2, abs=0.05)
    assert not result.of("left")
    verdict = EXPERIMENT.judge(result)
    assert verdict.outcome == "open"
    assert "With noise of 0.6 that is 0.500; the denoiser's factor is 0.4" in verdict.sentence
    figure = lab_arrows.arrows(result)
    assert figure is not None
    assert len(figure["data"]) == 4, "clouds and arrows only"
    assert figure["layout"]["sliders"][0]["steps"][0]["args"][1] == [0, 1, 2, 3]
    assert EXPERIMENT.judge(Result(found, [])).outcome == "open"


def _first(result: Result) -> list[list[float]]:
    """A noisy point and its output, with the most noise."""
    return [result.arrays[f"noise-1-0/{name}"][0] for name in ("noisy", "output")]


def test_shares_of_the_way_by_hand() -> None:
    noisy = torch.tensor([[2.0, 0.0], [0.0, 0.5]])
    nearest = nearest_place("circle", noisy)
    assert torch.allclose(nearest, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), atol=3e-3)
    assert way(noisy, nearest, nearest) == 1
    assert way(noisy, noisy, nearest) == 0
    assert way(noisy, (noisy + nearest) / 2, nearest) == pytest.approx(0.5)
    assert way(noisy, 2 * noisy - nearest, nearest) == pytest.approx(-1)


def test_the_linear_map_finds_a_linear_truth() -> None:
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    y = x @ torch.tensor([[0.5, 1.0], [0.0, 2.0]]) + 3
    assert torch.allclose(LinearMap(x, y)(x), y, atol=1e-4)


def rows(own: list[float], linear: float) -> Result:
    made: list[Row] = []
    for seed, share in enumerate(own):
        for arm, value in ((NETWORK, share), (MEAN, 0.9), (LINEAR, linear)):
            made.append({"arm": arm, "noise": 0.1, "seed": seed, "way": value})
    return Result(Parameters(), made)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (rows([0.8, 0.81, 0.79], 0.1), "holds"),
        (rows([0.3, 0.31, 0.29], 0.1), "fails"),
        (rows([0.8, 0.81, 0.79], 0.95), "fails"),  # the linear map goes farther
        (rows([0.4, 0.6, 0.5], 0.1), "open"),
        (rows([0.8], 0.1), "open"),
        (rows([], 0.1), "open"),
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    assert EXPERIMENT.judge(found).outcome == outcome


@pytest.mark.parametrize("data", [{"shape": "square"}, {"noise": "0"}, {"noise": "5"}])
def test_bad_parameters_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(UserError):
        EXPERIMENT.build(data)
