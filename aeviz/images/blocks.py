"""Process large images in blocks of about a megapixel, so that temporary arrays stay small."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

_PIXELS = 1 << 20

Block = tuple[slice, slice]  # rows, columns


def blocks(height: int, width: int) -> Iterator[Block]:
    """Blocks that cover (height, width), each pixel once."""
    across = min(width, _PIXELS)
    down = max(1, _PIXELS // across)
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield slice(top, min(top + down, height)), slice(left, min(left + across, width))


def part(im: Image.Image, block: Block) -> Image.Image:
    rows, columns = block
    return im.crop((columns.start, rows.start, columns.stop, rows.stop))


def whole(im: Image.Image) -> np.ndarray:
    """np.array(im), in this machine's byte order, without Pillow's copies of the whole image."""
    corner = np.asarray(part(im, (slice(0, 1), slice(0, 1))))
    values = np.empty((im.height, im.width, *corner.shape[2:]), corner.dtype.newbyteorder("="))
    for block in blocks(im.height, im.width):
        values[block] = np.asarray(part(im, block))
    return values


def as_image(pixels: np.ndarray, mode: str | None = None) -> Image.Image:
    """uint8 (H, W, C) -> an image of mode "L", "RGB" or "RGBA", or of the given `mode`."""
    height, width, channels = pixels.shape
    mode = mode or {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    return Image.frombytes(mode, (width, height), np.ascontiguousarray(pixels).data)
