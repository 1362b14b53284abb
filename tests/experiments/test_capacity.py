"""Capacity: end to end on small digits; the verdict on rows made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.capacity import EXPERIMENT
from aeviz.experiments.capacity.arms import drawn, settings_of
from aeviz.experiments.capacity.experiment import _answer
from aeviz.experiments.capacity.parameters import GUARDS, PLAIN, Parameters, counts
from aeviz.experiments.capacity.verdict import judge

TINY = {
    "dataset": "digits",
    "depths": [1, 2],
    "images": [20, 200],
    "width": 24,
    "guard_images": 40,
    "guard_depth": 1,
    "steps": 40,
    "seeds": 2,
}


def answered(data: dict[str, Any]) -> Result:
    found = EXPERIMENT.build(data)
    done = {
        done.key: done
        for done in run.in_turn("capacity", parameters.plain(found), EXPERIMENT.tasks(found))
    }
    return run.assemble("capacity", found, done)


def test_it_runs_to_the_end() -> None:
    result = answered(TINY)
    assert result.complete
    assert len(result.rows) == 2 * (4 + 4)
    few = result.of("gap", part="layers", images=20)
    many = result.of("gap", part="layers", images=200)
    assert min(few) > max(many)
    assert all(0 <= share <= 1 for share in result.of("memorised"))
    assert set(result.of("strength", arm="narrow code")) <= {2.0, 4.0}
    captions = [picture.caption for picture in result.pictures.values()]
    for depth in ("1 layer", "2 layers"):
        for n in (20, 200):
            assert captions.count(f"{depth}, {n} images") == 2
    assert captions.count("new images") == captions.count("photographs") == 1
    assert judge(result).sentence


def test_each_seed_draws_other_images() -> None:
    digits = datasets.load("digits")
    first, second, again = (drawn(digits, 30, seed).train for seed in (0, 1, 0))
    assert not (first.images == second.images).all()
    assert (first.images == again.images).all()
    assert len(first) == 30


def test_every_guard_changes_what_it_says() -> None:
    found = Parameters(dataset="digits")
    shape = (1, 28, 28)
    kinds = {guard: settings_of(found, guard, shape)[0][1] for guard in GUARDS}
    assert kinds["narrow code"].bottleneck.latent_dim == 8
    assert kinds["noise"].corruption.kind == "gaussian"
    assert kinds["sparse"].loss.penalty == "l1"
    assert kinds["contractive"].loss.penalty == "contractive"
    assert kinds["contractive"].network.norm == "none"
    assert settings_of(found, PLAIN, shape)[0][1].bottleneck.latent_dim == 261


def rows(shallow: list[float], deep: list[float], wide: list[float], narrow: list[float]) -> Result:
    parts: list[tuple[str, str, list[float]]] = [
        ("layers", "1 layer", shallow),
        ("layers", "6 layers", deep),
        ("guards", "wide code", wide),
        ("guards", "narrow code", narrow),
    ]
    found: list[Row] = [
        {
            "part": part,
            "arm": arm,
            "images": 50,
            "seed": seed,
            "test": error,
            "train": 0.001,
            "gap": error - 0.001,
            "memorised": 0.5,
        }
        for part, arm, errors in parts
        for seed, error in enumerate(errors)
    ]
    return Result(Parameters(), found)


LOW, HIGH = [0.030, 0.031, 0.032], [0.050, 0.052, 0.053]


@pytest.mark.parametrize(
    ("measured", "outcome", "words"),
    [
        ((LOW, HIGH, HIGH, LOW), "holds", ": its error is lower"),
        ((LOW, HIGH, LOW, HIGH), "fails", "its error is higher"),
        ((HIGH, LOW, HIGH, LOW), "fails", "do not memorise more"),
        ((LOW, HIGH, LOW, LOW), "open", "no clear difference"),
        ((LOW, LOW, HIGH, LOW), "open", "too close to call"),
        ((LOW, HIGH, LOW, []), "open", "Two seeds"),
    ],
)
def test_the_verdict_follows_the_rows(
    measured: tuple[list[float], ...], outcome: str, words: str
) -> None:
    verdict = judge(rows(*measured))
    assert verdict.outcome == outcome
    assert words in verdict.sentence


def test_a_network_that_fits_worse_does_not_memorise() -> None:
    """Its error on new images is larger, but so is that on the training images."""
    result = rows(LOW, HIGH, HIGH, LOW)
    for row in result.rows:
        row["gap"] = 0.001
    verdict = judge(result)
    assert verdict.outcome == "open"
    assert "more layers fit worse, which is not memorising" in verdict.sentence


def test_another_guard_that_helps_is_named() -> None:
    result = rows(LOW, HIGH, HIGH, HIGH)
    noise: list[Row] = [
        {"part": "guards", "arm": "noise", "seed": i, "test": error} for i, error in enumerate(LOW)
    ]
    assert "What helps: noise (0.0310)" in judge(Result(Parameters(), result.rows + noise)).sentence
    narrow = Parameters(guards=("narrow code", "contractive"))
    other: list[Row] = [row | {"arm": "contractive"} for row in noise]
    assert "helps" not in judge(Result(narrow, result.rows + other)).sentence


def test_the_verdict_has_the_intervals_of_both_differences() -> None:
    sentence = judge(rows(LOW, HIGH, HIGH, LOW)).sentence
    assert "a difference of 0.0207 (0.0192 to 0.0221): more layers memorise more" in sentence
    assert "a difference of −0.0207 (−0.0221 to −0.0192): its error is lower" in sentence


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"guards": ["noise"]}, "narrow code"),
        ({"depths": [3]}, "at least two"),
        ({"images": [5]}, "between 10"),
        ({"guards": ["luck"]}, "luck"),
    ],
)
def test_bad_input_is_one_sentence(data: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        EXPERIMENT.build(data)


def test_a_small_data_set_is_used_as_far_as_it_goes() -> None:
    assert counts(Parameters(dataset="digits")) == [50, 500, 1297]


def test_the_numeric_answer_is_a_difference() -> None:
    assert _answer(rows(LOW, HIGH, LOW, LOW)) == pytest.approx(sum(HIGH) / 3 - 0.001)


def test_why_is_short() -> None:
    assert len(EXPERIMENT.why.split()) <= 60
