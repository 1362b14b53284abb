"""A training as a film: the moving points of the map, the manifold, and the reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.server.replay.epochs import View, class_names, view
from aeviz.server.replay.film_files import LENGTHS, WRITERS, Kind
from aeviz.training.snapshots import Snapshot

Theme = Literal["light", "dark"]
Colour = tuple[int, int, int]

MIN_SNAPSHOTS = 2
PANEL, GAP, EDGE, HEADER, FOOTER = 336, 14, 16, 44, 30
PAIRS = 8
"""Images whose reconstructions are shown, one below the other."""
LINE = 17
"""Pixels between two lines of class names."""
SUPERSAMPLING = 2
"""Points are drawn larger and then downscaled, so that their edges are smooth."""


@dataclass(frozen=True)
class _Colours:
    background: Colour
    text: Colour
    muted: Colour
    line: Colour
    accent: Colour


_THEMES: dict[Theme, _Colours] = {
    "dark": _Colours((18, 22, 21), (230, 235, 232), (150, 158, 154), (50, 58, 55), (63, 184, 174)),
    "light": _Colours(
        (252, 252, 250), (29, 37, 35), (110, 118, 114), (223, 226, 220), (11, 122, 117)
    ),
}


def film(
    kind: Kind, snapshots: Sequence[Snapshot], config: RunConfig, title: str, theme: Theme = "dark"
) -> bytes:
    """The film as the bytes of a file. UserError if there are too few epochs to make one."""
    if len(snapshots) < MIN_SNAPSHOTS:
        raise UserError("A film needs at least two epochs: wait a moment while the run trains.")
    drawn = _Drawing(snapshots, config, title, theme)
    moments = times(len(snapshots), kind)
    frames = (drawn.frame(time, blend=kind == "mp4") for time in moments)
    return WRITERS[kind](frames, drawn.size)


def times(snapshots: int, kind: Kind) -> list[float]:
    """The time of each frame in snapshots: 0 is the first, 1 the second."""
    frames, _, max_steps = LENGTHS[kind]
    steps = int(np.clip(round(frames / (snapshots - 1)), 1, max_steps))
    return [i / steps for i in range((snapshots - 1) * steps + 1)]


def ease(share: float) -> float:
    """Smooth step from 0 to 1: slow, fast, slow."""
    return share * share * (3 - 2 * share)


class _Drawing:
    """Draws frames between two snapshots."""

    def __init__(
        self, snapshots: Sequence[Snapshot], config: RunConfig, title: str, theme: Theme
    ) -> None:
        self.snapshots, self.title, self.last = snapshots, title, snapshots[-1].epoch
        self.theme = _THEMES[theme]
        self.gaussian = config.bottleneck.kind == "gaussian"
        self.views = [view(snapshot.places, self.gaussian) for snapshot in snapshots]
        self.labels = snapshots[-1].labels
        self.names = class_names(config, self.labels)
        self.colours = [
            _rgb(CLASS_COLOURS[i % len(CLASS_COLOURS)]) for i in range(max(1, len(self.names)))
        ]
        side = PANEL // PAIRS
        self.side = side
        self.manifold = any(snapshot.manifold is not None for snapshot in snapshots)
        panels = 2 if self.manifold else 1
        width = 2 * EDGE + panels * (PANEL + GAP) + 2 * side + 4
        self.size = (width + width % 2, HEADER + PANEL + FOOTER)
        self.font = ImageFont.load_default(15)
        self.small = ImageFont.load_default(12)

    def frame(self, time: float, blend: bool) -> Image.Image:
        """`blend`: images fade into one another; else they change half-way between epochs."""
        first = min(int(time), len(self.snapshots) - 2)
        share = ease(time - first)
        before, after = self.snapshots[first], self.snapshots[first + 1]
        fade = share if blend else float(share >= 0.5)
        page = Image.new("RGB", self.size, self.theme.background)
        self._words(page, time, after if share >= 0.5 else before)
        page.paste(self._map(first, share), (EDGE, HEADER))
        x = EDGE + PANEL + GAP
        if self.manifold:
            page.paste(self._manifold(before, after, fade), (x, HEADER))
            x += PANEL + GAP
        page.paste(self._pairs(before, after, fade), (x, HEADER))
        return page

    def _words(self, page: Image.Image, time: float, shown: Snapshot) -> None:
        draw = ImageDraw.Draw(page)
        theme = self.theme
        draw.text((EDGE, HEADER / 2), self.title, theme.text, self.font, anchor="lm")
        caption = f"epoch {shown.epoch} of {self.last}" if shown.epoch else "untrained"
        right = self.size[0] - EDGE
        draw.text((right, HEADER / 2), caption, theme.text, self.font, anchor="rm")
        y = HEADER + PANEL + FOOTER / 2
        share = time / (len(self.snapshots) - 1)
        draw.rounded_rectangle((EDGE, y - 2, right, y + 2), 2, theme.line)
        end = EDGE + max(4.0, (right - EDGE) * share)
        draw.rounded_rectangle((EDGE, y - 2, end, y + 2), 2, theme.accent)

    def _map(self, first: int, share: float) -> Image.Image:
        big = PANEL * SUPERSAMPLING
        image = Image.new("RGB", (big, big), self.theme.background)
        draw = ImageDraw.Draw(image)
        seen = between(self.views[first], self.views[first + 1], share)
        scale = big / 2 / seen.reach

        def onto(places: NDArray[np.float32]) -> NDArray[np.float64]:
            usable = np.nan_to_num(places.astype(np.float64), posinf=1e9, neginf=-1e9)
            away = (usable - (seen.x, seen.y)) * (scale, -scale)
            return (away + big / 2).clip(-2 * big, 3 * big)

        self._ground(draw, onto, scale)
        a, b = self.snapshots[first].places, self.snapshots[first + 1].places
        same = a.shape == b.shape
        here = onto(a + (b - a) * share if same else (b if share >= 0.5 else a))
        tail = onto(a + (b - a) * max(0.0, share - 0.35)) if same else here
        labels = self.labels if len(self.labels) == len(here) else np.zeros(len(here), np.int16)
        radius = 2.6 * SUPERSAMPLING
        for place, end, label in zip(here, tail, labels, strict=True):
            faint = _mix(self.theme.background, self.colours[label % len(self.colours)], 0.3)
            draw.line((*end, *place), faint, SUPERSAMPLING)
        for (x, y), label in zip(here, labels, strict=True):
            colour = self.colours[label % len(self.colours)]
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
        small = image.reduce(SUPERSAMPLING)
        self._class_names(ImageDraw.Draw(small), here / SUPERSAMPLING, labels)
        ImageDraw.Draw(small).rectangle((0, 0, PANEL - 1, PANEL - 1), outline=self.theme.line)
        return small

    def _ground(
        self,
        draw: ImageDraw.ImageDraw,
        onto: Callable[[NDArray[np.float32]], NDArray[np.float64]],
        scale: float,
    ) -> None:
        """The axes and, for a VAE, circles at 1, 2 and 3 sigmas of its prior."""
        ((x, y),) = onto(np.zeros((1, 2), np.float32))
        big = PANEL * SUPERSAMPLING
        draw.line((x, 0, x, big), self.theme.line, 1)
        draw.line((0, y, big, y), self.theme.line, 1)
        for sigma in (1, 2, 3) if self.gaussian else ():
            r = sigma * scale
            draw.ellipse((x - r, y - r, x + r, y + r), outline=self.theme.line, width=SUPERSAMPLING)

    def _class_names(
        self, draw: ImageDraw.ImageDraw, places: NDArray[np.float64], labels: NDArray[np.int16]
    ) -> None:
        """The class names at the medians of their points, moved up or down by a line or two if they
        would overlap, and left out if there is no room."""
        taken: list[tuple[float, float, float]] = []
        for label, name in enumerate(self.names):
            members = places[labels == label]
            if not len(members):
                continue
            text = name[:16]
            reach = self.font.getlength(text) / 2 + 3
            x, middle = np.median(members, 0)
            x = float(np.clip(x, reach, PANEL - reach))
            free = (
                y
                for y in np.clip(middle + LINE * np.array([0, 1, -1, 2, -2]), 8, PANEL - 8)
                if not any(abs(x - a) < reach + r and abs(y - b) < LINE for a, b, r in taken)
            )
            y = next(free, None)
            if y is None:
                continue
            taken.append((x, float(y), reach))
            draw.text(
                (x, float(y)),
                text,
                self.theme.text,
                self.font,
                anchor="mm",
                stroke_width=3,
                stroke_fill=self.theme.background,
            )

    def _manifold(self, before: Snapshot, after: Snapshot, share: float) -> Image.Image:
        panel = Image.new("RGB", (PANEL, PANEL), self.theme.background)
        sheets = [_sheet(s.manifold.tiles) for s in (before, after) if s.manifold is not None]
        if not sheets:
            return panel
        mixed = _fade(sheets[0], sheets[-1], share)
        scale = min(PANEL / mixed.shape[0], PANEL / mixed.shape[1])
        size = (max(1, round(mixed.shape[1] * scale)), max(1, round(mixed.shape[0] * scale)))
        picture = Image.fromarray(mixed).resize(size, Image.Resampling.NEAREST)
        panel.paste(picture, ((PANEL - size[0]) // 2, (PANEL - size[1]) // 2))
        return panel

    def _pairs(self, before: Snapshot, after: Snapshot, share: float) -> Image.Image:
        """Images beside their reconstructions, one pair below the other."""
        side = self.side
        panel = Image.new("RGB", (2 * side + 4, PANEL), self.theme.background)
        for column, (a, b) in enumerate(((after.x_in, after.x_in), (before.x_hat, after.x_hat))):
            for row, (one, other) in enumerate(zip(a, b, strict=True)):
                picture = Image.fromarray(_fade(_colour(one), _colour(other), share))
                picture = picture.resize((side - 2, side - 2), Image.Resampling.NEAREST)
                panel.paste(picture, (column * (side + 4) + 1, row * side + 1))
        return panel


def between(a: View, b: View, share: float) -> View:
    """The view between a and b; zooms by equal factors in equal times."""
    reach = a.reach * (b.reach / a.reach) ** share
    return View(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share, reach)


def _sheet(tiles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tiles (R, K, C, h, w) as one image (R h, K w, 3)."""
    rows, columns, _, h, w = tiles.shape
    wide = np.broadcast_to(tiles, (rows, columns, 3, h, w))
    return wide.transpose(0, 3, 1, 4, 2).reshape(rows * h, columns * w, 3)


def _colour(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(C, H, W) as (H, W, 3)."""
    return np.ascontiguousarray(np.broadcast_to(image, (3, *image.shape[1:])).transpose(1, 2, 0))


def _fade(a: NDArray[np.uint8], b: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    if share <= 0 or a.shape != b.shape:
        return a if share < 0.5 else b
    if share >= 1:
        return b
    return np.rint(a + (b.astype(np.float32) - a) * share).astype(np.uint8)


def _rgb(colour: str) -> Colour:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(a: Colour, b: Colour, share: float) -> Colour:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue
