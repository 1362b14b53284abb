"""Synthetic photographs of a handwritten digit, from a small image: pen, paper, light, camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Map = NDArray[np.float32]

INKS = ((25, 25, 30), (20, 35, 120), (30, 60, 170), (150, 25, 30), (85, 85, 88), (20, 80, 50))
PAPERS = ((250, 250, 248), (240, 234, 218), (228, 230, 232), (246, 240, 200))
RULES = ((150, 180, 220), (170, 170, 175), (200, 150, 160))
PATTERNS = ("plain", "lined", "squared")


def photograph(digit: Image, rng: Generator) -> Image:
    """A photograph, uint8 (H, W, 3), of `digit` (28, 28; light on dark) written on paper."""
    height, width = (1200, 900) if rng.random() < 0.7 else (900, 1200)
    ink = written(digit, int(rng.uniform(0.18, 0.6) * min(height, width)), rng)
    paper = sheet(height, width, rng)
    colour = np.array(INKS[rng.integers(len(INKS))], np.float32)
    room = height - ink.shape[0], width - ink.shape[1]
    top, left = (int(rng.uniform(0.08, 0.92) * side) for side in room)
    part = paper[top : top + ink.shape[0], left : left + ink.shape[1]]
    cover = (rng.uniform(0.75, 0.97) * ink)[..., None]
    part[:] = (1 - cover) * part + cover * colour
    return camera(paper, rng)


def written(digit: Image, side: int, rng: Generator) -> Map:
    """The digit as a pen of random width writes it, (side, side) in [0, 1]."""
    large = cv2.resize(digit, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    mask = (cv2.GaussianBlur(large, (0, 0), side / 90) > 0.45).astype(np.uint8)
    if rng.random() < 0.5:  # a finer pen, along the middle of the strokes
        pen = max(2, round(side * rng.uniform(0.02, 0.06)))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen, pen))
        mask = np.asarray(cv2.dilate(skeleton(mask), disc), np.uint8)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    grain = cv2.GaussianBlur(rng.standard_normal(mask.shape).astype(np.float32), (0, 0), 2)
    return np.clip(soft * (1 - 0.25 * np.abs(grain)), 0, 1)


def skeleton(mask: Image) -> Image:
    """The centre lines of a mask's strokes, one pixel wide (Zhang and Suen 1984)."""
    ink = np.pad(mask, 1).astype(bool)
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            n, ne, e, se, s, sw, w, nw = (
                np.roll(ink, shift, (0, 1))
                for shift in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
            )
            ring = (n, ne, e, se, s, sw, w, nw)
            count = sum(part.astype(np.uint8) for part in ring)
            steps = sum(
                (~a & b).astype(np.uint8) for a, b in zip(ring, (*ring[1:], n), strict=True)
            )
            sides = ~(n & e & s) & ~(e & s & w) if first else ~(n & e & w) & ~(n & s & w)
            gone = ink & (count >= 2) & (count <= 6) & (steps == 1) & sides
            changed |= bool(gone.any())
            ink &= ~gone
    return ink[1:-1, 1:-1].astype(np.uint8)


def sheet(height: int, width: int, rng: Generator) -> Map:
    """Paper, float (height, width, 3) in [0, 255]: plain, lined or with squares."""
    paper = np.empty((height, width, 3), np.float32)
    paper[:] = PAPERS[rng.integers(len(PAPERS))]
    fibre = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 1.5)
    paper += 4 * fibre[..., None]
    pattern = PATTERNS[rng.integers(len(PATTERNS))]
    colour = np.array(RULES[rng.integers(len(RULES))], np.float32)
    gap, thick = int(rng.uniform(35, 110)), int(rng.integers(2, 4))
    rules = np.zeros((height, width), bool)
    start = int(rng.integers(gap))
    if pattern != "plain":
        for row in range(start, height, gap):
            rules[row : row + thick] = True
    if pattern == "squared":
        for column in range(start, width, gap):
            rules[:, column : column + thick] = True
    paper[rules] = 0.2 * paper[rules] + 0.8 * colour
    return paper


def camera(paper: Map, rng: Generator) -> Image:
    """The paper photographed at an angle, in uneven light, slightly out of focus, as a JPEG."""
    height, width = paper.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-12, 12), 1.0)
    seen = cv2.transform(corners[None], turn)[0]
    seen += (rng.uniform(-0.05, 0.05, (4, 2)) * (width, height)).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    view = cv2.warpPerspective(
        paper, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    slope = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    light = 1 - rng.uniform(0, 0.5) * (slope + 0.5)
    edge = rng.uniform(-0.4, 0.4)
    shadow = 1 / (1 + np.exp(-(slope - edge) / rng.uniform(0.01, 0.08)))
    light *= 1 - rng.uniform(0, 0.45) * shadow
    tint = rng.uniform(0.9, 1.0, 3).astype(np.float32)
    view = view * light[..., None].astype(np.float32) * tint
    view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 2.2))
    view += rng.uniform(1, 7) * rng.standard_normal(view.shape).astype(np.float32)
    pixels = np.clip(view, 0, 255).astype(np.uint8)
    quality = int(rng.integers(40, 90))
    _, jpeg = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(read[..., ::-1])
