"""Regularity: end to end on small digits; the verdict on rows made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.regularity import EXPERIMENT
from aeviz.experiments.regularity.arms import config
from aeviz.experiments.regularity.experiment import _answer
from aeviz.experiments.regularity.parameters import MODELS, SAMPLERS, Parameters
from aeviz.experiments.regularity.verdict import judge

TINY = {"dataset": "digits", "size": 2, "steps": 60, "seeds": 2}


def answered(data: dict[str, Any]) -> Result:
    found = EXPERIMENT.build(data)
    done = {
        done.key: done
        for done in run.in_turn("regularity", parameters.plain(found), EXPERIMENT.tasks(found))
    }
    return run.assemble("regularity", found, done)


def test_it_runs_to_the_end() -> None:
    result = answered(TINY)
    assert result.complete
    assert len(result.rows) == 1 + 2 * (5 + 3)
    (classifier,) = result.of("classifier")
    assert classifier > 0.9
    (real,) = result.of("coverage", arm="unseen images")
    for arm in (*SAMPLERS.values(), "VAE", "beta-VAE"):
        assert len(result.of("coverage", arm=arm)) == 2
        assert max(result.of("coverage", arm=arm)) < real
        assert all(0 <= share <= 1 for share in result.of("gaps", arm=arm))
    assert all(0 <= value < 1 for value in result.of("smoothness"))
    assert len(result.of("stretch")) == 6
    groups = [picture.group for picture in result.pictures.values()]
    assert groups.count("Samples") == 6
    assert groups.count("Stretching over the plane of the codes") == 3
    assert judge(result).sentence


def test_the_three_models_differ_in_noise_and_beta_only() -> None:
    found = Parameters(dataset="digits")
    ae, vae, beta = (config(found, kind) for kind in MODELS)
    assert (ae.network, ae.training) == (vae.network, vae.training)
    assert (ae.bottleneck.kind, vae.bottleneck.kind) == ("deterministic", "gaussian")
    assert (vae.loss.beta, beta.loss.beta) == (1, 4)


GOOD, BAD = [0.9, 0.91, 0.92], [0.5, 0.51, 0.52]
EVEN, ROUGH = [0.01, 0.011, 0.012], [0.05, 0.051, 0.052]


def rows(
    vae: tuple[list[float], list[float]],
    ae: tuple[list[float], list[float]],
    mixture: list[float] = GOOD,
    sampler: str = "prior",
) -> Result:
    """(share that counts as sure and as coverage, smoothness) of both."""
    found: list[Row] = []
    for arm, shares in (("VAE", vae[0]), ("AE + N(0, I)", ae[0]), ("AE + mixture", mixture)):
        found += [{"arm": arm, "seed": i, "sure": s, "coverage": s} for i, s in enumerate(shares)]
    for arm, steps in (("VAE", vae[1]), ("AE", ae[1])):
        found += [{"arm": arm, "seed": i, "smoothness": s} for i, s in enumerate(steps)]
    return Result(Parameters(sampler=sampler), found)


@pytest.mark.parametrize(
    ("vae", "ae", "outcome", "words"),
    [
        ((GOOD, EVEN), (BAD, ROUGH), "holds", "holds in 3 of 3 parts"),
        ((GOOD, ROUGH), (BAD, EVEN), "fails", ": the autoencoder is ahead"),
        ((BAD, EVEN), (GOOD, ROUGH), "fails", "holds in 1 of 3 parts"),
        ((GOOD, EVEN), (BAD, EVEN), "open", "holds in 2 of 3 parts"),
        ((GOOD, EVEN), ([0.5], ROUGH), "open", "Two seeds"),
    ],
)
def test_the_verdict_follows_the_rows(
    vae: tuple[list[float], list[float]],
    ae: tuple[list[float], list[float]],
    outcome: str,
    words: str,
) -> None:
    verdict = judge(rows(vae, ae))
    assert verdict.outcome == outcome
    assert words in verdict.sentence


def test_the_mixture_is_named_and_may_be_what_counts() -> None:
    verdict = judge(rows((GOOD, EVEN), (BAD, ROUGH)))
    assert "mixture that is fitted to them, the autoencoder has 91 %" in verdict.sentence
    assert (
        "autoencoder 51 %, a difference of 40.0 (40.0 to 40.0) points: the VAE" in verdict.sentence
    )
    broken = judge(rows((BAD, EVEN), (BAD, ROUGH), GOOD, "mixture"))
    assert broken.outcome == "fails"
    assert broken.sentence.count("mixture") == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"sampler": "luck"}, "prior, gaussian, mixture"),
        ({"size": 1}, "between 2"),
        ({"beta": -1}, "between 0"),
    ],
)
def test_bad_input_is_one_sentence(data: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        EXPERIMENT.build(data)


def test_it_asks_for_labels() -> None:
    assert "labels" in EXPERIMENT.needs


def test_the_numeric_answer_is_in_percentage_points() -> None:
    assert _answer(rows((GOOD, EVEN), (BAD, ROUGH))) == pytest.approx(40)
    assert _answer(Result(Parameters(), [])) is None


def test_why_is_short() -> None:
    assert len(EXPERIMENT.why.split()) <= 60
