"""Anomaly detection in the Lab: end to end on tiny digits, and its judge on made rows."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.anomaly import EXPERIMENT
from aeviz.experiments.anomaly.images import trial_of
from aeviz.experiments.anomaly.parameters import MAIN, NETWORKS, PLAIN, SCORES, Parameters
from aeviz.experiments.base import Result, Row

TINY = {"dataset": "digits", "only": 0, "steps": 60, "seeds": 2, "size": 8}


def answered(data: dict[str, Any]) -> tuple[Result, dict[str, run.Done]]:
    found = EXPERIMENT.build(data)
    plain = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("anomaly", plain, EXPERIMENT.tasks(found))}
    return run.assemble("anomaly", found, done), done


def test_every_score_finds_what_is_no_zero() -> None:
    result, done = answered(TINY)
    arms = {f"{name} {score}" for name in NETWORKS for score in SCORES[name]} | set(PLAIN)
    assert len(arms) == 17
    assert set(result.values("arm", shown="main")) == set(MAIN)
    assert len(result.of("true_alarms", arm="LOF", shown="main")) == 6
    assert EXPERIMENT.prediction.at(result.parameters) == list(MAIN)
    for arm in arms:
        areas = result.of("auc", arm=arm)
        assert len(areas) == 2
        if "latent" not in arm:
            assert min(areas) > 0.9, arm
        assert all(0 <= value <= 1 for value in result.of("caught", arm=arm))
    assert result.complete
    assert EXPERIMENT.judge(result).outcome in ("holds", "open", "fails")
    normal = result.of("images", arm="normal")
    assert sum(normal) == pytest.approx(1, abs=1e-5)
    assert {chart.y for chart in EXPERIMENT.charts} <= {key for row in result.rows for key in row}
    assert done["ae-0-0"].pictures["heatmap"].png.startswith(b"\x89PNG")
    assert not done["ae-0-1"].pictures
    answer = EXPERIMENT.questions[2].answer(result)  # type: ignore[union-attr]
    assert answer == pytest.approx(50 * sum(result.of("caught", arm="AE error")))


def test_one_class_may_be_the_anomaly() -> None:
    data = TINY | {"setup": "one-anomalous", "only": 1, "seeds": 1, "networks": "AE"}
    result, _ = answered(data)
    odd, normal = (result.of("images", arm=arm) for arm in ("anomaly", "normal"))
    assert sum(odd) == pytest.approx(1, abs=1e-5)
    assert result.of("low", arm="PCA error") < result.of("auc", arm="PCA error")
    assert normal != odd


def test_a_class_without_images_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aeviz.experiments.anomaly.images.FEWEST", 10_000)
    trial_of.cache_clear()
    result, _ = answered(TINY | {"seeds": 1})
    trial_of.cache_clear()
    assert not result.rows
    verdict = EXPERIMENT.judge(result)
    assert verdict.outcome == "open"
    assert "enough images" in verdict.sentence


def made(**areas: list[float]) -> list[Row]:
    """Rows of two classes with these AUCs over the seeds; the second class is slightly worse."""
    return [
        {
            "arm": arm.replace("_", " "),
            "class": name,
            "seed": seed,
            "auc": value - less,
            "low": value - less - 0.01,
            "high": value - less + 0.01,
            "validation_auc": value - less,
        }
        for arm, values in areas.items()
        for (name, less), (seed, value) in product((("a", 0), ("b", 0.05)), enumerate(values))
    ]


def judged(complete: bool = True, **areas: list[float]) -> tuple[str, str]:
    verdict = EXPERIMENT.judge(Result(Parameters(), made(**areas), complete=complete))
    return verdict.outcome, verdict.sentence


def test_the_verdict_follows_the_numbers() -> None:
    low, high = [0.90, 0.901, 0.902], [0.95, 0.951, 0.952]
    outcome, sentence = judged(AE_error=high, PCA_error=low)
    assert outcome == "holds"
    assert "AE error: mean AUC 0.926" in sentence
    outcome, sentence = judged(AE_error=low, PCA_error=high, LOF=low)
    assert outcome == "fails"
    assert "PCA error: 0.926" in sentence
    assert judged(AE_error=[0.9, 0.95, 0.91], PCA_error=[0.93, 0.9, 0.92])[0] == "open"
    assert judged(AE_error=[0.9], PCA_error=[0.8])[0] == "open"


def test_the_best_arm_is_chosen_on_validation_images() -> None:
    """And not on the images that it is then measured on."""
    rows = made(AE_error=[0.9, 0.9], AE_relative_error=[0.8, 0.8], PCA_error=[0.85, 0.85])
    for row in rows:
        if row["arm"] == "AE relative error":
            row["validation_auc"] = 0.99
    verdict = EXPERIMENT.judge(Result(Parameters(), rows))
    assert verdict.outcome == "fails"
    assert "AE relative error: mean AUC 0.775" in verdict.sentence
    assert "The plain AE error alone has 0.875" in verdict.sentence


def test_an_error_that_is_upside_down_fails() -> None:
    outcome, sentence = judged(AE_error=[0.2, 0.21, 0.22], PCA_error=[0.1, 0.1, 0.1])
    assert outcome == "fails"
    assert "below 0.5" in sentence
    assert judged(AE_error=[0.2], PCA_error=[0.1])[0] == "fails"


def test_no_rows_are_no_verdict() -> None:
    assert EXPERIMENT.judge(Result(Parameters(), [], complete=False)).outcome == "open"
    assert judged(complete=False, PCA_error=[0.9])[0] == "open"


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({"dataset": "digits", "only": 10}, "below 10"),
        ({"setup": "both"}, "choose one of one-normal"),
        ({"networks": ["GAN"]}, "cannot be"),
        ({"flagged": 80}, "between 0.5 and 50"),
    ],
)
def test_bad_parameters_are_one_sentence(data: dict[str, Any], part: str) -> None:
    with pytest.raises(UserError, match=part):
        EXPERIMENT.build(data)


def test_the_presets_are_valid() -> None:
    assert EXPERIMENT.build(EXPERIMENT.break_it.changes).only == 1
    assert EXPERIMENT.build(EXPERIMENT.reference).split == "official"
    assert len(EXPERIMENT.why.split()) <= 60
