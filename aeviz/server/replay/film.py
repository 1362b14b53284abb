"""A run's training as a film: the map whose points glide, the manifold, and the reconstructions."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.server.replay.epochs import View, class_names, view
from aeviz.training.snapshots import Snapshot

Kind = Literal["gif", "mp4"]
Theme = Literal["light", "dark"]
Colour = tuple[int, int, int]

FEWEST = 2
PANEL, GAP, EDGE, HEADER, FOOTER = 336, 14, 16, 44, 30
PAIRS = 8
"""Images whose reconstructions are shown, over one another."""
LENGTHS: dict[Kind, tuple[int, int, int]] = {"gif": (60, 15, 6), "mp4": (240, 30, 24)}
"""About so many frames in all, so many a second, and at most so many from one epoch to the next."""
HOLD_SECONDS = 2
"""The last epoch stays."""
LINE = 17
"""Pixels from one class's name to the next below it."""
FINE = 2
"""Points are drawn larger and made smaller, so that their edges are smooth."""


@dataclass(frozen=True)
class _Look:
    background: Colour
    text: Colour
    muted: Colour
    line: Colour
    accent: Colour


_LOOKS: dict[Theme, _Look] = {
    "dark": _Look((18, 22, 21), (230, 235, 232), (150, 158, 154), (50, 58, 55), (63, 184, 174)),
    "light": _Look((252, 252, 250), (29, 37, 35), (110, 118, 114), (223, 226, 220), (11, 122, 117)),
}


def film(
    kind: Kind, snapshots: Sequence[Snapshot], config: RunConfig, title: str, theme: Theme = "dark"
) -> bytes:
    """The film as the bytes of a file. UserError where there are too few epochs to make one."""
    if len(snapshots) < FEWEST:
        raise UserError("A film needs two epochs at least: let it train on for a moment.")
    drawn = _Drawing(snapshots, config, title, theme)
    moments = times(len(snapshots), kind)
    frames = (drawn.frame(time, blend=kind == "mp4") for time in moments)
    return _WRITERS[kind](frames, drawn.size)


def times(snapshots: int, kind: Kind) -> list[float]:
    """The place of each frame among the snapshots: 0 is the first, 1 the second."""
    frames, _, most = LENGTHS[kind]
    steps = int(np.clip(round(frames / (snapshots - 1)), 1, most))
    return [i / steps for i in range((snapshots - 1) * steps + 1)]


def ease(share: float) -> float:
    """Slow, fast, slow: from 0 to 1."""
    return share * share * (3 - 2 * share)


class _Drawing:
    """Draws the moment between two snapshots."""

    def __init__(
        self, snapshots: Sequence[Snapshot], config: RunConfig, title: str, theme: Theme
    ) -> None:
        self.snapshots, self.title, self.last = snapshots, title, snapshots[-1].epoch
        self.look = _LOOKS[theme]
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
        """`blend`: pictures fade into one another; else they change half way between epochs."""
        first = min(int(time), len(self.snapshots) - 2)
        share = ease(time - first)
        before, after = self.snapshots[first], self.snapshots[first + 1]
        fade = share if blend else float(share >= 0.5)
        page = Image.new("RGB", self.size, self.look.background)
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
        look = self.look
        draw.text((EDGE, HEADER / 2), self.title, look.text, self.font, anchor="lm")
        said = f"epoch {shown.epoch} of {self.last}" if shown.epoch else "untrained"
        right = self.size[0] - EDGE
        draw.text((right, HEADER / 2), said, look.text, self.font, anchor="rm")
        y = HEADER + PANEL + FOOTER / 2
        share = time / (len(self.snapshots) - 1)
        draw.rounded_rectangle((EDGE, y - 2, right, y + 2), 2, look.line)
        end = EDGE + max(4.0, (right - EDGE) * share)
        draw.rounded_rectangle((EDGE, y - 2, end, y + 2), 2, look.accent)

    def _map(self, first: int, share: float) -> Image.Image:
        big = PANEL * FINE
        image = Image.new("RGB", (big, big), self.look.background)
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
        radius = 2.6 * FINE
        for place, end, label in zip(here, tail, labels, strict=True):
            faint = _mix(self.look.background, self.colours[label % len(self.colours)], 0.3)
            draw.line((*end, *place), faint, FINE)
        for (x, y), label in zip(here, labels, strict=True):
            colour = self.colours[label % len(self.colours)]
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)
        small = image.reduce(FINE)
        self._class_names(ImageDraw.Draw(small), here / FINE, labels)
        ImageDraw.Draw(small).rectangle((0, 0, PANEL - 1, PANEL - 1), outline=self.look.line)
        return small

    def _ground(
        self,
        draw: ImageDraw.ImageDraw,
        onto: Callable[[NDArray[np.float32]], NDArray[np.float64]],
        scale: float,
    ) -> None:
        """The axes, and for a VAE its prior's first three sigmas."""
        ((x, y),) = onto(np.zeros((1, 2), np.float32))
        big = PANEL * FINE
        draw.line((x, 0, x, big), self.look.line, 1)
        draw.line((0, y, big, y), self.look.line, 1)
        for sigma in (1, 2, 3) if self.gaussian else ():
            r = sigma * scale
            draw.ellipse((x - r, y - r, x + r, y + r), outline=self.look.line, width=FINE)

    def _class_names(
        self, draw: ImageDraw.ImageDraw, places: NDArray[np.float64], labels: NDArray[np.int16]
    ) -> None:
        """The classes' names at their middles: a line or two higher or lower where one is written
        already, and left out where there is no room at all."""
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
                self.look.text,
                self.font,
                anchor="mm",
                stroke_width=3,
                stroke_fill=self.look.background,
            )

    def _manifold(self, before: Snapshot, after: Snapshot, share: float) -> Image.Image:
        panel = Image.new("RGB", (PANEL, PANEL), self.look.background)
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
        """Images beside their reconstructions, one pair over the other."""
        side = self.side
        panel = Image.new("RGB", (2 * side + 4, PANEL), self.look.background)
        for column, (a, b) in enumerate(((after.x_in, after.x_in), (before.x_hat, after.x_hat))):
            for row, (one, other) in enumerate(zip(a, b, strict=True)):
                picture = Image.fromarray(_fade(_colour(one), _colour(other), share))
                picture = picture.resize((side - 2, side - 2), Image.Resampling.NEAREST)
                panel.paste(picture, (column * (side + 4) + 1, row * side + 1))
        return panel


def between(a: View, b: View, share: float) -> View:
    """From one view to the other: zooming by equal factors in equal times."""
    reach = a.reach * (b.reach / a.reach) ** share
    return View(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share, reach)


def _write_gif(frames: Iterator[Image.Image], size: tuple[int, int]) -> bytes:
    del size
    shown = list(frames)
    # One palette for all: else every frame would carry its own, and flat areas would shimmer.
    few = [shown[0], shown[len(shown) // 2], shown[-1]]
    sample = Image.new("RGB", (few[0].width, few[0].height * len(few)))
    for i, frame in enumerate(few):
        sample.paste(frame, (0, i * frame.height))
    palette = sample.quantize(128, Image.Quantize.MEDIANCUT)
    reduced = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in shown]
    each = 1000 // LENGTHS["gif"][1]
    file = io.BytesIO()
    reduced[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=reduced[1:],
        duration=[each] * (len(reduced) - 1) + [1000 * HOLD_SECONDS],
        loop=0,
    )
    return file.getvalue()


def _write_mp4(frames: Iterator[Image.Image], size: tuple[int, int]) -> bytes:
    """H.264 with 4:2:0 colour, which every browser and player shows."""
    rate = LENGTHS["mp4"][1]
    codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
    # A file on the disk: what a player reads first is written last, at the front.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream(codec, rate=rate, options={"crf": "21", "preset": "fast"})
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.thread_count = 1  # the class needs the rest of the machine
            last = None
            for last in frames:
                container.mux(stream.encode(av.VideoFrame.from_image(last)))
            for _ in range(HOLD_SECONDS * rate if last is not None else 0):
                container.mux(stream.encode(av.VideoFrame.from_image(last)))
            container.mux(stream.encode())
        return path.read_bytes()


_WRITERS: dict[Kind, Callable[[Iterator[Image.Image], tuple[int, int]], bytes]] = {
    "gif": _write_gif,
    "mp4": _write_mp4,
}


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
