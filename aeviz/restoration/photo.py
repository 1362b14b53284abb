"""A whole photograph of any size, restored tile by tile: in bounded memory, seen as it comes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.degradations.pixels import luminance
from aeviz.errors import UserError
from aeviz.images.photo import Photo
from aeviz.nn.unet import Restorer
from aeviz.restoration import guess
from aeviz.restoration.findings import Findings, find, without_hidden_colours
from aeviz.restoration.inference import restore
from aeviz.restoration.noise_level import MAX_SIGMA
from aeviz.restoration.tasks import Task
from aeviz.restoration.tiles import Box, Grid, mosaic
from aeviz.restoration.watermark.find import Watermark
from aeviz.restoration.watermark.find import find as find_mark

MAX_PIXELS = 50_000_000

SIDE = 640
OVERLAP = 96
"""Windows of SIDE x SIDE pixels of the result, which share OVERLAP. The outer 32 pixels of a window
are not used where windows meet; from there the denoiser differs from one that sees all by 0.15
grey levels at most (measured at sigma 25 and 50)."""

_BATCH = {"cuda": 16}


@dataclass(frozen=True)
class Tile:
    """A finished part of the result: uint8 pixels (h, w, C), which belong at `box`; the `done`th of
    `total`."""

    box: Box
    pixels: np.ndarray
    done: int
    total: int


class Stopped(UserError):  # noqa: N818  (no mistake, but the end that was asked for)
    """The restoring was stopped, and there is no result."""


def restore_photo(
    model: Restorer,
    task: Task,
    photo: Photo,
    *,
    on_tile: Callable[[Tile], None] = lambda tile: None,
    should_stop: Callable[[], bool] = lambda: False,
    **settings: Any,
) -> Photo:
    """`restoring`, to its end: before each tile `should_stop` is asked, after each `on_tile` told.

    Raises Stopped, and what `restoring` does.
    """
    tiles = restoring(model, task, photo, **settings)
    while True:
        if should_stop():
            raise Stopped("Stopped before the photo was finished: restore it again.")
        try:
            on_tile(next(tiles))
        except StopIteration as end:
            return cast(Photo, end.value)


@torch.inference_mode()
def restoring(
    model: Restorer,
    task: Task,
    photo: Photo,
    *,
    mask: np.ndarray | None = None,
    sigma: float | None = None,
    vividness: float = 1.0,
    precision: str = "auto",
) -> Generator[Tile, None, Photo]:
    """Yields the tiles of the photograph restored, and returns it whole, at full depth.

    It is computed on the device that the model is on. mask: bool (H, W), True in the holes, for the
    task that fills. sigma: the noise level on the 255 scale that a denoiser is told, None for what
    is found in the photograph: where that is none, nothing is changed, and a note says so.
    vividness: a factor on the colours that the network guesses. Colours that alpha hides stay, and
    change nothing beside them. Raises UserError where the photograph is too large, or a mask is
    missing or of another size.
    """
    check(task, photo, mask, sigma)
    height, width, channels = photo.pixels.shape
    height, width = height * task.scale, width * task.scale
    found = find(task, photo, sigma)
    own, photo = photo, without_hidden_colours(photo)
    stays_grey = channels == 1 and task.name != "colour"
    grid = Grid(height, width, SIDE, OVERLAP, model.MULTIPLE)
    mark = find_mark(model, photo, precision) if model.matte else None
    mask = mask if task.mask else None
    if task.damage == "grey":
        sure = guess.sure(model, photo.pixels, precision)
        vividness, said = vividness * sure, guess.note(sure)
        found = replace(found, notes=(said,) if said else ())
    work = _Work(model, task, photo, mask, mark, found, vividness, precision, stays_grey)
    pixels = np.empty((height, width, 1 if stays_grey else 3), photo.pixels.dtype)
    alpha = photo.alpha
    if alpha is not None and task.scale > 1:
        alpha = np.empty((height, width), alpha.dtype)
    batch = _BATCH.get(work.device.type, 1)
    for done, (box, part) in enumerate(mosaic(grid, work.windows, batch), 1):
        place = np.s_[box.top : box.bottom, box.left : box.right]
        colour = part[: pixels.shape[2]]
        pixels[place] = _whole_levels(colour, pixels.dtype)
        if alpha is not None and task.scale > 1:
            alpha[place] = _whole_levels(part[-1:], alpha.dtype)[:, :, 0]
        shown = pixels[place] if pixels.dtype == np.uint8 else _whole_levels(colour, np.uint8)
        yield Tile(box, shown, done, len(grid))
    if own is not photo and own.alpha is not None and task.scale == 1:
        hidden = own.alpha == 0
        pixels[hidden] = own.pixels[hidden]
    return Photo(pixels, alpha, (*photo.notes, *found.notes, *(mark.notes if mark else ())))


def check(task: Task, photo: Photo, mask: np.ndarray | None, sigma: float | None) -> None:
    """UserError where this cannot be done to this photograph."""
    height, width = photo.pixels.shape[:2]
    most = MAX_PIXELS // task.scale**2
    if height * width > most:
        raise UserError(
            f"This photo has {height * width / 1e6:.1f} megapixels; "
            f"{task.title} takes {most / 1e6:.4g} at most: make it smaller."
        )
    if sigma is not None and not 0 < sigma <= MAX_SIGMA:
        raise UserError(f"The noise level must lie above 0 and be {MAX_SIGMA:.0f} at most.")
    if not task.mask:
        return
    if mask is None or not mask.any():
        raise UserError("Nothing is marked: paint over what is to be filled.")
    if mask.shape != (height, width):
        raise UserError(
            f"The mask is {mask.shape[1]}x{mask.shape[0]} pixels and the photo {width}x{height}: "
            "give both the same size."
        )


def vividness_of(card: dict[str, Any]) -> float:
    """The factor on guessed colours that a model's card asks for, within reason; else 1."""
    value = card.get("vividness")
    return min(max(float(value), 0.0), 3.0) if isinstance(value, int | float) else 1.0


@dataclass(frozen=True)
class _Work:
    """One photograph's windows, from its pixels to restored ones."""

    model: Restorer
    task: Task
    photo: Photo
    mask: np.ndarray | None
    mark: Watermark | None
    found: Findings
    vividness: float
    precision: str
    stays_grey: bool

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def windows(self, boxes: list[Box]) -> Tensor:
        """(N, C, h, w) in [0, 1]; one more channel, the alpha, where that changes its size."""
        x = self._input(self.photo.pixels, boxes)
        x = x.expand(-1, 3, -1, -1)
        x_hat = self._restored(x, boxes)
        if self.stays_grey:
            x_hat = x_hat.mean(1, keepdim=True)
        if self.task.scale > 1 and self.photo.alpha is not None:
            x_hat = torch.cat([x_hat, self._input(self.photo.alpha[:, :, None], boxes)], 1)
        return x_hat

    def _restored(self, x: Tensor, boxes: list[Box]) -> Tensor:
        if self.mark is not None:
            return self.mark.taken_off(x, boxes)
        if self.found.untouched:
            return x.clone()
        known = torch.full_like(x[:, :1], self.found.sigma / 255)
        if self.mask is not None:
            known = self._cut(self.mask[:, :, None], boxes).float()
            if not known.any():
                return x.clone()
            x = x * (1 - known)
        if self.task.damage == "grey":
            x = luminance(x).expand(-1, 3, -1, -1)
        return restore(self.model, x, known, self.precision, self.vividness)

    def _input(self, pixels: np.ndarray, boxes: list[Box]) -> Tensor:
        """Under these boxes of the result, in [0, 1], enlarged to its size."""
        x = self._cut(pixels, boxes).float() / np.iinfo(pixels.dtype).max
        if self.task.scale > 1:
            x = F.interpolate(
                x, scale_factor=self.task.scale, mode="bicubic", antialias=True
            ).clamp(0, 1)
        return x

    def _cut(self, pixels: np.ndarray, boxes: list[Box]) -> Tensor:
        """(H, W, C) -> (N, C, h, w), mirrored where a box reaches beyond the photograph."""
        parts = [_mirrored(pixels, *(side // self.task.scale for side in box)) for box in boxes]
        return torch.from_numpy(np.stack(parts)).to(self.device).permute(0, 3, 1, 2)


def _mirrored(pixels: np.ndarray, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    part = pixels[top:bottom, left:right]
    missing = (bottom - top - part.shape[0], right - left - part.shape[1])
    if any(missing):
        part = np.pad(part, [(0, missing[0]), (0, missing[1]), (0, 0)], mode="symmetric")
    return part


def _whole_levels(x: Tensor, dtype: np.dtype | type) -> np.ndarray:
    """(C, h, w) in [0, 1] -> (h, w, C) of this unsigned type."""
    levels = (x * np.iinfo(dtype).max).round().permute(1, 2, 0)
    if dtype == np.uint8:
        return levels.to(torch.uint8).cpu().numpy()
    return levels.cpu().numpy().astype(dtype)
