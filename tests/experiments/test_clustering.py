"""Clustering in the Lab: end to end on tiny digits, and its judge on made rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from aeviz.errors import UserError
from aeviz.evaluation.clustering import NO_CLASS
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.clustering import EXPERIMENT
from aeviz.experiments.clustering.parameters import Parameters
from aeviz.experiments.clustering.tasks import _measured
from aeviz.experiments.statistics import percent
from aeviz.figures import lab_clusters, lab_tables

TINY = {
    "dataset": "digits",
    "images": 400,
    "spaces": ["pixels", "PCA", "AE", "VAE"],
    "size": 8,
    "steps": 60,
    "seeds": 2,
}


def test_every_arm_finds_more_than_chance() -> None:
    found = EXPERIMENT.build(TINY)
    plain = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("clustering", plain, EXPERIMENT.tasks(found))}
    result = run.assemble("clustering", found, done)
    assert result.complete
    for arm in EXPERIMENT.prediction.at(found):
        values = result.of("acc", arm=arm)
        assert len(values) == 2
        assert len(set(values)) == 2, "each seed draws other images"
        if "HDBSCAN" not in arm and "VAE" not in arm:
            assert min(values) > 0.4, arm
    assert set(result.of("covered", arm="AE + k-means")) == {1.0}
    assert EXPERIMENT.judge(result).sentence.startswith(("AE + k-means", "A simple", "It is"))
    assert set(done["ae-0"].pictures) == {"centres"}
    assert not done["ae-1"].pictures
    assert not done["ae-1"].arrays
    maps = lab_clusters.maps(result)
    assert maps is not None
    (first, by_label), (second, by_cluster) = maps.figures
    accuracy = result.of("acc", arm="AE + k-means", seed=0)[0]
    assert (first, second) == ("True label", f"AE + k-means: {percent(accuracy)} right")
    crosses = sum(len(one["x"]) for one in by_cluster["data"] if not one["showlegend"])
    assert crosses == pytest.approx(400 * (1 - accuracy))
    for figure in (by_label, by_cluster):
        assert sum(len(one["x"]) for one in figure["data"]) == 400
    assert all(one["showlegend"] for one in by_label["data"])
    assert "The plane shows the two" in maps.note
    assert [title for title, _ in lab_tables.tables(result)] == [
        "pixels + k-means",
        "AE + k-means",
    ]
    answer = EXPERIMENT.questions[2].answer(result)  # type: ignore[union-attr]
    ae, raw = (sum(result.of("acc", arm=f"{space} + k-means")) for space in ("AE", "pixels"))
    assert answer == pytest.approx(50 * (ae - raw))


def test_umap_and_equal_spreads_have_their_rows() -> None:
    data = TINY | {"images": 60, "spaces": ["pixels", "AE", "UMAP of AE"], "seeds": 1}
    found = EXPERIMENT.build(data | {"scale": "equal spreads"})
    task = next(task for task in EXPERIMENT.tasks(found) if task.values["space"] == "UMAP of AE")
    threads = torch.get_num_threads()
    (row,) = EXPERIMENT.work(found, task).rows
    assert torch.get_num_threads() == threads
    assert row["arm"] == "UMAP of AE + Gaussian mixture"
    assert 0.3 < float(row["acc"]) <= 1


def test_a_table_has_the_percentages_of_each_class() -> None:
    arrays = {"ae-0/table": [[9, 1], [0, 5]], "ae-0/classes": [3, 7]}
    ((title, figure),) = lab_tables.tables(Result(Parameters(), [], arrays=arrays))
    assert title == "AE + k-means"
    assert (figure["data"][0]["y"], figure["data"][0]["x"]) == (["3", "7"], ["1", "2"])
    assert [(one["y"], one["x"], one["text"]) for one in figure["layout"]["annotations"]] == [
        (0, 0, "90"),
        (0, 1, "10"),
        (1, 1, "100"),
    ]
    assert lab_tables.tables(Result(Parameters(), [])) == []


def test_the_map_is_umaps_once_there_is_one() -> None:
    arrays = {
        "ae-0/places": [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]],
        "ae-0/labels": [0, 1, 1],
        "ae-0/clusters": [0, 0, NO_CLASS],
        "umap-of-ae-0/places": [[5.0, 5.0], [6.0, 5.0], [7.0, 5.0]],
        "umap-of-ae-0/labels": [0, 1, 1],
        "umap-of-ae-0/clusters": [0, 1, 1],
    }
    rows = made(AE=[0.5], UMAP_of_AE=[1.0])
    maps = lab_clusters.maps(Result(Parameters(), rows, arrays=arrays))
    assert maps is not None
    (_, labels), (title, codes), (_, umap) = maps.figures
    assert title == "AE + k-means: 50 % right"
    assert [(one["name"], one["x"]) for one in labels["data"]] == [("0", [5.0]), ("1", [6.0, 7.0])]
    assert [(one["name"], one["x"], one["showlegend"]) for one in codes["data"]] == [
        ("0", [5.0], True),
        ("0", [6.0], False),
        ("no class", [], True),
        ("no class", [7.0], False),
    ]
    assert umap["data"] == labels["data"]
    assert lab_clusters.maps(Result(Parameters(judged="VAE"), rows, arrays=arrays)) is None
    assert lab_clusters.maps(Result(Parameters(), [])) is None


def test_noise_is_one_cluster_and_is_left_out() -> None:
    row = _measured(np.array([0, 0, 1, 1, 1]), np.array([4, 4, 5, -1, -1]))
    assert row["covered"] == pytest.approx(0.6)
    assert row["clusters"] == 2
    assert row["acc"] == pytest.approx(4 / 5)  # the class 1 is best matched with the noise
    assert row["acc_covered"] == 1


def made(**accuracies: list[float]) -> list[Row]:
    return [
        {"arm": f"{space.replace('_', ' ')} + {method}", "seed": seed, "acc": value}
        for space, values in accuracies.items()
        for seed, value in enumerate(values)
        for method in (["Gaussian mixture"] if "UMAP" in space else ["k-means"])
    ]


def judged(rows: list[Row], judged: str = "AE") -> tuple[str, str]:
    verdict = EXPERIMENT.judge(Result(Parameters(judged=judged), rows))
    return verdict.outcome, verdict.sentence


LOW, MIDDLE, HIGH = [0.4, 0.41, 0.42], [0.5, 0.51, 0.52], [0.6, 0.61, 0.62]


def test_the_verdict_follows_the_numbers() -> None:
    outcome, sentence = judged(made(AE=HIGH, pixels=LOW, PCA=MIDDLE))
    assert outcome == "holds"
    assert "accuracy of 0.61" in sentence
    assert "pixels + k-means 0.41" in sentence
    assert judged(made(AE=MIDDLE, pixels=LOW, PCA=HIGH))[0] == "fails"
    assert judged(made(AE=[0.4, 0.6, 0.5], pixels=MIDDLE))[0] == "open"
    assert judged(made(AE=[0.6], pixels=[0.4]))[0] == "open"
    assert judged(made(AE=HIGH))[0] == "open"
    assert judged([])[0] == "open"


def test_the_claim_may_be_about_the_vae() -> None:
    rows = made(AE=HIGH, VAE=LOW, pixels=MIDDLE)
    assert judged(rows)[0] == "holds"
    outcome, sentence = judged(rows, "VAE")
    assert outcome == "fails"
    assert "The most accurate of all is AE + k-means" in sentence


def test_umap_is_compared_with_umap_of_pixels() -> None:
    rows = made(AE=HIGH, pixels=LOW, UMAP_of_AE=HIGH, UMAP_of_pixels=LOW)
    assert "For UMAP it helps" in judged(rows)[1]
    rows = made(AE=HIGH, pixels=LOW, UMAP_of_AE=LOW, UMAP_of_pixels=HIGH)
    assert "For UMAP it hurts" in judged(rows)[1]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({"images": 59}, "between 60"),
        ({"spaces": ["PCA", "AE"]}, "codes with pixels"),
        ({"spaces": ["pixels", "VAE"]}, "about AE"),
        ({"dataset": "digits", "size": 65}, "more numbers than an image"),
        ({"scale": "whitened"}, "cannot be"),
    ],
)
def test_bad_parameters_are_one_sentence(data: dict[str, Any], part: str) -> None:
    with pytest.raises(UserError, match=part):
        EXPERIMENT.build(data)


def test_the_presets_are_valid() -> None:
    assert EXPERIMENT.build(EXPERIMENT.break_it.changes).judged == "VAE"
    assert EXPERIMENT.build(EXPERIMENT.reference).images == 70_000
    assert len(EXPERIMENT.why.split()) <= 60
