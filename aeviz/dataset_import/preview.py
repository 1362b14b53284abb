"""Preview an upload before it becomes a data set: counts, folders, and a few images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from aeviz.dataset_import import names, ranges, upload_format
from aeviz.dataset_import.build import (
    Contents,
    LeftOut,
    Progress,
    Reader,
    Recipe,
    contents,
    fitted,
    in_turns,
)
from aeviz.dataset_import.names import Labels
from aeviz.errors import UserError
from aeviz.images import Decoded, Span, Window

Samples = list[tuple[str, Decoded]]
SAMPLES = 36
TRIES = 60
"""Files to try, as some may not be images."""
SIDE = 256
"""Pixels of a sample's longer side: more than in any data set."""


@dataclass(frozen=True)
class Look:
    """The preview. `counts`: files in each class for each kind of labels. `samples`: paths and
    small images. `left_out`: includes the files that were tried and are not images. `stretched`:
    the samples with their range stretched, if they use a small part of it; `note` says which."""

    counts: dict[Labels, dict[str, int]]
    samples: Samples
    paths: list[str]
    left_out: LeftOut
    stretched: Samples | None = None
    note: str = ""

    @property
    def total(self) -> int:
        return len(self.paths)

    def preview(self, recipe: Recipe, each: int) -> dict[str, list[torch.Tensor]]:
        """The samples as the network will see them: uint8 (C, side, side), up to `each` per
        class."""
        kinds = dict(zip(self.paths, names.classes(self.paths, recipe.labels), strict=True))
        shown: dict[str, list[torch.Tensor]] = {name: [] for name in self.counts[recipe.labels]}
        pictures = self.stretched if recipe.stretch and self.stretched else self.samples
        for path, picture in pictures:
            row = shown[kinds[path]]
            if len(row) < each:
                row.append(fitted(picture, recipe))
        return shown


def look(path: Path, progress: Progress, cancelled: Callable[[], bool]) -> Look | None:
    """Preview an upload; None if it was cancelled. UserError if it is incomplete, or contains no
    images."""
    progress(0.0, "Looking at the images")
    with upload_format.opened(path) as items:
        found = contents(items)
        first = _samples(found, None, progress, cancelled)
        if first is None:
            return None
        stored, stretched = (ranges.window_of(first.spans, stretch) for stretch in (False, True))
        note = ranges.note(first.spans, True) if stored != stretched else ""
        as_stored = _samples(found, stored, progress, cancelled) if stored else first
        spread = _samples(found, stretched, progress, cancelled) if note else None
        if as_stored is None or (note and spread is None):
            return None
        best = spread or as_stored
        for index, why in best.broken.items():
            found.left_out.add(found.items[index].path, why)
        found.items[:] = [item for i, item in enumerate(found.items) if i not in best.broken]
        if not found.items:
            why = next(iter(found.left_out.reasons), "")
            raise UserError(f"There is no image in your files: choose other files. {why}".rstrip())
        counts: dict[Labels, dict[str, int]] = {
            "folder": found.counts("folder"),
            "top": found.counts("top"),
            "none": found.counts("none"),
        }
        paths = [item.path for item in found.items]
        shown = spread.samples if spread else None
        return Look(counts, as_stored.samples, paths, found.left_out, shown, note)


@dataclass(frozen=True)
class _Tried:
    """`broken`: index of each file that is not an image -> the reason; `spans`: the ranges of the
    images."""

    samples: Samples
    broken: dict[int, str]
    spans: list[Span]


def _samples(
    found: Contents, window: Window | None, progress: Progress, cancelled: Callable[[], bool]
) -> _Tried | None:
    """A few of the images, from all classes in turn."""
    kinds = names.classes([item.path for item in found.items], "folder")
    samples: Samples = []
    broken: dict[int, str] = {}
    reader = Reader(window)
    for index in in_turns(kinds)[:TRIES]:
        if cancelled():
            return None
        if len(samples) == SAMPLES:
            break
        try:
            samples.append((found.items[index].path, small(reader.read(found.items[index]))))
        except UserError as error:
            broken[index] = error.message
            continue
        progress(len(samples) / min(SAMPLES, len(kinds)), "Looking at the images")
    return _Tried(samples, broken, reader.spans)


def small(decoded: Decoded) -> Decoded:
    """The image shrunk to at most `SIDE` pixels, with its aspect ratio."""
    height, width, channels = decoded.pixels.shape
    scale = SIDE / max(height, width)
    if scale >= 1:
        return decoded
    pixels = decoded.pixels[:, :, 0] if channels == 1 else decoded.pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrunk = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    return Decoded(shrunk.reshape(size[1], size[0], channels), None, decoded.notes)
