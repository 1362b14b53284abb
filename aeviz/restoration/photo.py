"""Restore a photograph of any size tile by tile, in bounded memory; tiles can be shown at once."""

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
"""Windows are SIDE x SIDE pixels of the result and overlap by OVERLAP. Where windows meet, the
outer 32 pixels of each are not used; further inside, the result differs from that on the whole
photograph by at most 0.15 grey levels (measured at sigma 25 and 50)."""

_BATCH = {"cuda": 16}


@dataclass(frozen=True)
class Tile:
    """A finished part of the result: uint8 pixels (h, w, C) at `box`; number `done` of `total`."""

    box: Box
    pixels: np.ndarray
    done: int
    total: int


class Stopped(UserError):  # noqa: N818  (not an error: the user stopped it)
    """Restoration was stopped, and there is no result."""


def restore_photo(
    model: Restorer,
    task: Task,
    photo: Photo,
    *,
    on_tile: Callable[[Tile], None] = lambda tile: None,
    should_stop: Callable[[], bool] = lambda: False,
    **settings: Any,
) -> Photo:
    """Run `restore_tiles` to its end. Calls `on_tile` after each tile, and raises Stopped if
    `should_stop()` is true before one."""
    tiles = restore_tiles(model, task, photo, **settings)
    while True:
        if should_stop():
            raise Stopped("Stopped before the photo was finished: restore it again.")
        try:
            on_tile(next(tiles))
        except StopIteration as end:
            return cast(Photo, end.value)


@torch.inference_mode()
def restore_tiles(
    model: Restorer,
    task: Task,
    photo: Photo,
    *,
    mask: np.ndarray | None = None,
    sigma: float | None = None,
    vividness: float = 1.0,
    precision: str = "auto",
) -> Generator[Tile, None, Photo]:
    """Yields the tiles of the restored photograph, and returns the whole at full depth.

    It is computed on the model's device. mask: bool (H, W), True in holes, for the task that fills.
    sigma: the noise level on the 255 scale for a denoiser, None to estimate it; if no noise is
    found, nothing is changed, and a note says so. vividness: a factor on the colours that the
    network guesses. Colours of fully transparent pixels stay as they are and do not affect others.
    Raises UserError if the photograph is too large, or the mask is missing or has another size.
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
        vividness, note = vividness * sure, guess.note(sure)
        found = replace(found, notes=(note,) if note else ())
    windows = _Windows(model, task, photo, mask, mark, found, vividness, precision, stays_grey)
    pixels = np.empty((height, width, 1 if stays_grey else 3), photo.pixels.dtype)
    alpha = photo.alpha
    if alpha is not None and task.scale > 1:
        alpha = np.empty((height, width), alpha.dtype)
    batch = _BATCH.get(windows.device.type, 1)
    for done, (box, part) in enumerate(mosaic(grid, windows.restored, batch), 1):
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
    """UserError if this task cannot be done to this photograph."""
    height, width = photo.pixels.shape[:2]
    max_pixels = MAX_PIXELS // task.scale**2
    if height * width > max_pixels:
        raise UserError(
            f"This photo has {height * width / 1e6:.1f} megapixels; "
            f"{task.title} takes at most {max_pixels / 1e6:.4g}: make it smaller."
        )
    if sigma is not None and not 0 < sigma <= MAX_SIGMA:
        raise UserError(f"The noise level must be above 0 and at most {MAX_SIGMA:.0f}.")
    if not task.mask:
        return
    if mask is None or not mask.any():
        raise UserError("Nothing is marked: paint over the part to fill.")
    if mask.shape != (height, width):
        raise UserError(
            f"The mask is {mask.shape[1]}x{mask.shape[0]} pixels and the photo {width}x{height}: "
            "give both the same size."
        )


def vividness_of(card: dict[str, Any]) -> float:
    """The factor on guessed colours in a model's card, limited to 0..3; 1 if there is none."""
    value = card.get("vividness")
    return min(max(float(value), 0.0), 3.0) if isinstance(value, int | float) else 1.0


@dataclass(frozen=True)
class _Windows:
    """Cuts windows out of one photograph and restores them."""

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

    def restored(self, boxes: list[Box]) -> Tensor:
        """(N, C, h, w) in [0, 1]; with one more channel, the alpha, if that is enlarged, too."""
        x = self._input(self.photo.pixels, boxes)
        x = x.expand(-1, 3, -1, -1)
        x_hat = self._restore(x, boxes)
        if self.stays_grey:
            x_hat = x_hat.mean(1, keepdim=True)
        if self.task.scale > 1 and self.photo.alpha is not None:
            x_hat = torch.cat([x_hat, self._input(self.photo.alpha[:, :, None], boxes)], 1)
        return x_hat

    def _restore(self, x: Tensor, boxes: list[Box]) -> Tensor:
        if self.mark is not None:
            return self.mark.remove(x, boxes)
        if self.found.untouched:
            return x.clone()
        conditioning = torch.full_like(x[:, :1], self.found.sigma / 255)
        if self.mask is not None:
            conditioning = self._cut(self.mask[:, :, None], boxes).float()
            if not conditioning.any():
                return x.clone()
            x = x * (1 - conditioning)
        if self.task.damage == "grey":
            x = luminance(x).expand(-1, 3, -1, -1)
        return restore(self.model, x, conditioning, self.precision, self.vividness)

    def _input(self, pixels: np.ndarray, boxes: list[Box]) -> Tensor:
        """The pixels under these boxes of the result, in [0, 1], enlarged to its size."""
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
