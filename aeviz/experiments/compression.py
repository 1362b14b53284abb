"""Autoencoders as codecs: error over bits per image, beside PCA and picture formats.

Codes of networks and of PCA go through one coder (`aeviz.evaluation.transform_coding`): rotate,
round, range-code. So an arm wins by its codes and by nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from aeviz import datasets, pca
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.errors import UserError
from aeviz.evaluation import entropy_coding, picture_formats
from aeviz.evaluation.evaluate import decode_all
from aeviz.evaluation.transform_coding import (
    Decode,
    Quantizer,
    Transform,
    at_rates,
    fit_transform,
    sensitivity,
)
from aeviz.evaluation.validation import to_float
from aeviz.experiments import parameters as p
from aeviz.experiments.base import (
    BreakIt,
    Chart,
    Choice,
    Experiment,
    Numeric,
    Output,
    Picture,
    Prediction,
    Result,
    Row,
    Task,
    Verdict,
)
from aeviz.experiments.fitting import codes, fitted, pixels
from aeviz.experiments.pictures import strip
from aeviz.experiments.statistics import Comparison, compare, interval
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

ARMS: Final = {"dense": "dense", "vae": "VAE"}
PCA_SIZES: Final = (16, 64, 256)
BETAS: Final = (1.0, 0.1)
SHOWN: Final = 8
SINGLES: Final = 20
"""Test images that are also saved each in a file of its own."""
HEADER: Final = 8
"""Bytes in which a file of codes says how many images it has and how long its stream is."""
WEIGHT_BYTES: Final = 2
TESTED: Final = ("own", "inverted", "turned", "noise")


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    arms: tuple[str, ...] = p.choices(
        ("dense", "vae"), "Networks", "Whose codes are compressed, beside those of PCA.", (*ARMS,)
    )
    bits: tuple[int, ...] = p.numbers(
        (16, 32, 64, 128), "Bits per image", "How many bits an image may take.", 4, 4096, 8
    )
    sizes: tuple[int, ...] = p.numbers(
        (8, 16, 32),
        "Code sizes",
        "How many numbers a network's code has. The best size for each rate is chosen on the "
        "validation images.",
        1,
        256,
        6,
    )
    tested: str = p.choice(
        "own",
        "Tested on",
        "Test images of the same kind as in training; or inverted, turned upside down, or noise.",
        TESTED,
    )
    steps: int = p.number(600, "Training steps", "The same for each network.", 20, 100_000)
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    channels, height, width = datasets.find(found.dataset).image_shape
    if found.sizes[-1] > channels * height * width:
        raise UserError("A code with more numbers than the image has pixels does not compress.")


def tasks(found: Parameters) -> list[Task]:
    return [
        Task("pca", {}),
        Task("formats", {}),
        *(
            Task(f"{arm}-{seed}", {"arm": arm, "seed": seed})
            for seed in range(found.seeds)
            for arm in found.arms
        ),
    ]


def work(found: Parameters, task: Task) -> Output:
    dataset = datasets.load(found.dataset)
    test = tested(dataset, found.tested)
    shown = to_float(test.images[:SHOWN])
    if task.key == "formats":
        rows = [_format_row(one) for one in _formats(dataset, found.tested)]
        return Output(rows, {"original": Picture("originals", strip(shown))})
    if task.key == "pca":
        points = [point for point in _pca_points(dataset, found) if point.bits in found.bits]
        rows = [_row("PCA", 0, one) for one in points]
        return Output(rows, _pictures(found, "PCA", points))
    arm, seed = task.values["arm"], task.values["seed"]
    codecs = []
    for config in configs(arm, found):
        model = fitted(config, dataset, found.steps, seed)
        weights = sum(w.numel() for part in (model.decoder,) for w in part.state_dict().values())
        train, validation, z = (
            codes(model, split) for split in (dataset.train, dataset.validation, test)
        )

        def decode(z: Tensor, model: Autoencoder = model) -> Tensor:
            return decode_all(model, z)

        transform = fit_transform(train, sensitivity(decode, train[:200]))
        codecs.append(_Codec(transform, decode, weights, train, validation, z))
    points = best_points(codecs, found.bits, dataset.validation, test)
    rows = []
    for point in points:
        row = _row(ARMS[arm], seed, point)
        row["pca_mse"] = _at(point.file_bits, _pca_curve(dataset, found))
        row["gray_mse"] = pixels(test).var(correction=0).item()
        needed = _bits_of_formats(point.mse, dataset, found.tested)
        row["format_bits"] = needed
        saved = (needed - point.file_bits) / 8
        if saved > 0:
            row["break_even"] = math.ceil(point.codec_bytes / saved)
        rows.append(row)
    return Output(rows, _pictures(found, ARMS[arm], points) if seed == 0 else {})


def configs(arm: str, found: Parameters) -> list[RunConfig]:
    """The networks among which the validation images choose: each size, and of a VAE each beta."""
    settings = settings_for({"dense": "deep"}.get(arm, arm), found.dataset)
    settings = settings.replace(**{"network.hidden": [256]})
    sized = [settings.replace(**{"bottleneck.latent_dim": size}) for size in found.sizes]
    if arm != "vae":
        return sized
    return [one.replace(**{"loss.beta": beta}) for one in sized for beta in BETAS]


def tested(dataset: Dataset, kind: str) -> Split:
    """The test images, or what was made of them."""
    split = dataset.test
    if kind == "own":
        return split
    images = {
        "inverted": lambda: 255 - split.images,
        "turned": lambda: split.images.flip(-1, -2),
        "noise": lambda: _noise(split.images),
    }[kind]()
    return Split(images, split.labels)


def _noise(images: Tensor) -> Tensor:
    chance = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, images.shape, generator=chance).byte()


@dataclass(frozen=True)
class _Codec:
    """Codes of the three splits, and what turns codes into images. `weights`: numbers that the
    receiver needs."""

    transform: Transform
    decode: Decode
    weights: int
    train: Tensor
    validation: Tensor
    test: Tensor


@dataclass(frozen=True)
class Point:
    """A codec at one rate. bits: the rate that was asked for; file_bits, payload_bits: per image,
    of the real file and as -log2 of the shares; codec_bytes: what a receiver needs beside."""

    bits: float
    size: int
    val_mse: float
    mse: float
    file_bits: float
    payload_bits: float
    codec_bytes: int
    shown: Tensor


def best_points(
    codecs: Sequence[_Codec], rates: Sequence[float], validation: Split, test: Split
) -> list[Point]:
    """For each rate the codec with the least error on the validation images, measured on the test
    images."""
    best: dict[float, tuple[float, _Codec, Quantizer]] = {}
    for codec in codecs:
        y, other = codec.transform(codec.train), codec.transform(codec.validation)
        for rate, one in zip(rates, at_rates(y, other, tuple(rates)), strict=True):
            x_hat = _decoded(codec, one, one.symbols(other))
            mse = _mse(x_hat, validation)
            if rate not in best or mse < best[rate][0]:
                best[rate] = (mse, codec, one)
    return [_measured(rate, *best[rate], test) for rate in rates]


def _measured(rate: float, val_mse: float, codec: _Codec, one: Quantizer, test: Split) -> Point:
    symbols = one.symbols(codec.transform(codec.test))
    stream = entropy_coding.encode(symbols, one.histograms)
    x_hat = _decoded(codec, one, symbols)
    numbers = codec.weights + codec.transform.backward.numel() + one.table_numbers
    return Point(
        rate,
        codec.train.shape[1],
        val_mse,
        _mse(x_hat, test),
        8 * (HEADER + len(stream)) / len(test),
        one.bits(symbols),
        WEIGHT_BYTES * numbers,
        x_hat[:SHOWN],
    )


def _decoded(codec: _Codec, one: Quantizer, symbols: entropy_coding.Symbols) -> Tensor:
    return codec.decode(codec.transform.inverse(one.decoded(symbols))).clamp(0, 1)


def _mse(x_hat: Tensor, split: Split) -> float:
    return (x_hat.flatten(1) - pixels(split)).square().mean().item()


@lru_cache(maxsize=2)
def _pca_points(dataset: Dataset, found: Parameters) -> list[Point]:
    """PCA's codec at the rates of the experiment, and at some between and beyond."""
    train = pixels(dataset.train)
    test = tested(dataset, found.tested)
    mean, basis = (
        part.float() for part in pca.fit_exact(train, min(PCA_SIZES[-1], len(train) - 1))
    )
    codecs = []
    for size in sorted({min(size, basis.shape[1]) for size in PCA_SIZES}):
        directions = basis[:, :size]

        def decode(z: Tensor, directions: Tensor = directions) -> Tensor:
            return (z @ directions.T + mean).reshape(-1, *dataset.image_shape)

        parts = [
            (pixels(split) - mean) @ directions
            for split in (dataset.train, dataset.validation, test)
        ]
        transform = fit_transform(parts[0], torch.eye(size, dtype=torch.float64))
        codecs.append(_Codec(transform, decode, directions.numel() + len(mean), *parts))
    between = {rate * factor for rate in found.bits for factor in (0.5, 0.75, 1.0, 1.5, 2.0)}
    return best_points(codecs, sorted(between), dataset.validation, test)


def _pca_curve(dataset: Dataset, found: Parameters) -> list[tuple[float, float]]:
    return [(one.file_bits, one.mse) for one in _pca_points(dataset, found)]


def _at(place: float, curve: Sequence[tuple[float, float]]) -> float:
    """The height of a curve of (x, y) > 0 at a place, straight in log-log; its ends go on level."""
    x, y = np.log(np.array(sorted(curve))).T
    return float(np.exp(np.interp(np.log(place), x, y)))


@dataclass(frozen=True)
class _File:
    """A sheet of test images in a picture format; bits are per image."""

    format: str
    quality: int | None
    file_bits: float
    payload_bits: float
    single_bits: float
    mse: float


@lru_cache(maxsize=2)
def _formats(dataset: Dataset, kind: str) -> list[_File]:
    test = tested(dataset, kind).images
    found = []
    for name in (*picture_formats.available(), *picture_formats.LOSSLESS):
        lossy = name in picture_formats.LOSSY
        block = _best_block(name, dataset.validation.images) if lossy else 1
        sheet = picture_formats.sheet(test, block)
        for quality in picture_formats.QUALITIES if lossy else (None,):
            data = picture_formats.encode(sheet, name, quality)
            alone = [
                len(picture_formats.encode(picture_formats.sheet(one[None]), name, quality))
                for one in test[:SINGLES]
            ]
            found.append(
                _File(
                    name,
                    quality,
                    8 * len(data) / len(test),
                    8 * picture_formats.payload(data) / len(test),
                    8 * sum(alone) / len(alone),
                    sheet.error(data),
                )
            )
    return found


def _best_block(name: str, images: Tensor) -> int:
    """Whether cells of whole blocks suit the format better, at a middle quality, as bytes times
    error."""
    costs = {}
    for block in (1, picture_formats.BLOCK):
        sheet = picture_formats.sheet(images, block)
        data = picture_formats.encode(sheet, name, 16)
        costs[block] = len(data) * sheet.error(data)
    return min(costs, key=costs.__getitem__)


def _bits_of_formats(mse: float, dataset: Dataset, kind: str) -> float:
    """The fewest bits per image with which a lossy format has this error; of a format whose
    smallest file has less error, the bits of that file."""
    files = [one for one in _formats(dataset, kind) if one.quality is not None]
    return min(
        _at(mse, [(max(one.mse, 1e-9), one.file_bits) for one in files if one.format == name])
        for name in picture_formats.available()
    )


def _format_row(one: _File) -> Row:
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


def _pictures(found: Parameters, arm: str, points: Sequence[Point]) -> dict[str, Picture]:
    return {
        f"{point.bits:g}": Picture(
            f"{arm}, {point.file_bits:.0f} bits per image",
            strip(point.shown),
            f"At most {point.bits:g} bits",
        )
        for point in points
    }


def best_arm(result: Result, bits: float) -> str | None:
    """The network with the least validation error at this rate."""
    errors = {
        arm: interval(result.of("val_mse", arm=arm, bits=bits)).mean
        for arm in ARMS.values()
        if result.of("val_mse", arm=arm, bits=bits)
    }
    return min(errors, key=errors.__getitem__, default=None)


def judge(result: Result) -> Verdict:
    """At each rate the best network against PCA with as many bits; then against the best picture
    format with as little error."""
    found: dict[float, tuple[str, Comparison]] = {}
    for bits in result.values("bits", arm="PCA"):
        arm = best_arm(result, bits)
        if arm is not None:
            own, rival = (result.of(name, arm=arm, bits=bits) for name in ("mse", "pca_mse"))
            found[bits] = (arm, compare(rival, own, paired=True))
    if not found:
        return Verdict("open", "No network is trained yet.")
    won = [bits for bits, (_, one) in found.items() if one.ahead == "a"]
    lost = [bits for bits, (_, one) in found.items() if one.ahead == "b"]
    middle = sorted(found)[len(found) // 2]
    arm = found[middle][0]
    error = interval(result.of("mse", arm=arm, bits=middle))
    theirs = interval(result.of("pca_mse", arm=arm, bits=middle)).mean
    formats = interval(result.of("format_bits", arm=arm, bits=middle)).mean
    file = interval(result.of("file_bits", arm=arm, bits=middle)).mean
    sentence = (
        f"With {file:.0f} bits per image the best network ({arm}) has an error of {error} per "
        f"pixel, PCA {theirs:.3g}. The network is ahead of PCA at {len(won)} of {len(found)} rates"
        + (f", PCA at {len(lost)}" if lost else "")
        + ". "
    )
    gray = interval(result.of("gray_mse", arm=arm, bits=middle)).mean
    if error.mean >= gray:
        sentence += (
            f"Its images are worse than one gray for every pixel ({gray:.3g}), which takes no bits."
        )
    elif formats > file:
        count = result.of("break_even", arm=arm, bits=middle)
        sentence += (
            f"The best picture format takes at least {formats:.0f} bits for this error; but the "
            "network's own weights are only paid for after "
            f"{interval(count).mean:,.0f} images."
        )
    else:
        sentence += f"A picture format needs only {formats:.0f} bits for this error."
    smaller = all(
        interval(result.of("format_bits", arm=arm, bits=bits)).mean
        > interval(result.of("file_bits", arm=arm, bits=bits)).mean
        for bits, (arm, _) in found.items()
    )
    if lost or not smaller or error.mean >= gray:
        return Verdict("fails", sentence)
    return Verdict("holds" if len(won) == len(found) else "open", sentence)


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        (
            "Coder",
            "codes are rotated and scaled by the decoder's sensitivity, rounded with one step, and "
            "range-coded with histograms of the training codes, +1 in each cell; the same for PCA",
        ),
        (
            "Chosen on validation images",
            f"the step; code size ({p.as_text(found.sizes)}); beta of the VAE "
            f"({p.as_text(BETAS)}); components of PCA ({p.as_text(PCA_SIZES)}); sheet layout",
        ),
        ("Bits", "of one real file with all test codes, per image; payload: -log2 of the shares"),
        (
            "Compared at",
            "equal bits: PCA's error between two measured rates is read from its curve",
        ),
        ("Picture formats", "all test images on one sheet, gray if the images are"),
        (
            "Break-even",
            f"decoder, rotation and histograms at {WEIGHT_BYTES} bytes per number, over the bytes "
            "saved per image",
        ),
        (
            "Error",
            "mean squared error per pixel of the test images, for values from 0 to 1; gray_mse: of "
            "one gray for every pixel",
        ),
        ("Test images", {"own": "of the same kind"}.get(found.tested, found.tested)),
        ("Equal for all networks", f"{found.steps} training steps"),
    ]


def _answer(result: Result) -> float | None:
    bits = result.of("bits", arm="PNG")
    rates = result.values("bits", arm="PCA")
    return bits[0] / min(rates) if bits and rates else None


EXPERIMENT = Experiment(
    name="compression",
    title="Do autoencoders compress?",
    claim="With equally many bits, an autoencoder keeps more of its own kind of image than PCA, "
    "JPEG, WebP or AVIF.",
    why="A picture format must work for every image. A code only has to tell one image of the "
    "training kind from another, so it needs fewer bits. PCA knows this kind, too, but only as a "
    "flat plane. The price: the decoder's weights belong to the format, and any other kind of "
    "image is lost.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    min_images=200,
    charts=(
        Chart(
            "mse",
            "Error per pixel (MSE)",
            "bits",
            "bits per image",
            log_x=True,
            log_y=True,
            better="lower",
            note="The lossless formats have no error, so a logarithmic axis cannot show them: see "
            "All numbers.",
        ),
        Chart(
            "break_even",
            "Images until the weights are paid for",
            "bits",
            "bits per image",
            log_x=True,
            log_y=True,
            better="lower",
            note="From this number of images on, weights and codes together take fewer bytes than "
            "the best picture format with the same error.",
        ),
    ),
    prediction=Prediction(
        "Draw the error of the dense autoencoder over the bits per image.",
        "dense",
        lambda found: found.bits,
        0.0,
        0.06,
        winner=("PCA", "autoencoder", "a picture format"),
    ),
    break_it=BreakIt(
        "Images of another kind",
        "The test images are inverted: black on white. The networks and PCA never saw that. Which "
        "codec still works?",
        {"tested": "inverted", "arms": ["dense"]},
    ),
    questions=(
        Choice(
            "Why are many images on one sheet, and not in a file each?",
            (
                "The header of a file would count more than the image",
                "A larger image has more pixels to predict from",
            ),
            0,
            (
                "One JPEG file of a small image has hundreds of bytes of tables. No codec of codes "
                "has those, so the comparison would be unfair. See single_bits in All numbers.",
                "The images on a sheet have little to do with each other.",
            ),
        ),
        Choice(
            "A code has 32 numbers of 32 bits. Why does it take far fewer than 1,024 bits here?",
            (
                "Most digits of the numbers do not change the image",
                "The coder also compresses the weights",
            ),
            0,
            (
                "Rounded to a few cells the code gives nearly the same image, and frequent cells "
                "get short names.",
                "The weights are counted apart, at two bytes per number.",
            ),
        ),
        Numeric(
            "In your result: an image in the PNG sheet takes how many times the bits of the lowest "
            "rate?",
            _answer,
            "It is PNG's bits per image, in All numbers, divided by the lowest rate.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "bits": [16, 24, 32, 48, 64, 96, 128],
        "sizes": [8, 16, 32],
        "steps": 6000,
        "seeds": 3,
    },
    table=(
        "arm",
        "quality",
        "bits",
        "size",
        "mse",
        "pca_mse",
        "file_bits",
        "payload_bits",
        "single_bits",
        "format_bits",
        "codec_bytes",
        "break_even",
    ),
    recipe=lambda found, row: (
        configs(next(key for key, label in ARMS.items() if label == row["arm"]), found)[-1].replace(
            **{"bottleneck.latent_dim": int(row["size"])}
        )
        if row["arm"] in ARMS.values()
        else None
    ),
)
