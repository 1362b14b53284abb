"""Reconstruction against KL in the Lab: the tasks end to end, and the verdicts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.balance import EXPERIMENT
from aeviz.experiments.balance.arms import config
from aeviz.experiments.balance.parameters import Parameters, together
from aeviz.experiments.balance.tasks import commonest
from aeviz.experiments.balance.verdict import kept
from aeviz.experiments.base import Result, Row

TINY = {"dataset": "digits", "betas": "0,1,1000", "steps": 200, "seeds": 2}
LOW, MIDDLE, HIGH = "beta 0", "beta 1", "beta 1000"


@pytest.fixture(scope="module")
def result() -> Result:
    found = EXPERIMENT.build(TINY)
    plain = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("balance", plain, EXPERIMENT.tasks(found))}
    return run.assemble("balance", found, done)


def test_the_two_ends_are_as_they_must_be(result: Result) -> None:
    assert result.complete
    assert max(result.of("kl", arm=HIGH)) < 0.1
    assert max(result.of("knn", arm=HIGH)) < 0.25  # ten classes
    assert min(result.of("aggregated", arm=LOW)) > max(result.of("aggregated", arm=MIDDLE))
    assert min(result.of("knn", arm=LOW)) > 0.5
    assert max(result.of("recon", arm=LOW)) < min(result.of("recon", arm=HIGH))


def test_the_curve_has_the_same_numbers_as_the_bars(result: Result) -> None:
    for seed in (0, 1):
        assert result.of("rate", arm=f"seed {seed}") == result.of("kl", seed=seed)
        assert result.of("distortion", arm=f"seed {seed}") == result.of("recon", seed=seed)
    keys = {key for row in result.rows for key in row}
    assert {chart.y for chart in EXPERIMENT.charts} <= keys
    assert set(EXPERIMENT.table) <= keys
    assert EXPERIMENT.prediction.at(result.parameters) == [LOW, MIDDLE, HIGH]
    kl = result.of("kl", arm=MIDDLE)
    assert EXPERIMENT.questions[2].answer(result) == pytest.approx(sum(kl) / 2)  # type: ignore[union-attr]


def test_each_weight_has_a_map_and_decoded_codes(result: Result) -> None:
    assert len(result.pictures) == 6
    assert len({picture.group for picture in result.pictures.values()}) == 2
    assert EXPERIMENT.judge(result).sentence


def test_the_middle_is_the_weight_nearest_to_one() -> None:
    def middle(betas: tuple[float, ...]) -> float:
        return together(Parameters(betas=betas))

    assert middle((0.0, 0.1, 0.7, 5.0, 1000.0)) == 0.7
    assert middle((0.0, 20.0, 1000.0)) == 20
    assert middle((1.0, 20.0, 50.0, 1000.0)) == 20  # never an end


def test_a_guess_is_the_commonest_class() -> None:
    dataset = datasets.load("digits")
    labels = torch.bincount(dataset.train.labels)
    share = (dataset.test.labels == labels.argmax()).double().mean().item()
    assert commonest(dataset) == share
    assert 0.05 < share < 0.2


def test_no_batch_is_a_single_image(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Parameters(dataset="digits")
    batch = config(found, 1.0).training.batch_size
    source = dataclasses.replace(datasets.find("digits"), counts=(2 * batch + 1, 20, 20))
    monkeypatch.setattr(datasets, "find", lambda name: source)
    assert config(found, 1.0).training.batch_size == batch - 1


def test_kept_is_a_share_of_the_way() -> None:
    found = kept([0.9, 0.9], [0.5, 0.7], [0.1, 0.1])
    assert found is not None
    assert found.mean == pytest.approx(0.625)
    assert kept([0.12], [0.5], [0.1]) is None


def made(
    knn: tuple[list[float], list[float], list[float]],
    gap: tuple[float, float] = (9.0, 0.5),
    rate: float = 0.0,
) -> Result:
    rows: list[Row] = []
    for arm, values in zip((LOW, MIDDLE, HIGH), knn, strict=True):
        distance = {LOW: gap[0], MIDDLE: gap[1], HIGH: 0.0}[arm]
        for seed, value in enumerate(values):
            rows.append(
                {
                    "arm": arm,
                    "seed": seed,
                    "knn": value,
                    "kl": rate if arm == HIGH else 5.0,
                    "aggregated": distance + 0.01 * seed,
                }
            )
    return Result(Parameters(), rows)


CLEAR, GUESS = [0.8, 0.81, 0.79], [0.1, 0.11, 0.1]


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (made((CLEAR, [0.7, 0.71, 0.72], GUESS)), "holds"),
        (made((CLEAR, GUESS, GUESS)), "fails"),  # the middle collapses
        (made((CLEAR, CLEAR, GUESS), gap=(0.5, 9.0)), "fails"),  # and is farther from the prior
        (made((CLEAR, CLEAR, GUESS), rate=2.0), "fails"),  # the largest does not collapse
        (made((CLEAR, [0.2, 0.8, 0.5], GUESS)), "open"),
        (made((CLEAR, CLEAR, GUESS), gap=(0.5, 0.5)), "open"),
        (made((GUESS, GUESS, GUESS)), "open"),
        (made(([0.8], [0.7], [0.1])), "open"),
        (made((CLEAR, [], GUESS)), "open"),
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    verdict = EXPERIMENT.judge(found)
    assert verdict.outcome == outcome, verdict.sentence


def test_a_large_weight_is_not_yet_the_kl_alone() -> None:
    found = made((CLEAR, CLEAR, GUESS), rate=2.0)
    for row in found.rows:
        row["arm"] = "beta 20" if row["arm"] == HIGH else row["arm"]
    verdict = EXPERIMENT.judge(Result(Parameters(betas=(0.0, 1.0, 20.0)), found.rows))
    assert verdict.outcome == "open"
    assert "beta 20 is not the KL alone yet" in verdict.sentence


@pytest.mark.parametrize(
    "data",
    [
        {"betas": "1,2,1000"},
        {"betas": "0,1"},
        {"betas": "0,1,-1"},
        {"betas": "0,1,1"},
        {"seeds": 0},
    ],
)
def test_questions_without_an_answer_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        EXPERIMENT.build(data)


def test_its_text_keeps_the_rules() -> None:
    assert len(EXPERIMENT.why.split()) <= 60
    assert len(EXPERIMENT.questions) == 3
    EXPERIMENT.build(EXPERIMENT.break_it.changes)
