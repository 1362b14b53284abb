"""The reparameterisation trick in the Lab: the tasks end to end, and the verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from aeviz import datasets
from aeviz.datasets.binarised import binarised
from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.reparameterise import EXPERIMENT
from aeviz.experiments.reparameterise.arms import start, steps
from aeviz.experiments.reparameterise.parameters import ARMS, WITH, WITHOUT, Parameters
from aeviz.experiments.reparameterise.verdict import noise_ratio

TINY = {"dataset": "digits", "steps": 40, "seeds": 2, "size": 4, "noise_samples": "1,4"}


@pytest.fixture(scope="module")
def result() -> Result:
    found = EXPERIMENT.build(TINY)
    plain = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("reparameterise", plain, EXPERIMENT.tasks(found))}
    return run.assemble("reparameterise", found, done)


def test_every_arm_has_a_curve_and_a_noise(result: Result) -> None:
    assert result.complete
    for arm in ARMS.values():
        assert len(result.of("loss", arm=arm)) == 2 * 8
        assert len(result.of("validation", arm=arm)) == 2
    for arm in WITHOUT:
        assert all(ratio > 1 for ratio in [noise_ratio(result, arm).mean])
    assert {chart.y for chart in EXPERIMENT.charts} <= {key for row in result.rows for key in row}
    places = EXPERIMENT.prediction.at(result.parameters)
    assert places == sorted(set(result.values("step", arm=WITH)))
    assert EXPERIMENT.judge(result).sentence
    assert {picture.caption for picture in result.pictures.values()} == {
        "originals",
        *ARMS.values(),
    }


def test_the_arms_of_a_seed_start_from_the_same_weights(result: Result) -> None:
    for seed in (0, 1):
        starts = {result.of("loss", arm=arm, step=0, seed=seed)[0] for arm in ARMS.values()}
        assert len(starts) == 1
    assert len(set(result.of("loss", step=0))) == 2


def test_training_lowers_the_loss_and_the_trick_lowers_it_most(result: Result) -> None:
    def last(arm: str) -> list[float]:
        return result.of("loss", arm=arm, step=40)

    assert max(last(WITH)) < min(result.of("loss", step=0)) - 1
    assert sum(last(WITH)) <= sum(last(ARMS["cut"]))


def test_four_samples_have_half_the_noise(result: Result) -> None:
    for arm in (WITH, ARMS["score"]):
        one, four = (sum(result.of("noise", arm=arm, samples=k)) for k in (1, 4))
        assert one / four == pytest.approx(2, rel=0.4)


def test_without_a_gradient_the_code_stays_unused() -> None:
    found = EXPERIMENT.build(TINY | {"steps": 200})
    dataset = binarised(datasets.load("digits"), "threshold")
    spreads = {}
    kinds: tuple[Any, ...] = ("pathwise", "cut")
    for kind in kinds:
        model = start(found, dataset, 0)
        for _ in steps(model, dataset, kind, 1, 0.004, 0, 200):
            pass
        x = dataset.test.images / 255.0
        spreads[kind] = model.encode(x).var(0).max().item()
    assert spreads["cut"] < 0.02 < 0.2 < spreads["pathwise"]


def made(losses: dict[str, list[float]], ratio: float = 9.0) -> Result:
    """Without any gradient the loss is 200."""
    rows: list[Row] = []
    if losses:
        losses = losses | {ARMS["cut"]: [200.0, 200.1, 199.9]}
    for arm, values in losses.items():
        for seed, value in enumerate(values):
            rows.append({"arm": arm, "seed": seed, "step": 300, "loss": value, "validation": value})
            noise = 1.0 if arm == WITH else ratio + 0.01 * seed
            rows.append({"arm": arm, "seed": seed, "samples": 1, "noise": noise})
    return Result(Parameters(), rows)


TRICK = [100.0, 101.0, 102.0]
PLAIN, BASE = WITHOUT


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (made({WITH: TRICK, PLAIN: [150.0, 151, 153], BASE: [120.0, 121, 123]}), "holds"),
        (made({WITH: TRICK, PLAIN: [150.0, 151, 153], BASE: [104.5, 105.4, 106.5]}), "fails"),
        (made({WITH: TRICK, BASE: [90.0, 91, 93]}), "fails"),
        (made({WITH: TRICK, BASE: [98.0, 101, 122]}), "open"),
        (made({WITH: TRICK, BASE: [120.0, 121, 123]}, ratio=0.5), "fails"),
        (made({WITH: TRICK, BASE: [120.0, 121, 123]}, ratio=1.1), "fails"),  # not far noisier
        (made({WITH: [205.0, 206.0, 207.0], BASE: [206.0, 207, 208]}), "open"),  # nothing gained
        (made({WITH: [100.0], BASE: [120.0]}), "open"),
        (made({WITH: TRICK}), "open"),
        (made({}), "open"),
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    verdict = EXPERIMENT.judge(found)
    assert verdict.outcome == outcome, verdict.sentence


def test_the_best_arm_without_the_trick_is_compared() -> None:
    losses = {WITH: TRICK, PLAIN: [150.0, 151, 153], BASE: [120.0, 121, 123]}
    sentence = EXPERIMENT.judge(made(losses)).sentence
    assert BASE in sentence
    assert "9.01" in sentence
    assert "a difference of 20.3" in sentence


@pytest.mark.parametrize("data", [{"size": 0}, {"samples": 100}, {"dataset": "none"}])
def test_questions_without_an_answer_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        EXPERIMENT.build(data)


def test_the_numeric_question_has_the_ratio_of_the_chart(result: Result) -> None:
    answer = EXPERIMENT.questions[2].answer(result)  # type: ignore[union-attr]
    one, trick = (result.of("noise", arm=arm, samples=1) for arm in (PLAIN, WITH))
    assert answer == pytest.approx(sum(a / b for a, b in zip(one, trick, strict=True)) / 2)


def test_its_text_keeps_the_rules() -> None:
    assert len(EXPERIMENT.why.split()) <= 60
    assert len(EXPERIMENT.questions) == 3
    EXPERIMENT.build(EXPERIMENT.break_it.changes)
