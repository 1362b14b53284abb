"""Tasks: PCA, the picture formats, and a training for each network and seed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aeviz import datasets
from aeviz.datasets import Dataset
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.compression import matrix
from aeviz.experiments.compression.arms import Encoder, pca_curve, pca_points, trained
from aeviz.experiments.compression.codec import SHOWN, Point, best_points, read_curve
from aeviz.experiments.compression.formats import PictureFile, bits_of_formats, files_of
from aeviz.experiments.compression.images import images_of
from aeviz.experiments.compression.kinds import another, images_of_kind, own_kind
from aeviz.experiments.compression.parameters import ARMS, Parameters
from aeviz.experiments.fitting import pixels
from aeviz.experiments.pictures import strip
from aeviz.experiments.stored import Stored, stored


def tasks(params: Parameters) -> list[Task]:
    return [
        Task("pca", {}),
        Task("formats", {}),
        *(
            Task(f"{arm}-{seed}", {"arm": arm, "seed": seed})
            for seed in range(params.seeds)
            for arm in params.arms
        ),
        Task("other-kinds", {}),
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = datasets.load(params.dataset)
    test = images_of(dataset, params.tested)
    shown = to_float(test.images[:SHOWN])
    if task.key == "formats":
        files = files_of(dataset, params.tested)
        pictures = {"original": Picture("originals", strip(shown))} | _smallest(files)
        return Output([_format_row(one) for one in files], pictures)
    if task.key == "pca":
        points = [point for point in pca_points(dataset, params) if point.bits in params.bits]
        rows = [_row("PCA", 0, one) for one in points]
        return Output(rows, _pictures(params, "PCA", points))
    if task.key == "other-kinds":
        return Output(_other_kinds(params))
    arm, seed = task.values["arm"], task.values["seed"]
    encoders = trained(arm, params, dataset, seed)
    codecs = [one.codec(dataset, test) for one in encoders]
    points = best_points(codecs, params.bits, dataset.validation, test)
    rows = []
    for point in points:
        row = _row(ARMS[arm], seed, point)
        row["pca_mse"] = read_curve(point.file_bits, pca_curve(dataset, params))
        row["gray_mse"] = pixels(test).var(correction=0).item()
        needed = bits_of_formats(point.mse, dataset, params.tested)
        row["format_bits"] = needed
        saved = (needed - point.file_bits) / 8
        if saved > 0:
            row["break_even"] = math.ceil(point.codec_bytes / saved)
        rows.append(row)
    own, kinds = own_kind(params.dataset), matrix.tested(encoders, params)
    rows += matrix.cells(ARMS[arm], own, kinds, params, seed)
    if seed:
        return Output(rows)
    pictures = _pictures(params, ARMS[arm], points)
    if arm == params.arms[0]:
        pictures |= matrix.pictures(ARMS[arm], own, kinds, params.dataset)
    return Output(rows, pictures, stored=_kept(params, ARMS[arm], encoders, points, dataset))


def _kept(
    params: Parameters,
    arm: str,
    encoders: Sequence[Encoder],
    points: Sequence[Point],
    dataset: Dataset,
) -> Stored:
    """The network that the validation images chose for the middle rate."""
    rate = matrix.rate_of(params)
    (place,) = (point.place for point in points if point.bits == rate)
    model = encoders[place].model
    assert model is not None
    return stored(f"{arm}, best at {rate:g} bits", model, dataset)


def _other_kinds(params: Parameters) -> list[Row]:
    """PCA of the data set's kind and of another on all kinds of image, and a network that learns
    the other kind."""
    own, other = own_kind(params.dataset), another(params.dataset)
    arm = params.arms[0]
    encoders = trained(arm, params, images_of_kind(params.dataset, other), 0)
    return [
        *matrix.cells("PCA", own, matrix.pca_tested(params, own), params, 0),
        *matrix.cells(ARMS[arm], other, matrix.tested(encoders, params), params, 0),
        *matrix.cells("PCA", other, matrix.pca_tested(params, other), params, 0),
    ]


def _format_row(one: PictureFile) -> Row:
    row: Row = {
        "arm": one.format,
        "seed": 0,
        "bits": one.file_bits,
        "mse": one.mse,
        "file_bits": one.file_bits,
        "payload_bits": one.payload_bits,
        "single_bits": one.single_bits,
    }
    return row if one.quality is None else row | {"quality": one.quality}


def _smallest(files: Sequence[PictureFile]) -> dict[str, Picture]:
    """The images in the smallest file of each lossy format."""
    smallest: dict[str, PictureFile] = {}
    for one in sorted(files, key=lambda one: one.file_bits):
        if one.quality is not None:
            smallest.setdefault(one.format, one)
    return {
        name.replace(" ", "-"): Picture(
            f"{name}, {one.file_bits:.0f} bits per image",
            strip(one.shown),
            "Smallest file of each picture format",
        )
        for name, one in smallest.items()
    }


def _row(arm: str, seed: int, point: Point) -> Row:
    return {
        "arm": arm,
        "seed": seed,
        "bits": point.bits,
        "size": point.size,
        "mse": point.mse,
        "val_mse": point.val_mse,
        "file_bits": point.file_bits,
        "payload_bits": point.payload_bits,
        "codec_bytes": point.codec_bytes,
    }


def _pictures(params: Parameters, arm: str, points: Sequence[Point]) -> dict[str, Picture]:
    return {
        f"{point.bits:g}": Picture(
            f"{arm}, {point.file_bits:.0f} bits per image",
            strip(point.shown),
            f"At most {point.bits:g} bits",
        )
        for point in points
    }
