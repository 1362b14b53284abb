"""Masks in common formats: read as intended, or refused with one sentence."""

import io

import numpy as np
import pytest
from PIL import Image

from aeviz.errors import UnsureError, UserError
from aeviz.restoration.masks import check_share, read_mask

STROKES = np.zeros((40, 50), bool)
STROKES[10:13, 5:45] = STROKES[5:35, 20:22] = True
PAINT = STROKES.astype(np.uint8)


def png(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def painted(colour: tuple[int, int, int], alpha: int, ground: int = 0) -> bytes:
    rgba = np.empty((*STROKES.shape, 4), np.uint8)
    rgba[:, :, :3] = colour
    rgba[:, :, 3] = np.where(STROKES, alpha, ground)
    return png(rgba)


def smooth() -> np.ndarray:
    big = Image.fromarray(PAINT * 255).resize((200, 160), Image.Resampling.BICUBIC)
    return np.array(big.resize((50, 40), Image.Resampling.BILINEAR))


def sheet_of_black_and_white() -> bytes:
    """Black and white paint on a transparent background: white marks the holes."""
    rgba = np.zeros((*STROKES.shape, 4), np.uint8)
    rgba[:, :30, 3] = 255
    rgba[:, :30, :3] = 255 * PAINT[:, :30, None]
    return png(rgba)


@pytest.mark.parametrize(
    "file",
    [
        png(PAINT * 255),
        png(PAINT * 255, "BMP"),
        png(PAINT),  # labels 0 and 1
        png(PAINT * 7),
        png(PAINT.astype(np.uint16) * 65535),
        png(PAINT.astype(np.uint16) * 257),
        png(np.dstack([PAINT * 255, PAINT * 0, PAINT * 0])),  # red on black
        painted((255, 255, 255), 255),
        painted((0, 0, 0), 255),
        painted((255, 0, 0), 127),
        painted((255, 0, 0), 60),
        painted((40, 200, 90), 255, ground=20),
        png(np.dstack([PAINT * 0, PAINT * 255])),
    ],
)
def test_strokes_are_read_whatever_they_are_painted_with(file: bytes) -> None:
    np.testing.assert_array_equal(read_mask(file), STROKES)


def test_labels_of_several_kinds_are_all_marked() -> None:
    labels = PAINT.copy()
    labels[20:25, 30:40] = 3
    np.testing.assert_array_equal(read_mask(png(labels)), labels > 0)


def test_smooth_edges_are_cut_in_the_middle() -> None:
    grey = smooth()
    np.testing.assert_array_equal(read_mask(png(grey)), grey >= 128)


def test_of_black_and_white_paint_the_white() -> None:
    expected = STROKES.copy()
    expected[:, 30:] = False
    np.testing.assert_array_equal(read_mask(sheet_of_black_and_white()), expected)


def test_a_photo_with_holes_cut_out() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (40, 50, 4), dtype=np.uint8)
    photo[:, :, 3] = np.where(STROKES, 0, 255)
    np.testing.assert_array_equal(read_mask(png(photo)), STROKES)


def test_an_inverted_mask_asks_first() -> None:
    inverted = png(255 - PAINT * 255)
    with pytest.raises(UnsureError, match=r"marks 91 % of the photo; is it inverted\? Say so\."):
        check_share(read_mask(inverted), "Say so.")
    mask = read_mask(inverted, "black")
    np.testing.assert_array_equal(mask, STROKES)
    check_share(mask, "")


@pytest.mark.parametrize(
    "file", [png(PAINT * 0), png(np.random.default_rng(0).integers(0, 100, (40, 50), np.uint8))]
)
def test_a_mask_of_nothing_says_how_bright_it_is(file: bytes) -> None:
    with pytest.raises(UserError, match="brightest value is"):
        read_mask(file)
