"""Picture formats: a sheet of test images at each quality."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from torch import Tensor

from aeviz.datasets import Dataset
from aeviz.evaluation import picture_formats
from aeviz.experiments.compression.codec import SHOWN, read_curve
from aeviz.experiments.compression.images import images_of

SINGLES: Final = 20
"""Test images that are also saved each in a file of its own."""


@dataclass(frozen=True)
class PictureFile:
    """A sheet of test images in a picture format; bits are per image. `shown`: its first images,
    from 0 to 1."""

    format: str
    quality: int | None
    file_bits: float
    payload_bits: float
    single_bits: float
    mse: float
    shown: Tensor


@lru_cache(maxsize=2)
def files_of(dataset: Dataset, kind: str) -> list[PictureFile]:
    """The sheet of test images in each format, lossy ones at each quality."""
    test = images_of(dataset, kind).images
    found = []
    for name in picture_formats.available((*picture_formats.LOSSY, *picture_formats.LOSSLESS)):
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
                PictureFile(
                    name,
                    quality,
                    8 * len(data) / len(test),
                    8 * picture_formats.payload(data) / len(test),
                    8 * sum(alone) / len(alone),
                    sheet.error(data),
                    sheet.images_in(data)[:SHOWN] / 255,
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


def bits_of_formats(mse: float, dataset: Dataset, kind: str) -> float:
    """The fewest bits per image with which a lossy format has this error; of a format whose
    smallest file has less error, the bits of that file."""
    files = [one for one in files_of(dataset, kind) if one.quality is not None]
    return min(
        read_curve(
            mse, [(max(one.mse, 1e-9), one.file_bits) for one in files if one.format == name]
        )
        for name in picture_formats.available()
    )
