"""Image search in the Lab: end to end on tiny digits, and its judge on made rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from aeviz.errors import UserError
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.retrieval import EXPERIMENT
from aeviz.experiments.retrieval.arms import distances_of, distances_to
from aeviz.experiments.retrieval.parameters import ARMS, Parameters

TINY = {"dataset": "digits", "sizes": [8, 16], "steps": 60, "seeds": 2}


def test_every_arm_finds_images_of_the_class() -> None:
    found = EXPERIMENT.build(TINY)
    plain = parameters.plain(found)
    tasks = EXPERIMENT.tasks(found)
    done = {one.key: one for one in run.in_turn("retrieval", plain, tasks)}
    result = run.assemble("retrieval", found, done)
    assert result.complete
    bytes_of = {}
    for key, arm in ARMS.items():
        size = 0 if key == "pixels" else 16
        values = result.of("precision", arm=arm, size=size)
        assert len(values) == 2
        assert min(values) > (0.9 if arm in ("pixels", "PCA") else 0.4), arm
        assert len(set(values)) == 2, "each seed is another split"
        bytes_of[key] = result.of("bytes", arm=arm, size=size)[0]
    assert bytes_of == {
        "pixels": 64, "pca": 64, "ae": 64, "vae": 64,
        "pca-median": 2, "pca-itq": 2, "ae-median": 2, "ae-itq": 2,
    }  # fmt: skip
    assert result.of("pixel_recall", arm="pixels", setting="Euclidean") == pytest.approx(
        [1.0] * len(result.of("pixel_recall", arm="pixels", setting="Euclidean"))
    )
    assert len(result.of("map", arm="AE", size=8)) == 2
    assert done["ae-16-0"].pictures["ae-itq-2"].group.startswith("Query 3")
    assert not done["ae-8-0"].pictures
    assert "with 64 bytes per image" in EXPERIMENT.judge(result).sentence
    answer = EXPERIMENT.questions[2].answer(result)  # type: ignore[union-attr]
    assert answer == pytest.approx(5 * sum(result.of("precision", arm="AE bits (ITQ)", size=16)))


def made(**precisions: list[float]) -> list[Row]:
    names = {key.replace("-", "_"): arm for key, arm in ARMS.items()}
    return [
        {
            "arm": names[key],
            "size": 0 if key == "pixels" else 16,
            "bytes": 784 if key == "pixels" else 64,
            "seed": seed,
            "precision": value,
            "validation_precision": value,
        }
        for key, values in precisions.items()
        for seed, value in enumerate(values)
    ]


def judged(rows: list[Row]) -> tuple[str, str]:
    verdict = EXPERIMENT.judge(Result(Parameters(), rows))
    return verdict.outcome, verdict.sentence


LOW, MIDDLE, HIGH = [0.7, 0.71, 0.72], [0.8, 0.81, 0.82], [0.9, 0.91, 0.92]


def test_the_verdict_follows_the_numbers() -> None:
    outcome, sentence = judged(made(ae=HIGH, pixels=MIDDLE, pca=LOW))
    assert outcome == "holds"
    assert "AE with 64 bytes" in sentence
    assert "pixels with 784 bytes: 0.81" in sentence
    assert judged(made(ae=MIDDLE, pixels=HIGH, pca=LOW))[0] == "fails"
    assert judged(made(ae=MIDDLE, pixels=LOW, pca=HIGH))[0] == "fails"
    assert judged(made(ae=[0.8, 0.9, 0.85], pixels=LOW, pca=[0.85, 0.84, 0.86]))[0] == "open"
    # as well as the pixels, and better than PCA
    near = [0.9, 0.9101, 0.9199]
    assert judged(made(ae=HIGH, pixels=near, pca=LOW))[0] == "holds"
    assert judged(made(ae=[0.9, 0.8, 0.91], pixels=near, pca=LOW))[0] == "open"
    assert judged(made(ae=[0.9], pixels=[0.8], pca=[0.7]))[0] == "open"
    assert judged(made(pixels=HIGH))[0] == "open"
    assert judged(made(ae=HIGH))[0] == "open"


def test_bits_are_compared_with_bits() -> None:
    outcome, sentence = judged(made(ae_itq=MIDDLE, pixels=LOW, pca=HIGH, pca_itq=LOW))
    assert outcome == "holds"
    assert "PCA bits (ITQ)" in sentence


def test_the_best_arm_is_chosen_on_validation_queries() -> None:
    rows = made(ae=HIGH, vae=LOW, pixels=MIDDLE, pca=MIDDLE)
    for row in rows:
        if row["arm"] == "VAE":
            row["validation_precision"] = 0.99
    assert judged(rows)[1].startswith("VAE")


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({"dataset": "digits", "sizes": [128]}, "more numbers than an image"),
        ({"arms": ["pixels", "pca"]}, "at least one arm"),
        ({"arms": ["ae", "pca"]}, "codes with pixels"),
        ({"arms": ["pixels", "pca", "ae-itq"]}, "bits of a network with bits of PCA"),
        ({"arms": ["pixels", "pca-itq", "vae"]}, "numbers of a network with numbers of PCA"),
        ({"arms": ["colour"]}, "cannot be"),
    ],
)
def test_bad_parameters_are_one_sentence(data: dict[str, Any], part: str) -> None:
    with pytest.raises(UserError, match=part):
        EXPERIMENT.build(data)


def test_the_presets_are_valid() -> None:
    assert EXPERIMENT.build(EXPERIMENT.break_it.changes).sizes == (8,)
    assert EXPERIMENT.build(EXPERIMENT.reference).split == "official"
    assert len(EXPERIMENT.why.split()) <= 60


def test_distances_by_hand() -> None:
    z = torch.tensor([[4.0, 0.0], [1.0, 1.0], [-4.0, -3.0]])
    row = torch.tensor([[4.0, 4.0]])
    assert distances_to("ae", z, "Euclidean", 0)(row).tolist() == pytest.approx(
        [4, 18**0.5, 113**0.5]
    )
    # on the unit sphere of pixels, (1, 1) and (4, 4) are the same
    assert distances_to("pixels", z, "cosine", 0)(row)[1].item() == pytest.approx(0, abs=1e-3)
    # the medians are 1 and 0: bits 10, 01, 00, and 11 for the query
    assert distances_to("ae-median", z, "", 0)(row).tolist() == [1, 1, 2]


@pytest.mark.parametrize("arm", ["pixels", "pca", "ae-median", "ae-itq"])
def test_one_query_has_the_distances_of_the_experiment(arm: str) -> None:
    generator = torch.Generator().manual_seed(0)
    z = torch.rand(30, 6, generator=generator)
    validation, queries = torch.rand(2, 5, 6, generator=generator)
    relevant = torch.rand(5, 30, generator=generator) > 0.5
    search = SimpleNamespace(validation_relevant=relevant)
    ((_, setting, _, distances, _),) = distances_of(search, [arm], (z, validation, queries), 3)  # type: ignore[arg-type]
    found = distances_to(arm, z, setting, 3)
    for row, expected in zip(queries, distances, strict=True):
        assert found(row[None]).tolist() == pytest.approx(expected.tolist(), abs=1e-3)
