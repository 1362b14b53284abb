"""The classical filters that a restorer has to beat: one table, `BASELINES`.

They are other people's work, used as it comes and set well: what each setting is worth was measured
on training photographs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from aeviz.errors import UserError
from aeviz.images.photo import Photo
from aeviz.restoration.findings import noise_of
from aeviz.restoration.photo import Stopped
from aeviz.restoration.tiles import Box

Filter = Callable[[np.ndarray], np.ndarray]
"""(h, w, C) uint8 or uint16 -> the same type, as large or larger by the scale."""

Steps = Generator[tuple[int, int], None, np.ndarray]
"""Yields (done, total) after each part; returns the picture."""


@dataclass(frozen=True)
class Told:
    """What a filter is told: the noise's sigma on the 255 scale, or None; where the holes are, bool
    (H, W), or None; by how much to enlarge."""

    sigma: float | None = None
    mask: np.ndarray | None = None
    scale: int = 1


@dataclass(frozen=True)
class ClassicalFilter:
    """`says` in one line how it works. `package` has to be installed for it."""

    name: str
    title: str
    says: str
    package: str
    steps: Callable[[np.ndarray, Told], Steps]

    def available(self) -> bool:
        return find_spec(self.package) is not None

    def run(
        self,
        pixels: np.ndarray,
        *,
        sigma: float | None = None,
        mask: np.ndarray | None = None,
        scale: int = 1,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> np.ndarray:
        """pixels uint8 or uint16 (H, W, C), C = 1 or 3 -> the same type, `scale` times as large.

        sigma None stands for an estimate. After each part `on_progress(done, total)` is told, and
        before it `should_stop` is asked: then Stopped is raised. UserError where the package is
        missing, or a mask.
        """
        if not self.available():
            raise UserError(f"{self.title} needs a package: pip install {self.package}.")
        steps = self.steps(pixels, Told(sigma, mask, scale))
        while not should_stop():
            try:
                done, total = next(steps)
            except StopIteration as end:
                return end.value
            on_progress(done, total)
        steps.close()
        raise Stopped("Stopped before the photo was finished: restore it again.")


def median(x: Tensor, size: int = 3) -> Tensor:
    """The median of each pixel's size x size neighbourhood, channel by channel, of small images.

    x is (N, C, H, W) on the CPU and so is the result; edges are mirrored.
    """
    return torch.from_numpy(ndimage.median_filter(x.numpy(), size=(1, 1, size, size)))


# ---- medians -----------------------------------------------------------------------------------

_SIDE = 1024
_MOST = 11


def median_size(pixels: np.ndarray, sigma: float | None) -> int:
    """3, 5 or 7: the side that serves best, by the share of black and white values, of which lost
    pixels make many, and by the noise."""
    share = np.mean((pixels == 0) | (pixels == np.iinfo(pixels.dtype).max))
    if share > 0.45:
        return 7
    return 5 if share > 0.26 or (sigma or 0) >= 35 else 3


def _median(pixels: np.ndarray, told: Told) -> Steps:
    size = median_size(pixels, told.sigma)
    return _by_tiles(pixels, lambda tile: _median_of(tile, size), _SIDE, size // 2)


def _adaptive(pixels: np.ndarray, told: Told) -> Steps:
    del told
    return _by_tiles(pixels, _adaptive_median, _SIDE, _MOST // 2)


def _adaptive_median(tile: np.ndarray) -> np.ndarray:
    """Hwang & Haddad 1995, section II-A: a value stays unless it is its window's least or greatest;
    the window grows until its median is neither."""
    import cv2

    out, open_ = tile.copy(), np.ones(tile.shape, bool)
    middle = tile
    for size in range(3, _MOST + 1, 2):
        window = np.ones((size, size), np.uint8)
        low, high = _shaped(cv2.erode(tile, window)), _shaped(cv2.dilate(tile, window))
        middle = _median_of(tile, size)
        sound = open_ & (low < middle) & (middle < high)
        struck = (tile == low) | (tile == high)
        out[sound & struck] = middle[sound & struck]
        open_ &= ~sound
        if not open_.any():
            return out
    out[open_] = middle[open_]
    return out


def _median_of(tile: np.ndarray, size: int) -> np.ndarray:
    import cv2

    if size > 5 and tile.dtype != np.uint8:  # more than OpenCV can
        return ndimage.median_filter(tile, size=(size, size, 1), mode="nearest")
    return _shaped(cv2.medianBlur(tile, size))


# ---- of Gaussian noise -------------------------------------------------------------------------

_SEARCH = 21
_BM3D_SIDE = 512  # a photograph of the usual test sets is one tile
_BM3D_LEAST = 16  # its compiled part fails on smaller ones


def _nlm(pixels: np.ndarray, told: Told) -> Steps:
    """Patches are compared in all channels together, which serves better than OpenCV's way over
    CIELAB; h is the best for each sigma from 8 to 50, as measured."""
    sigma = _noise_of(pixels, told)
    if pixels.shape[2] == 3:
        patch, h = 3, sigma * max(0.6, 1 - 0.0035 * sigma)
    else:
        patch, h = (3, sigma) if sigma < 30 else (5, 0.85 * sigma)

    def clean(tile: np.ndarray) -> np.ndarray:
        import cv2

        return _shaped(cv2.fastNlMeansDenoising(tile, None, h, patch, _SEARCH))

    return _by_tiles(pixels, _in_8_bits(clean), 512, (_SEARCH + patch) // 2, skip=sigma == 0)


def _bm3d(pixels: np.ndarray, told: Told) -> Steps:
    sigma = _noise_of(pixels, told)

    def clean(tile: np.ndarray) -> np.ndarray:
        height, width = tile.shape[:2]
        short = (max(0, _BM3D_LEAST - side) for side in (height, width))
        x = np.pad(tile, [*((0, missing) for missing in short), (0, 0)], mode="symmetric")
        top = np.iinfo(tile.dtype).max
        return _whole(_bm3d_of(x / top, sigma / 255)[:height, :width] * top, tile.dtype)

    return _by_tiles(pixels, clean, _BM3D_SIDE, 32, skip=sigma == 0)


def _bm3d_of(x: np.ndarray, sigma: float) -> np.ndarray:
    """x (h, w, C) in [0, 1]: all colours at once, but one by one where a difference of theirs is
    the same everywhere (in a grey picture), for the package divides by its range."""
    import bm3d

    layers = np.moveaxis(x, 2, 0)
    if len(layers) == 3:
        r, g, b = layers
        if min(np.ptp(difference) for difference in (r + g + b, r - b, r - 2 * g + b)) > 1e-6:
            return bm3d.bm3d_rgb(x, sigma)
    return np.dstack([bm3d.bm3d(layer, sigma) for layer in layers])


def _noise_of(pixels: np.ndarray, told: Told) -> float:
    return noise_of(Photo(pixels)) if told.sigma is None else told.sigma


# ---- enlarging and filling ---------------------------------------------------------------------

_RADIUS = 8
_CELL = 512


def _bicubic(pixels: np.ndarray, told: Told) -> Steps:
    scale = told.scale

    def enlarge(tile: np.ndarray) -> np.ndarray:
        size = (tile.shape[1] * scale, tile.shape[0] * scale)
        parts = (Image.fromarray(part) for part in np.moveaxis(tile.astype(np.float32), 2, 0))
        larger = [np.asarray(part.resize(size, Image.Resampling.BICUBIC)) for part in parts]
        return _whole(np.stack(larger, 2), tile.dtype)

    return _by_tiles(pixels, enlarge, _SIDE, 4, scale)


def _telea(pixels: np.ndarray, told: Told) -> Steps:
    import cv2

    return _filled(pixels, told, cv2.INPAINT_TELEA)


def _navier_stokes(pixels: np.ndarray, told: Told) -> Steps:
    import cv2

    return _filled(pixels, told, cv2.INPAINT_NS)


def _filled(pixels: np.ndarray, told: Told, method: int) -> Steps:
    """`cv2.inpaint`, hole by hole: far apart they know nothing of each other."""
    import cv2

    mask = told.mask
    if mask is None or not mask.any():
        raise UserError("Nothing is marked: paint over what is to be filled.")
    if mask.all():
        raise UserError("All of the photo is marked: leave some of it to fill the holes from.")
    holes, out = mask.astype(np.uint8), pixels.copy()
    groups = list(_groups(holes, 2 * _RADIUS + 2))
    for done, (box, inside) in enumerate(groups, 1):
        place = np.s_[box.top : box.bottom, box.left : box.right]
        part, hole = pixels[place], holes[place]
        # of 16 bits OpenCV takes one channel at a time
        layers = [part] if part.dtype == np.uint8 else np.dsplit(part, part.shape[2])
        filled = [
            cv2.inpaint(np.ascontiguousarray(layer), hole, _RADIUS, method) for layer in layers
        ]
        out[place][inside] = np.dstack(filled)[inside]
        yield done, len(groups)
    return out


def _groups(holes: np.ndarray, reach: int) -> Iterator[tuple[Box, np.ndarray]]:
    """The holes in groups: the box that each needs, and which of its pixels, bool, are its own.

    Holes nearer to each other than `reach` are one; the many in a cell of the photo are a group.
    """
    import cv2

    height, width = holes.shape
    near = cv2.dilate(holes, np.ones((reach + 1, reach + 1), np.uint8))
    _, labels, stats, centres = cv2.connectedComponentsWithStats(near)
    cells: dict[tuple[int, ...], list[int]] = {}
    for label in range(1, len(stats)):
        cells.setdefault(tuple(centres[label].astype(int) // _CELL), []).append(label)
    for members in cells.values():
        left, top, wide, high, _ = stats[members].T
        box = Box(
            max(0, left.min() - reach), max(0, top.min() - reach),
            min(width, (left + wide).max() + reach), min(height, (top + high).max() + reach),
        )  # fmt: skip
        place = np.s_[box.top : box.bottom, box.left : box.right]
        yield box, np.isin(labels[place], members) & (holes[place] > 0)


# ---- parts -------------------------------------------------------------------------------------


def _by_tiles(
    pixels: np.ndarray, filter_: Filter, side: int, overlap: int, scale: int = 1, skip: bool = False
) -> Steps:
    """The picture in tiles of about `side` square, each seen with `overlap` pixels around it."""
    if skip:
        return pixels.copy()
    height, width, channels = pixels.shape
    out = np.empty((height * scale, width * scale, channels), pixels.dtype)
    rows, columns = _edges(height, side), _edges(width, side)
    total, done = len(rows) * len(columns), 0
    for top, bottom in rows:
        for left, right in columns:
            above, before = min(top, overlap), min(left, overlap)
            seen = pixels[top - above : bottom + overlap, left - before : right + overlap]
            made = filter_(np.ascontiguousarray(seen))
            out[top * scale : bottom * scale, left * scale : right * scale] = made[
                above * scale : (above + bottom - top) * scale,
                before * scale : (before + right - left) * scale,
            ]
            done += 1
            yield done, total
    return out


def _edges(length: int, side: int) -> list[tuple[int, int]]:
    """(start, end) of equal parts of 0..length, none longer than `side`."""
    count = -(-length // side)
    return [(i * length // count, (i + 1) * length // count) for i in range(count)]


def _in_8_bits(filter_: Filter) -> Filter:
    """For a library that knows 8 bits only."""

    def filter_of_any(tile: np.ndarray) -> np.ndarray:
        if tile.dtype == np.uint8:
            return filter_(tile)
        return filter_(_whole(tile / 257, np.uint8)).astype(tile.dtype) * 257

    return filter_of_any


def _shaped(pixels: np.ndarray) -> np.ndarray:
    """(h, w) or (h, w, C) -> (h, w, C)."""
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _whole(values: np.ndarray, dtype: np.dtype | type) -> np.ndarray:
    """Rounded and clipped to this unsigned type."""
    return values.round().clip(0, np.iinfo(dtype).max).astype(dtype)


BASELINES: dict[str, ClassicalFilter] = {
    baseline.name: baseline
    for baseline in (
        ClassicalFilter(
            "median", "Median",
            "Each value becomes the middle one of its 3 × 3 to 7 × 7 neighbours.",
            "cv2", _median,
        ),
        ClassicalFilter(
            "adaptive-median", "Adaptive median",
            "Only the darkest and brightest of their neighbours become the middle one.",
            "cv2", _adaptive,
        ),
        ClassicalFilter(
            "nlm", "Non-local means",
            "Averages pixels whose surroundings look alike.",
            "cv2", _nlm,
        ),
        ClassicalFilter(
            "bm3d", "BM3D",
            "Stacks blocks that look alike and filters each stack at once: the best classical one.",
            "bm3d", _bm3d,
        ),
        ClassicalFilter(
            "bicubic", "Bicubic",
            "Draws a smooth curve through the pixels.",
            "PIL", _bicubic,
        ),
        ClassicalFilter(
            "telea", "Telea",
            "Fills from the edge inwards, each pixel with the average of what is known near it.",
            "cv2", _telea,
        ),
        ClassicalFilter(
            "ns", "Navier-Stokes",
            "Lets the lines of equal brightness flow into the hole.",
            "cv2", _navier_stokes,
        ),
    )
}  # fmt: skip
