"""Compression: the tasks end to end, the file against the rate, and the verdicts."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.evaluation import metrics, picture_formats
from aeviz.experiments import parameters, run
from aeviz.experiments.base import Result, Row
from aeviz.experiments.compression import EXPERIMENT, kinds
from aeviz.experiments.compression.codec import read_curve
from aeviz.experiments.compression.experiment import _answer
from aeviz.experiments.compression.images import images_of
from aeviz.experiments.compression.parameters import Parameters
from aeviz.experiments.compression.tasks import work
from aeviz.experiments.compression.verdict import best_arm
from aeviz.experiments.fitting import pixels
from aeviz.figures import lab_matrix

TINY = {"dataset": "digits", "bits": "8,32", "sizes": "2,8", "seeds": 2, "steps": 30}


@pytest.fixture(scope="module")
def result() -> Result:
    found = EXPERIMENT.build(TINY)
    data = parameters.plain(found)
    done = {one.key: one for one in run.in_turn("compression", data, EXPERIMENT.tasks(found))}
    kept = {key: one.stored.name for key, one in done.items() if one.stored is not None}
    assert kept == {"dense-0": "dense, best at 32 bits", "vae-0": "VAE, best at 32 bits"}
    return run.assemble("compression", found, done)


def test_every_arm_rate_and_seed_is_a_row(result: Result) -> None:
    assert result.complete
    assert result.of("bits", arm="PCA") == [8, 32]
    for arm in ("dense", "VAE"):
        for bits in (8, 32):
            assert len(set(result.of("mse", arm=arm, bits=bits))) == 2
    for arm in ("JPEG", "WebP", "JPEG XL", "PNG", "WebP lossless", "JPEG XL lossless"):
        assert result.of("mse", arm=arm)
    assert result.of("mse", arm="PNG") == [0]
    assert EXPERIMENT.judge(result).sentence


def test_each_picture_format_shows_its_smallest_file(result: Result) -> None:
    formats = picture_formats.available()
    captions = [
        picture.caption
        for picture in result.pictures.values()
        if picture.group == "Smallest file of each picture format"
    ]
    assert sorted(captions) == sorted(
        f"{name}, {min(result.of('bits', arm=name)):.0f} bits per image" for name in formats
    )


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


def test_kinds_of_image_have_the_size_of_the_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "available", lambda name: name != "fashion-mnist")
    assert kinds.kinds_of("digits") == ["digits", "inverted digits", "shapes", "noise"]
    assert kinds.kinds_of("shapes-colour") == ["shapes", "inverted shapes", "digits", "noise"]
    own = datasets.load("digits")
    assert kinds.images_of_kind("digits", "digits") is own
    made = {kind: kinds.images_of_kind("digits", kind) for kind in kinds.kinds_of("digits")}
    assert len({one.sha256 for one in made.values()}) == 4
    for one in made.values():
        for part in (one.train, one.validation, one.test):
            assert part.images.shape[1:] == (1, 8, 8)
            assert part.images.dtype == torch.uint8
            assert len(part) == len(part.labels)
    inverted = made["inverted digits"]
    assert torch.equal(inverted.test.images, 255 - own.test.images)
    shapes = made["shapes"].train.images
    assert len(shapes) == kinds.COUNTS[0]
    whole = datasets.load("shapes").train.images[: kinds.COUNTS[0]]
    assert shapes.float().mean().item() == pytest.approx(whole.float().mean().item(), abs=0.5)
    noise = made["noise"]
    assert not torch.equal(noise.train.images[: len(noise.test)], noise.test.images)
    assert kinds.another("digits") == "shapes"
    assert kinds.another("shapes") == "digits"


def test_images_become_gray_or_coloured() -> None:
    gray = torch.arange(16, dtype=torch.uint8).reshape(1, 1, 4, 4)
    assert torch.equal(kinds._resized(gray, (3, 4, 4)), gray.expand(-1, 3, -1, -1))
    colour = gray.expand(-1, 3, -1, -1)
    assert torch.equal(kinds._resized(colour, (1, 4, 4)), gray)
    assert kinds._resized(gray, (1, 2, 2)).shape == (1, 1, 2, 2)


def test_each_cell_is_the_error_over_that_of_the_kinds_own_pca(result: Result) -> None:
    cells = [row for row in result.rows if "ratio" in row]
    tested = result.values("tested_on")
    assert tested[:3] == ["digits", "inverted digits", "shapes"]
    assert tested[-1] == "noise"
    arms = {
        "dense, trained on digits": 2,
        "VAE, trained on digits": 2,
        "PCA, trained on digits": 1,
        "dense, trained on shapes": 1,
        "PCA, trained on shapes": 1,
    }
    assert len(cells) == len(tested) * sum(arms.values())
    for row in cells:
        assert float(row["ratio"]) == pytest.approx(float(row["mse"]) / float(row["own_pca_mse"]))
        assert not {"bits", "val_mse"} & row.keys(), "charts and verdict are about the own kind"
    for kind in ("digits", "shapes"):
        own = result.of("ratio", arm=f"PCA, trained on {kind}", tested_on=kind)
        assert own == [1]
    (foreign,) = result.of("ratio", arm="PCA, trained on digits", tested_on="inverted digits")
    assert foreign > 3


def test_the_matrix_has_the_mean_of_the_seeds() -> None:
    found: list[Row] = [
        {"arm": "dense, trained on digits", "tested_on": kind, "seed": seed, "ratio": ratio}
        for seed, ratios in enumerate([(0.5, 20.0), (0.7, 40.0)])
        for kind, ratio in zip(("digits", "inverted digits"), ratios, strict=True)
    ]
    figure = lab_matrix.matrix(Result(Parameters(), found))
    assert figure is not None
    assert [one["text"] for one in figure["layout"]["annotations"]] == ["0.60", "30"]
    (cells,) = figure["data"]
    assert cells["x"] == ["digits", "inverted<br>digits"]
    assert cells["y"] == ["dense,<br>trained on digits"]
    assert cells["z"][0] == [pytest.approx(math.log(0.6) / math.log(5)), 1]
    assert lab_matrix.matrix(Result(Parameters(), [])) is None


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
        (rows([0.010, 0.0101, 0.0099], 0.02, gray=0.009), "fails"),  # one grey is better
        (rows([0.010, 0.030, 0.020], 0.02), "open"),
        (rows([0.010], 0.02), "open"),
        (rows([], 0.02), "open"),
    ],
)
def test_the_verdict_follows_from_the_rows(found: Result, outcome: str) -> None:
    assert EXPERIMENT.judge(found).outcome == outcome


def test_the_verdict_names_the_smallest_file_of_a_format() -> None:
    found = rows([0.010, 0.0101, 0.0099], 0.02)
    assert "A picture format takes at least 240 bits" in EXPERIMENT.judge(found).sentence
    files: list[Row] = [
        {"arm": "AVIF", "quality": 3, "bits": 248, "mse": 0.0058},
        {"arm": "JPEG", "quality": 1, "bits": 233, "mse": 0.0129},
    ]
    sentence = EXPERIMENT.judge(Result(found.parameters, found.rows + files)).sentence
    assert (
        "No picture format makes a smaller file than 233 bits per image (JPEG, error 0.0129)"
        in (sentence)
    )


def test_a_verdict_on_one_seed_says_why_it_is_open() -> None:
    assert "One seed is not enough for a verdict." in EXPERIMENT.judge(rows([0.010], 0.02)).sentence


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


def test_the_protocol_says_which_format_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be written" not in dict(EXPERIMENT.protocol(Parameters()))["Picture formats"]
    monkeypatch.setattr(picture_formats, "_jpegxl", lambda: None)
    line = dict(EXPERIMENT.protocol(Parameters()))["Picture formats"]
    assert line.endswith("; JPEG XL cannot be written here")


def test_the_numeric_question_is_answered_from_the_result(result: Result) -> None:
    answer = _answer(result)
    assert answer is not None
    assert answer == pytest.approx(result.of("bits", arm="PNG")[0] / 8)
    assert math.isfinite(answer)
