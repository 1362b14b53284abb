"""Compression: the tasks end to end, the file against the rate, and the verdicts."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.compression import EXPERIMENT
from aeviz.experiments.compression.codec import read_curve
from aeviz.experiments.compression.experiment import _answer
from aeviz.experiments.compression.images import images_of
from aeviz.experiments.compression.parameters import Parameters
from aeviz.experiments.compression.tasks import work
from aeviz.experiments.compression.verdict import best_arm
from aeviz.experiments.fitting import pixels

TINY = {"dataset": "digits", "bits": "8,32", "sizes": "2,8", "seeds": 2, "steps": 30}


@pytest.fixture(scope="module")
def result() -> Result:
    found = EXPERIMENT.build(TINY)
    data = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("compression", data, EXPERIMENT.tasks(found))}
    return run.assemble("compression", found, done)


def test_every_arm_rate_and_seed_is_a_row(result: Result) -> None:
    assert result.complete
    assert result.of("bits", arm="PCA") == [8, 32]
    for arm in ("dense", "VAE"):
        for bits in (8, 32):
            assert len(set(result.of("mse", arm=arm, bits=bits))) == 2
    for arm in ("JPEG", "WebP", "PNG", "WebP lossless"):
        assert result.of("mse", arm=arm)
    assert result.of("mse", arm="PNG") == [0]
    assert EXPERIMENT.judge(result).sentence


def test_the_file_is_as_long_as_the_rate_says(result: Result) -> None:
    count = len(datasets.load("digits").test)
    for row in result.rows:
        if row["arm"] in ("PCA", "dense", "VAE"):
            rest = (float(row["file_bits"]) - float(row["payload_bits"])) * count / 8
            # a header of 8 bytes, up to 4 of the coder's last state, and at most 1 %
            assert abs(rest - 8) < 5 + 0.01 * float(row["payload_bits"]) * count / 8


def test_pca_with_many_bits_has_pcas_error() -> None:
    found = EXPERIMENT.build(TINY | {"bits": "2000"})
    dataset = datasets.load("digits")
    row = work(found, EXPERIMENT.tasks(found)[0]).rows[0]
    exact = metrics.pca_error(pixels(dataset.train), pixels(dataset.test), int(row["size"]))
    assert float(row["mse"]) == pytest.approx(exact, abs=2e-4)


def test_pcas_error_falls_with_the_bits_and_one_half_of_them_is_not_free(result: Result) -> None:
    few, many = result.of("mse", arm="PCA")
    constant = pixels(datasets.load("digits").train).mean(0)
    nothing = (pixels(datasets.load("digits").test) - constant).square().mean().item()
    assert nothing > few > many > 0


def test_a_curve_is_read_in_log_log() -> None:
    curve = [(10.0, 1.0), (1000.0, 0.01)]
    assert read_curve(100, curve) == pytest.approx(0.1)
    assert read_curve(1, curve) == 1
    assert read_curve(1e5, curve) == pytest.approx(0.01)


def test_what_a_receiver_needs_grows_with_the_code(result: Result) -> None:
    small, large = (result.of("codec_bytes", arm="dense", size=size) for size in (2, 8))
    assert large
    assert not small or max(small) < min(large)


def test_other_kinds_of_test_image() -> None:
    dataset = datasets.load("digits")
    own = dataset.test.images
    assert torch.equal(images_of(dataset, "inverted").images, 255 - own)
    assert torch.equal(images_of(dataset, "turned").images[0, 0, 0], own[0, 0, -1].flip(0))
    noise = images_of(dataset, "noise").images
    assert noise.shape == own.shape
    assert abs(noise.float().mean() - 127.5) < 2
    assert torch.equal(noise, images_of(dataset, "noise").images)


def rows(own: list[float], pca: float, formats: float = 240, gray: float = 0.09) -> Result:
    made: list[Row] = []
    for bits in (16, 64):
        made.append({"arm": "PCA", "bits": bits, "seed": 0, "mse": pca})
        for seed, mse in enumerate(own):
            made.append(
                {
                    "arm": "dense",
                    "bits": bits,
                    "seed": seed,
                    "mse": mse,
                    "val_mse": mse,
                    "pca_mse": pca,
                    "file_bits": bits,
                    "format_bits": formats,
                    "gray_mse": gray,
                    "break_even": 1000,
                }
            )
    return Result(Parameters(), made)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (rows([0.010, 0.0101, 0.0099], 0.02), "holds"),
        (rows([0.020, 0.0201, 0.0199], 0.01), "fails"),
        (rows([0.010, 0.0101, 0.0099], 0.02, formats=10), "fails"),  # a format is smaller
        (rows([0.010, 0.0101, 0.0099], 0.02, gray=0.009), "fails"),  # one gray is better
        (rows([0.010, 0.030, 0.020], 0.02), "open"),
        (rows([0.010], 0.02), "open"),
        (rows([], 0.02), "open"),
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    assert EXPERIMENT.judge(found).outcome == outcome


def test_the_best_network_is_chosen_on_validation_images() -> None:
    found = rows([0.01, 0.01], 0.02)
    other = [dict(row) | {"arm": "VAE", "mse": 0.001, "val_mse": 0.9} for row in found.rows]
    both = Result(found.parameters, found.rows + [row for row in other if "val_mse" in row])
    assert best_arm(both, 16) == "dense"


@pytest.mark.parametrize(
    "data",
    [
        {"dataset": "digits", "sizes": "128"},
        {"tested": "photographs"},
        {"bits": "0"},
        {"arms": "pca"},
    ],
)
def test_questions_without_an_answer_are_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        EXPERIMENT.build(data)


def test_the_numeric_question_is_answered_from_the_result(result: Result) -> None:
    answer = _answer(result)
    assert answer is not None
    assert answer == pytest.approx(result.of("bits", arm="PNG")[0] / 8)
    assert math.isfinite(answer)
