"""Disentanglement in the Lab: the tasks end to end, and the verdicts."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.disentangle import EXPERIMENT, arms
from aeviz.experiments.disentangle.arms import active_codes, factors_of
from aeviz.experiments.disentangle.parameters import Parameters
from aeviz.experiments.disentangle.tasks import measured, own_dimension, work
from aeviz.experiments.disentangle.verdict import SCORES

TINY = {"betas": "1,8", "size": 3, "images": 500, "steps": 20, "seeds": 2}


@pytest.fixture(scope="module")
def result() -> Result:
    found = EXPERIMENT.build(TINY)
    plain = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("disentangle", plain, EXPERIMENT.tasks(found))}
    return run.assemble("disentangle", found, done)


def test_every_weight_and_seed_has_every_score(result: Result) -> None:
    assert result.complete
    for arm in ("beta 1", "beta 8"):
        for name in (*SCORES, "informativeness", "score", "validation"):
            values = result.of(name, arm=arm)
            assert len(values) == 2
            assert all(0 <= value <= 1 for value in values), (name, values)
    keys = {key for row in result.rows for key in row}
    assert {chart.y for chart in EXPERIMENT.charts} <= keys
    assert set(EXPERIMENT.table) <= keys
    assert result.of("score") == result.of("mig")
    assert EXPERIMENT.judge(result).sentence
    assert EXPERIMENT.prediction.at(result.parameters) == ["beta 1", "beta 8"]


def test_a_perfect_code_scores_high_and_a_constant_one_low() -> None:
    dataset = datasets.load("shapes")
    factors = factors_of(dataset.test)
    z = (factors - factors.mean(0)) / factors.std(0)
    names = dataset.factor_names
    perfect = measured(z, dataset.test, names, 0)
    constant = measured(torch.zeros(2000, 3), dataset.test, names, 0)
    for name in SCORES:
        assert float(perfect[name]) > 0.85, name
        assert float(constant[name]) <= 0.2, name
    assert own_dimension(perfect, "shape") > 0.9
    assert float(perfect["mig"]) == pytest.approx(
        sum(float(perfect[f"gap {name}"]) for name in names) / len(names)
    )


def test_a_dimension_that_collapsed_counts_as_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        pass

    split = datasets.load("shapes").test.take(slice(0, 100))
    z = torch.stack([torch.linspace(-1, 1, 100), torch.linspace(-0.1, 0.1, 100)], 1)

    def fake(model: Any, given: Any) -> torch.Tensor:
        return z

    monkeypatch.setattr(arms, "codes", fake)
    found = active_codes(Model(), split)  # type: ignore[arg-type]
    assert torch.equal(found[:, 0], z[:, 0])
    assert (found[:, 1] == 0).all()


def test_each_weight_has_a_traversal_beside_the_factors(result: Result) -> None:
    groups: dict[str, list[str]] = {}
    for picture in result.pictures.values():
        groups.setdefault(picture.group, []).append(picture.caption)
    assert [*groups] == ["shape", "scale", "rotation", "x", "y"]
    for name, (true, one, two) in groups.items():
        assert true == "true factor"
        assert (one[:8], two[:8]) == ("beta 1: ", "beta 8: ")
        measure = "share of information" if name == "shape" else "rank correlation"
        assert measure in one
        assert measure in two


def made(
    one: list[float], four: list[float], eight: list[float] | None = None, factor: str = "all"
) -> Result:
    rows: list[Row] = [
        {"arm": arm, "seed": seed, "score": value, "validation": value, "mig": value, "sap": value}
        for arm, values in (("beta 1", one), ("beta 4", four), ("beta 8", eight or []))
        for seed, value in enumerate(values)
    ]
    return Result(Parameters(betas=(1.0, 4.0, 8.0), factor=factor), rows)


LOW, HIGH = [0.2, 0.21, 0.22], [0.4, 0.41, 0.43]


@pytest.mark.parametrize(
    ("gaps", "outcome", "words"),
    [
        ({"x": [0.5, 0.6, 0.55], "shape": [0.3, 0.31, 0.32]}, "holds", "Each factor has one"),
        (
            {"x": [0.9, 0.8, 0.85], "shape": [0.0, 0.01, 0.0], "angle": [0.0, 0.0, 0.01]},
            "fails",
            "no dimension says clearly more about angle or shape than any other",
        ),
        ({"x": [0.9, 0.8, 0.85], "shape": [0.0, 0.01, 0.0]}, "fails", "more about shape than any"),
        ({"x": [0.9, 0.8, 0.85], "shape": [0.0, 0.3, 0.1]}, "open", "Whether one dimension"),
    ],
)
def test_each_factor_needs_a_dimension_of_its_own(
    gaps: dict[str, list[float]], outcome: str, words: str
) -> None:
    """A mean gap that is ahead is not enough."""
    found = made(LOW, HIGH)
    for row in found.rows:
        for name, values in gaps.items():
            row[f"gap {name}"] = values[int(row["seed"])]
    verdict = EXPERIMENT.judge(found)
    assert verdict.outcome == outcome
    assert words in verdict.sentence


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (made(LOW, HIGH), "holds"),
        (made(LOW, [0.1, 0.1, 0.12], HIGH), "holds"),  # the best of several
        (made(HIGH, LOW), "fails"),
        (made([0.01, 0.02, 0.01], [0.03, 0.04, 0.035], factor="shape"), "fails"),  # of no use
        (made(LOW, [0.1, 0.5, 0.3]), "open"),
        (made([0.2], [0.4]), "open"),
        (made(LOW, []), "open"),
        (made([], HIGH), "open"),
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    verdict = EXPERIMENT.judge(found)
    assert verdict.outcome == outcome, verdict.sentence


def test_beta_is_chosen_on_validation_images() -> None:
    found = made(LOW, HIGH, [0.6, 0.61, 0.62])
    for row in found.rows:
        if row["arm"] == "beta 4":
            row["validation"] = 0.9
    assert "with beta 4 and" in EXPERIMENT.judge(found).sentence


def test_the_sentence_counts_the_scores_that_agree() -> None:
    found = made(LOW, HIGH)
    for row in found.rows:
        row["sap"] = 1 - float(row["mig"])
    sentence = EXPERIMENT.judge(found).sentence
    assert "1 of 2 scores put beta 4 ahead, and SAP beta 1." in sentence


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"dataset": "digits"}, "true factors"),
        ({"betas": "2,4"}, "beta = 1"),
        ({"betas": "1"}, "beta = 1"),
        ({"factor": "colour"}, "no factor called colour"),
        ({"factor": "weight"}, "choose one of"),
        ({"betas": "0.5,1"}, "between"),
    ],
)
def test_questions_without_an_answer_are_refused(data: dict[str, Any], text: str) -> None:
    with pytest.raises(UserError, match=text):
        EXPERIMENT.build(data)


def test_shapes_in_colour_have_one_factor_more() -> None:
    EXPERIMENT.build({"dataset": "shapes-colour", "factor": "colour"})
    found = EXPERIMENT.build(TINY | {"dataset": "shapes-colour", "seeds": 1, "betas": "1,2"})
    output = work(found, EXPERIMENT.tasks(found)[0])
    assert "gap colour" in output.rows[0]
    assert output.pictures


def test_the_numeric_question_is_the_spread_of_the_seeds(result: Result) -> None:
    found = result.of("mig", arm="beta 1")
    assert EXPERIMENT.questions[2].answer(result) == max(found) - min(found)  # type: ignore[union-attr]


def test_its_text_keeps_the_rules() -> None:
    assert len(EXPERIMENT.why.split()) <= 60
    assert len(EXPERIMENT.questions) == 3
    EXPERIMENT.build(EXPERIMENT.break_it.changes)
