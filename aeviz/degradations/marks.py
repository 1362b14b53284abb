"""Degradations of parts of an image: watermarks and holes.

All take x (N, 3, H, W) in [0, 1] and amounts (N,). For measurements, Pillow draws them image by
image; for training (`any_...`), they are computed for a whole batch on any device.
"""

from __future__ import annotations

import math
import random
import string
from functools import lru_cache

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from aeviz.degradations.strokes import strokes

Result = tuple[Tensor, Tensor | None, Tensor | None]
_WORDS = ("SAMPLE", "PREVIEW", "© Photo", "COPY", "draft", "aeviz", "stock", "DO NOT COPY", "2024")
_LETTERS = string.ascii_letters + string.digits + "©.-@"
_LOG_SIDES = (math.log(96), math.log(640))
"""Range of the logarithm of the photographs' shorter side in training."""

STENCILS = 512
"""Number of marks in training, each in eight orientations, any colour and any opacity."""

_UNMARKED = 0.4
"""The share of crops without a mark. A network trained only on marked crops finds marks
everywhere."""


def watermark(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """Text or a logo of random place, size and angle, blended in with opacity amount %:
    x + a (c - x).

    `where` is the matte: how much of each pixel the mark covers, 0 to 1.
    """
    rng = _rng(generator)
    h, w = x.shape[-2:]
    marks = torch.stack([_stencil(h, w, min(h, w), rng) for _ in x])
    colour = torch.tensor([_ink(rng) for _ in x]).view(-1, 3, 1, 1)
    alpha = marks * (amount / 100).view(-1, 1, 1, 1)
    return x + alpha * (colour - x), None, marks


def any_watermark(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `watermark`, for crops x of photographs of any size, with random letters of any weight;
    many crops show no part of the mark. For a whole batch on any device."""
    n, _, h, w = x.shape
    all_stencils = stencils(h, w, x.device)
    which, shown, *turn = torch.rand(5, n, generator=generator, device=x.device)
    places = (which * len(all_stencils)).long().clamp_max(len(all_stencils) - 1)
    marks = all_stencils.index_select(0, places).float() / 255
    for number, flip in enumerate((lambda m: m.flip(2), lambda m: m.flip(3), lambda m: m.mT)):
        if number < 2 or h == w:
            marks = torch.where((turn[number] < 0.5).view(-1, 1, 1, 1), flip(marks), marks)
    marks = marks * (shown >= _UNMARKED).view(-1, 1, 1, 1)
    alpha = marks * (amount / 100).view(-1, 1, 1, 1)
    return x + alpha * (_inks(x, generator) - x), None, marks


@lru_cache(maxsize=8)
def stencils(h: int, w: int, device: torch.device) -> Tensor:
    """uint8 (STENCILS, 1, h, w): mattes of crops that show part of a mark, drawn by Pillow and
    cached."""
    rng = random.Random(0)
    drawn = [
        _stencil(h, w, math.exp(rng.uniform(*_LOG_SIDES)), rng, vary=True) for _ in range(STENCILS)
    ]
    with torch.inference_mode(False):
        return torch.stack([(part * 255).to(torch.uint8) for part in drawn]).to(device)


def _inks(x: Tensor, generator: torch.Generator) -> Tensor:
    """White, black or any colour for each picture: (N, 3, 1, 1)."""
    colour = torch.rand(len(x), 3, 1, 1, generator=generator, device=x.device)
    kind = torch.rand(len(x), 1, 1, 1, generator=generator, device=x.device)
    return torch.where(kind < 0.75, (kind < 0.5).float(), colour)


def holes(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """Black strokes and scratches about `amount` pixels wide; conditioning and `where` are 1 there.

    They cover about a tenth of the image.
    """
    rng = _rng(generator)
    h, w = x.shape[-2:]
    masks = torch.stack([_strokes(h, w, width, rng) for width in amount.tolist()])
    return x * (1 - masks), masks, masks


def any_holes(x: Tensor, amount: Tensor, generator: torch.Generator) -> Result:
    """As `holes`, for a whole batch on any device."""
    masks = strokes(x.shape[2], x.shape[3], amount, generator)
    return x * (1 - masks), masks, masks


def _rng(generator: torch.Generator) -> random.Random:
    return random.Random(int(torch.randint(0, 2**31 - 1, (), generator=generator)))


def _ink(rng: random.Random) -> tuple[float, float, float]:
    """White, black or any colour."""
    kind = rng.random()
    if kind < 0.75:
        return (1.0, 1.0, 1.0) if kind < 0.5 else (0.0, 0.0, 0.0)
    return (rng.random(), rng.random(), rng.random())


def _stencil(h: int, w: int, side: float, rng: random.Random, vary: bool = False) -> Tensor:
    """(1, h, w) in [0, 1]: the matte of a mark for a photograph whose shorter side is `side`; not 0
    everywhere."""
    size = round(side * rng.uniform(0.08, 0.35))
    is_logo = rng.random() < 0.3
    mark = _logo(max(size, 12), rng) if is_logo else _text(max(size, 8), rng, vary)
    if vary:
        stretch = rng.uniform(0.7, 1.3)
        mark = mark.resize((max(1, round(mark.width * stretch)), mark.height))
    mark = mark.rotate(rng.uniform(-60, 60), Image.Resampling.BICUBIC, expand=True)
    sheet = Image.new("L", (w, h))
    # The mark's centre lies within a whole image; in a crop it may lie outside.
    reach = (mark.width // 2, mark.height // 2) if vary else (0, 0)
    for _ in range(rng.choice((1, 1, 2, 4))):
        left = rng.randrange(-reach[0], w + reach[0]) - mark.width // 2
        top = rng.randrange(-reach[1], h + reach[1]) - mark.height // 2
        sheet.paste(255, (left, top), mark)
    stencil = torch.from_numpy(np.array(sheet)).float()[None] / 255
    seen = stencil.mean().item() > (0.02 if vary else 0)
    return stencil if seen else _stencil(h, w, side, rng, vary)


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _text(size: int, rng: random.Random, vary: bool) -> Image.Image:
    words, bold = rng.choice(_WORDS), 0
    if vary and rng.random() < 0.6:
        words = "".join(rng.choices(_LETTERS, k=rng.randrange(1, 12)))
    if vary and rng.random() < 0.4:
        bold = round(size * rng.uniform(0, 0.06))
    font = _font(size)
    left, top, right, bottom = font.getbbox(words, stroke_width=bold)
    image = Image.new("L", (math.ceil(right - left) + 4, math.ceil(bottom - top) + 4))
    ImageDraw.Draw(image).text((2 - left, 2 - top), words, 255, font, stroke_width=bold)
    return image


def _logo(size: int, rng: random.Random) -> Image.Image:
    """A ring, a frame, a star or a cross."""
    image = Image.new("L", (size, size))
    pen, kind = ImageDraw.Draw(image), rng.randrange(4)
    line = max(2, round(size * rng.uniform(0.06, 0.2)))
    if kind == 0:
        pen.ellipse((1, 1, size - 2, size - 2), outline=255, width=line)
    elif kind == 1:
        pen.rectangle((1, 1, size - 2, size - 2), outline=255, width=line)
    elif kind == 2:
        turns = [math.pi * i / 5 for i in range(10)]
        radii = [size / 2.1 if i % 2 == 0 else size / 5 for i in range(10)]
        points = zip(turns, radii, strict=True)
        pen.polygon(
            [(size / 2 + r * math.sin(t), size / 2 - r * math.cos(t)) for t, r in points], 255
        )
    else:
        pen.line((0, 0, size, size), 255, line)
        pen.line((0, size, size, 0), 255, line)
    return image


def _strokes(h: int, w: int, width: float, rng: random.Random) -> Tensor:
    """(1, h, w) of 0 and 1: curves of about this width that cover a tenth."""
    sheet = Image.new("1", (w, h))
    pen = ImageDraw.Draw(sheet)
    covered = 0
    while covered < 0.1 * h * w:
        line = max(1, round(width * rng.uniform(0.7, 1.3)))
        x, y, turn = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(0, 2 * math.pi)
        for _ in range(rng.randrange(3, 9)):
            step = rng.uniform(1, 3) * (line + 4)
            turn += rng.uniform(-0.9, 0.9)
            onward = (x + step * math.cos(turn), y + step * math.sin(turn))
            around = _around(x, y, *onward, line, h, w)
            covered -= _count(sheet, around)
            pen.line((x, y, *onward), 1, line)
            pen.ellipse(
                (
                    onward[0] - line / 2,
                    onward[1] - line / 2,
                    onward[0] + line / 2,
                    onward[1] + line / 2,
                ),
                1,
            )
            covered += _count(sheet, around)
            x, y = onward
    return torch.from_numpy(np.array(sheet)).float()[None]


def _around(
    x: float, y: float, to_x: float, to_y: float, line: int, h: int, w: int
) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the pixels that a segment of a stroke may touch."""
    reach = line + 2
    left, right = int(min(x, to_x)) - reach, int(max(x, to_x)) + reach
    top, bottom = int(min(y, to_y)) - reach, int(max(y, to_y)) + reach
    return max(left, 0), max(top, 0), min(right, w), min(bottom, h)


def _count(sheet: Image.Image, box: tuple[int, int, int, int]) -> int:
    """The number of pixels that are 1 in a box; counting the whole sheet would be slow."""
    left, top, right, bottom = box
    if left >= right or top >= bottom:
        return 0
    return int(np.count_nonzero(np.asarray(sheet.crop(box))))
