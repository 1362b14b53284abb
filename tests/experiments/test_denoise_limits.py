"""When a denoiser fails: the tasks end to end, and the verdicts."""

from __future__ import annotations

import pytest

from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.denoise_limits import EXPERIMENT
from aeviz.experiments.denoise_limits.parameters import (
    AVERAGE,
    DENOISER,
    FILTER,
    NOISY,
    PCA,
    PLAIN,
    Parameters,
)
from aeviz.experiments.denoise_limits.verdict import best_rival, falls_below

TINY = {"dataset": "digits", "amounts": "0,0.5", "steps": 30, "seeds": 2}


@pytest.fixture(scope="module")
def result() -> Result:
    found = EXPERIMENT.build(TINY)
    data = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("denoise-limits", data, EXPERIMENT.tasks(found))}
    return run.assemble("denoise-limits", found, done)


def test_every_arm_and_amount_is_a_row(result: Result) -> None:
    assert result.complete
    for arm, count in ((DENOISER, 2), (PLAIN, 2), (NOISY, 1), (AVERAGE, 1), (FILTER, 1), (PCA, 1)):
        for amount in (0, 0.5):
            assert len(result.of("mse", arm=arm, amount=amount)) == count
    assert result.of("mse", arm=NOISY, amount=0) == [0]
    assert result.of("read", arm=NOISY, amount=0)[0] > result.of("read", arm=NOISY, amount=0.5)[0]
    same = result.of("mse", arm=AVERAGE)
    assert same[0] == same[1]
    assert best_rival(result, 0) == (NOISY, 0)
    for arm in (DENOISER, PLAIN):
        for images in ("test images", "black and white swapped", "photographs"):
            assert len(result.of("gain", arm=arm, images=images)) == 2
    # without noise nothing beats the input, but the claim is not about that
    verdict = EXPERIMENT.judge(result)
    assert "Outside the claim, a rival is ahead at 0 %: noisy image" in verdict.sentence
    assert verdict.outcome == EXPERIMENT.judge(without(result, 0)).outcome


def test_pca_with_its_best_size_is_no_worse_than_the_noisy_image(result: Result) -> None:
    noisy, restored = (result.of("mse", arm=arm, amount=0.5)[0] for arm in (NOISY, PCA))
    assert restored < noisy


def without(result: Result, amount: float) -> Result:
    return Result(result.parameters, [row for row in result.rows if row.get("amount") != amount])


def rows(own: list[float], rival: float, amount: float = 0.5) -> Result:
    made: list[Row] = [{"arm": NOISY, "amount": amount, "seed": 0, "mse": rival}]
    made += [
        {"arm": DENOISER, "amount": amount, "seed": i, "mse": mse} for i, mse in enumerate(own)
    ]
    return Result(Parameters(), made)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (rows([0.01, 0.0101, 0.0099], 0.02), "holds"),
        (rows([0.03, 0.0301, 0.0299], 0.02), "fails"),
        (rows([0.01, 0.03, 0.02], 0.02), "open"),
        (rows([0.01], 0.02), "open"),
        (rows([], 0.02), "open"),
        (rows([0.01, 0.0101, 0.0099], 0.02, amount=1.0), "open"),  # the claim ends at 90 %
        (rows([0.03, 0.0301, 0.0299], 0.02, amount=0.1), "open"),
        (rows([0.03, 0.0301, 0.0299], 0.0, amount=0.0), "open"),
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    assert EXPERIMENT.judge(found).outcome == outcome


def test_an_open_verdict_names_the_best_rivals() -> None:
    assert "One seed is not enough for a verdict. The best rivals: 50 %: noisy image." in (
        EXPERIMENT.judge(rows([0.01], 0.02)).sentence
    )


def test_the_first_fall_below_the_line_is_read_between_the_points() -> None:
    made: list[Row] = [
        {"arm": "a", "amount": amount, "seed": 0, "read": read}
        for amount, read in ((0.0, 0.9), (0.5, 0.7), (1.0, 0.3))
    ]
    found = Result(Parameters(), made)
    assert falls_below(found, "a", 0.5) == pytest.approx(0.75)
    assert falls_below(found, "a", 0.95) == 0
    assert falls_below(found, "a", 0.1) is None


@pytest.mark.parametrize("data", [{"kind": "rain"}, {"amounts": "2"}, {"trained": 0}])
def test_bad_parameters_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(UserError):
        EXPERIMENT.build(data)
