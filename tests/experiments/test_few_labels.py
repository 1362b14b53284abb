"""Few labels in the Lab: end to end on tiny digits, and its judge on made rows."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.few_labels import EXPERIMENT
from aeviz.experiments.few_labels.images import _as
from aeviz.experiments.few_labels.parameters import GROUPS, Parameters

TINY = {
    "dataset": "digits",
    "labels": [10, 100],
    "size": 8,
    "pretraining": 40,
    "steps": 90,
    "draws": 2,
}


@pytest.fixture(scope="module")
def result() -> Result:
    found = EXPERIMENT.build(TINY)
    plain = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("few-labels", plain, EXPERIMENT.tasks(found))}
    assert done["pixels-0"].pictures["labelled"].png.startswith(b"\x89PNG")
    return run.assemble("few-labels", found, done)


def test_every_method_learns_from_labels(result: Result) -> None:
    assert result.complete
    for arm in (arm for group in GROUPS.values() for arm in group):
        few, many = (result.of("error", arm=arm, labels=labels) for labels in (10, 100))
        assert len(few) == len(many) == 2
        if arm != "conv from scratch":  # too few steps for it
            assert sum(many) < sum(few), arm
            assert sum(many) / 2 < 0.5, arm
    assert max(result.of("error", arm="pixels + label spreading", labels=100)) < 0.15


def test_the_verdict_and_the_answer_are_there(result: Result) -> None:
    verdict = EXPERIMENT.judge(result)
    assert verdict.sentence.count(" % errors") == 3
    assert "(-" not in verdict.sentence
    assert "With 100 labels" in verdict.sentence
    answer = EXPERIMENT.questions[2].answer(result)  # type: ignore[union-attr]
    scratch, code = (
        sum(result.of("error", arm=arm, labels=100)) * 50
        for arm in ("dense from scratch", "code + logistic")
    )
    assert answer == pytest.approx(scratch - code)


def test_all_methods_see_the_same_draws() -> None:
    found = EXPERIMENT.build(TINY)
    seen = []
    for group in ("pixels", "dense"):
        task = next(task for task in EXPERIMENT.tasks(found) if task.values["group"] == group)
        seen.append({(row["labels"], row["draw"]) for row in EXPERIMENT.work(found, task).rows})
    assert seen[0] == seen[1] == {(10, 0), (100, 0)}


def test_images_of_another_data_set_are_made_alike() -> None:
    colour = torch.zeros(2, 3, 6, 6)
    colour[:, 0] = 0.6
    assert _as(colour, (1, 4, 4)).unique().tolist() == [51]
    assert _as(colour[:, :1], (3, 4, 4)).shape == (2, 3, 4, 4)


def made(**errors: list[float]) -> list[Row]:
    return [
        {
            "arm": arm.replace("_", " ").replace("+", " + "),
            "labels": 100,
            "draw": draw,
            "error": error,
            "validation_error": error,
        }
        for arm, values in errors.items()
        for draw, error in enumerate(values)
    ]


def judged(rows: list[Row], complete: bool = True) -> tuple[str, str]:
    verdict = EXPERIMENT.judge(Result(Parameters(), rows, complete=complete))
    return verdict.outcome, verdict.sentence


def test_the_verdict_follows_the_numbers() -> None:
    low, high = [0.10, 0.11, 0.12], [0.20, 0.21, 0.22]
    outcome, sentence = judged(made(fine_tuned=high) + made(**{"fine-tuned": low, "conv": high}))
    assert outcome == "holds"
    assert sentence.startswith("Pretraining on images without labels helps.")
    assert "fine-tuned has 11.0 (8.5 to 13.5) % errors" in sentence
    outcome, sentence = judged(made(**{"fine-tuned": high, "conv from scratch": low}))
    assert outcome == "fails"
    assert "conv from scratch has 11" in sentence
    rows = made(**{"fine-tuned": [0.1, 0.2, 0.15], "conv from scratch": [0.2, 0.1, 0.15]})
    assert judged(rows)[0] == "open"
    rows = made(**{"fine-tuned": [0.1], "conv from scratch": [0.2]})
    assert judged(rows)[0] == "open"


def test_other_data_is_neither_side() -> None:
    rows = made(
        **{
            "fine-tuned": [0.2, 0.21],
            "pretrained on other data": [0.1, 0.11],
            "dense from scratch": [0.4, 0.41],
        }
    )
    outcome, sentence = judged(rows)
    assert outcome == "holds"
    assert "Pretraining on other data helps" in sentence


def test_draws_are_paired_while_it_runs() -> None:
    """Methods are compared only on the draws that both have done."""
    rows = made(**{"fine-tuned": [0.1, 0.2], "conv from scratch": [0.3, 0.4, 0.1]})
    assert judged(rows)[0] == "holds"
    assert judged(made(**{"fine-tuned": [0.1]}), complete=False)[0] == "open"
    assert "choose fewer" in judged([])[1]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({"labels": [5]}, "one of each class"),
        ({"dataset": "digits", "labels": [2000]}, "1297 training images"),
        ({"groups": ["pixels", "dense"]}, "The claim is about codes"),
        ({"groups": ["codes", "transfer"]}, "pixels, dense or conv"),
        ({"dataset": "shapes"}, "choose another one"),
        ({"other": "mnist-5k"}, "cannot be|must not be the data set"),
        ({"draws": 1}, "between 2 and 50"),
    ],
)
def test_bad_parameters_are_one_sentence(data: dict[str, Any], part: str) -> None:
    with pytest.raises(UserError, match=part):
        EXPERIMENT.build(data)


def test_the_presets_are_valid() -> None:
    assert EXPERIMENT.build(EXPERIMENT.break_it.changes).labels == (1000,)
    assert EXPERIMENT.build(EXPERIMENT.reference).other == "fashion-mnist"
    assert len(EXPERIMENT.why.split()) <= 60
