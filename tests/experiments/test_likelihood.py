"""The ELBO as a bound in the Lab: the tasks end to end, and the verdicts."""

from __future__ import annotations

import math
from typing import Any

import pytest

from aeviz import datasets
from aeviz.datasets.binarised import is_binary
from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.likelihood import EXPERIMENT
from aeviz.experiments.likelihood.arms import images_of
from aeviz.experiments.likelihood.parameters import PIXELS, Parameters

TINY = {
    "dataset": "digits",
    "sizes": "1,3",
    "counts": "1,10,100",
    "images": 20,
    "steps": 300,
    "seeds": 3,
}


def answered(data: dict[str, Any]) -> Result:
    found = EXPERIMENT.build(data)
    plain = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("likelihood", plain, EXPERIMENT.tasks(found))}
    return run.assemble("likelihood", found, done)


@pytest.fixture(scope="module")
def result() -> Result:
    return answered(TINY)


def test_the_bound_falls_towards_the_exact_value(result: Result) -> None:
    assert result.complete
    for arm in ("1 number", "3 numbers"):
        means = [sum(result.of("nll", arm=arm, k=k)) / 3 for k in (1, 10, 100)]
        assert means[0] > means[1] > means[2]
    exact = result.of("nll", arm="1 number, exact", k=100)
    reached = result.of("nll", arm="1 number", k=100)
    assert reached == pytest.approx(exact, abs=0.1)
    assert not result.of("nll", arm="3 numbers, exact")
    assert max(exact) < 64 * math.log(2)  # better than grey everywhere
    assert EXPERIMENT.judge(result).outcome == "holds", EXPERIMENT.judge(result).sentence


def test_the_columns_of_charts_are_there(result: Result) -> None:
    keys = {key for row in result.rows for key in row}
    assert {chart.y for chart in EXPERIMENT.charts} <= keys
    assert set(EXPERIMENT.table) - {"grey_loss"} <= keys
    for kl, a, i in zip(
        *(result.of(name) for name in ("kl", "aggregated", "information")), strict=True
    ):
        assert kl == pytest.approx(a + i, abs=1e-6)
        assert 0 <= i <= math.log(1_297)
    gain = result.of("gain", arm="3 numbers")
    assert EXPERIMENT.questions[2].answer(result) == pytest.approx(sum(gain) / 3)  # type: ignore[union-attr]
    assert len(result.pictures) == 4


def test_grey_pixels_fail() -> None:
    result = answered(TINY | {"pixels": "grey", "seeds": 1, "sizes": "2", "steps": 20})
    verdict = EXPERIMENT.judge(result)
    assert verdict.outcome == "fails"
    assert "e^-" in verdict.sentence
    assert max(result.of("mass")) < -64 * math.log(2)
    assert not result.of("nll")
    assert EXPERIMENT.questions[2].answer(result) is None  # type: ignore[union-attr]


def test_charts_of_grey_pixels_do_not_speak_of_a_likelihood() -> None:
    def first_two(pixels: str) -> str:
        charts = EXPERIMENT.charts_of(EXPERIMENT.build({"pixels": pixels}))[:2]
        return " ".join(f"{chart.y} {chart.label} {chart.note}" for chart in charts)

    for word in ("nll", "Bound of", "ELBO", "Published"):
        assert word in first_two("drawn")
        assert word not in first_two("grey")
    assert "no likelihood" in first_two("grey")


def test_the_pixels_are_as_the_parameter_says() -> None:
    for pixels in PIXELS:
        dataset = images_of(EXPERIMENT.build({"dataset": "digits", "pixels": pixels}))
        assert is_binary(dataset.test) == (pixels != "grey")
    assert dataset is datasets.load("digits")


def made(
    bounds: list[list[float]], exact: float | None = None, counts: tuple[int, ...] = (1, 50, 5000)
) -> Result:
    rows: list[Row] = []
    for seed, values in enumerate(bounds):
        for k, nll in zip(counts, values, strict=True):
            rows.append({"arm": "2 numbers", "size": 2, "seed": seed, "k": k, "nll": nll})
            if exact is not None:
                rows.append(
                    {"arm": "2 numbers, exact", "size": 2, "seed": seed, "k": k, "nll": exact}
                )
    return Result(Parameters(sizes=(2,), counts=counts), rows)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (made([[100, 96, 95], [101, 97, 96.1], [102, 98, 97]]), "open"),  # no exact value
        (made([[100, 96, 95], [101, 97, 96.1], [102, 98, 97]], exact=94.0), "holds"),
        (made([[100, 96, 95], [100, 96, 95.1]], exact=95.0), "holds"),
        (made([[100, 96, 95], [100, 96, 95.1]], exact=96.0), "fails"),  # above the truth
        (made([[95, 96, 100], [95, 97, 100.1]]), "fails"),
        (made([[100, 96, 95], [95, 95, 100]]), "open"),
        (made([[100, 94, 95], [100, 94, 95.1]]), "open"),  # rises, then falls
        (made([[100, 96, 95]]), "open"),
        (made([]), "open"),
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    verdict = EXPERIMENT.judge(found)
    assert verdict.outcome == outcome, verdict.sentence


def test_the_sentence_has_the_numbers() -> None:
    sentence = EXPERIMENT.judge(made([[100, 96, 95], [101, 97, 96.1]], exact=95.5)).sentence
    for text in ("100.50", "95.55", "0.95", "95.50", "is 0.05 above it"):
        assert text in sentence


@pytest.mark.parametrize(
    "data", [{"counts": "5,50"}, {"counts": "1"}, {"pixels": "red"}, {"sizes": "0"}]
)
def test_questions_without_an_answer_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        EXPERIMENT.build(data)


def test_its_text_keeps_the_rules() -> None:
    assert len(EXPERIMENT.why.split()) <= 60
    assert len(EXPERIMENT.questions) == 3
    EXPERIMENT.build(EXPERIMENT.break_it.changes)
