"""A codec of codes: its points of rate and error, and curves through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from torch import Tensor

from aeviz.datasets import Split
from aeviz.evaluation import entropy_coding
from aeviz.evaluation.transform_coding import Decode, Quantizer, Transform, at_rates
from aeviz.experiments.fitting import pixels

SHOWN: Final = 8
HEADER: Final = 8
"""Bytes in which a file of codes says how many images it has and how long its stream is."""
WEIGHT_BYTES: Final = 2


@dataclass(frozen=True)
class Codec:
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
    """A codec at one rate. place: which of the codecs it is; bits: the largest rate allowed;
    file_bits, payload_bits: per image, of the real file and as -log2 of the shares; codec_bytes:
    what a receiver needs beside."""

    place: int
    bits: float
    size: int
    val_mse: float
    mse: float
    file_bits: float
    payload_bits: float
    codec_bytes: int
    shown: Tensor


def best_points(
    codecs: Sequence[Codec], rates: Sequence[float], validation: Split, test: Split
) -> list[Point]:
    """For each rate the codec with the least error on the validation images, measured on the test
    images."""
    best: dict[float, tuple[float, int, Quantizer]] = {}
    for place, codec in enumerate(codecs):
        y, other = codec.transform(codec.train), codec.transform(codec.validation)
        for rate, one in zip(rates, at_rates(y, other, tuple(rates)), strict=True):
            x_hat = _decoded(codec, one, one.symbols(other))
            mse = _mse(x_hat, validation)
            if rate not in best or mse < best[rate][0]:
                best[rate] = (mse, place, one)
    return [_measured(rate, *best[rate], codecs, test) for rate in rates]


def _measured(
    rate: float, val_mse: float, place: int, one: Quantizer, codecs: Sequence[Codec], test: Split
) -> Point:
    codec = codecs[place]
    symbols = one.symbols(codec.transform(codec.test))
    stream = entropy_coding.encode(symbols, one.histograms)
    x_hat = _decoded(codec, one, symbols)
    numbers = codec.weights + codec.transform.backward.numel() + one.table_numbers
    return Point(
        place,
        rate,
        codec.train.shape[1],
        val_mse,
        _mse(x_hat, test),
        8 * (HEADER + len(stream)) / len(test),
        one.bits(symbols),
        WEIGHT_BYTES * numbers,
        x_hat[:SHOWN],
    )


def _decoded(codec: Codec, one: Quantizer, symbols: entropy_coding.Symbols) -> Tensor:
    return codec.decode(codec.transform.inverse(one.decoded(symbols))).clamp(0, 1)


def _mse(x_hat: Tensor, split: Split) -> float:
    return (x_hat.flatten(1) - pixels(split)).square().mean().item()


def read_curve(place: float, curve: Sequence[tuple[float, float]]) -> float:
    """The height of a curve of (x, y) > 0 at a place, straight in log-log; its ends go on level."""
    x, y = np.log(np.array(sorted(curve))).T
    return float(np.exp(np.interp(np.log(place), x, y)))
