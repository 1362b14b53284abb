"""The linear autoencoder beside PCA: end to end on small digits, and its parts by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from small_models import digits

from aeviz.errors import UserError
from aeviz.evaluation.metrics import pca_subspace, principal_angles
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.linear_is_pca import EXPERIMENT
from aeviz.experiments.linear_is_pca.arms import best_match, in_order, rotated
from aeviz.experiments.linear_is_pca.experiment import _answer
from aeviz.experiments.linear_is_pca.parameters import Parameters, measured_at
from aeviz.experiments.linear_is_pca.tasks import GROUP
from aeviz.experiments.linear_is_pca.verdict import judge

TINY = {"dataset": "digits", "size": 3, "steps": 1500, "seeds": 2}


def answered(data: dict[str, Any]) -> Result:
    found = EXPERIMENT.build(data)
    plain = parameters.plain(found)
    done = {done.key: done for done in run.in_turn("linear-is-pca", plain, EXPERIMENT.tasks(found))}
    return run.assemble("linear-is-pca", found, done)


def test_a_linear_network_reaches_pca_and_not_less() -> None:
    result = answered(TINY)
    assert result.complete
    (pca, _) = result.of("mse", arm="PCA")
    last = result.of("mse", arm="linear", step=1500)
    assert len(last) == 2
    assert all(pca * (1 - 1e-6) <= error < 1.02 * pca for error in last)
    first = result.of("angle", arm="linear", step=1)
    assert max(result.of("angle", arm="linear", step=1500)) < 10 < min(first)
    assert result.of("match", axes="largest variance")[0] > result.of("match", axes="as learned")[0]
    assert {picture.group for picture in result.pictures.values()} == {GROUP}
    assert len(result.pictures) == 3
    assert judge(result).outcome in ("holds", "open")
    assert judge(result).outcome == "holds" or "train longer" in judge(result).sentence


def test_a_relu_is_not_pca() -> None:
    result = answered(TINY | {"relu": "hidden", "size": 8, "steps": 400})
    assert judge(result).outcome == "fails"


def test_rotation_finds_the_components_of_a_mixed_basis() -> None:
    x = digits()[0].flatten(1)
    components = pca_subspace(x, 5)
    mixing = torch.randn(5, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    mixed = components @ mixing
    turned = rotated(mixed, x)
    assert best_match(mixed, components) < 0.95
    assert in_order(turned, components) == pytest.approx(1, abs=1e-6)
    assert principal_angles(turned, components).max() < 1e-4
    assert torch.allclose(turned.T @ turned, torch.eye(5, dtype=torch.float64), atol=1e-9)


def test_agreement_by_hand() -> None:
    axes = torch.eye(4, dtype=torch.float64)[:, :2]
    assert best_match(axes.flip(1) * -3, axes) == pytest.approx(1)  # any order, sign and length
    assert in_order(axes.flip(1), axes) == pytest.approx(0)
    half = torch.tensor([[1.0, 1.0], [1.0, -1.0], [0, 0], [0, 0]])
    assert best_match(half, axes) == pytest.approx(0.5**0.5)


def test_measured_steps_rise_to_the_last() -> None:
    at = measured_at(Parameters(steps=1000))
    assert at[0] == 1
    assert at[-1] == 1000
    assert at == sorted(set(at))
    assert len(at) == 13


def rows(errors: list[float], angles: list[float], pca: float = 0.02) -> Result:
    found: list[Row] = [{"arm": "PCA", "seed": 0, "mse": pca, "step": 1}]
    found += [
        {"arm": "linear", "seed": seed, "step": 1500, "mse": error, "angle": angle}
        for seed, (error, angle) in enumerate(zip(errors, angles, strict=True))
    ]
    return Result(Parameters(), found)


@pytest.mark.parametrize(
    ("errors", "angles", "outcome", "words"),
    [
        ([0.02, 0.02001, 0.02002], [0.1, 0.2, 0.15], "holds", "0.05 % above"),
        ([0.03, 0.031, 0.032], [40, 50, 45], "open", "not PCA's error yet: train longer"),
        ([0.01, 0.011, 0.012], [70, 75, 80], "fails", "lower error is that of the network"),
        ([0.02, 0.02001, 0.02002], [30, 31, 32], "open", "the plane is not yet"),
        ([0.02, 0.021, 0.025], [0.1, 0.2, 0.1], "open", "too close to call"),
        ([0.02], [0.1], "open", "One seed"),
        ([], [], "open", "No network"),
    ],
)
def test_the_verdict_follows_the_rows(
    errors: list[float], angles: list[float], outcome: str, words: str
) -> None:
    verdict = judge(rows(errors, angles))
    assert verdict.outcome == outcome
    assert words in verdict.sentence


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"dataset": "digits", "size": 64}, "at most 63"),
        ({"dataset": "digits", "size": 40, "images": 30}, "at most 29"),
        ({"relu": "everywhere"}, "none, code, hidden"),
        ({"steps": 1}, "between 50"),
    ],
)
def test_bad_input_is_one_sentence(data: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        EXPERIMENT.build(data)


def test_the_numeric_answer_is_the_mean_of_the_seeds() -> None:
    assert _answer(rows([0.02, 0.02], [0.1, 0.3])) == pytest.approx(0.2)
    assert _answer(rows([], [])) is None


def test_why_is_short() -> None:
    assert len(EXPERIMENT.why.split()) <= 60
