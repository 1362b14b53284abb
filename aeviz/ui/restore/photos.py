"""Uploaded photos of handwriting: reading the digit, and a frame that a person can correct."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from PIL import Image
from streamlit.runtime.uploaded_file_manager import UploadedFile
from torch import Tensor

from aeviz import images
from aeviz.handwriting import Box, Reading, Style
from aeviz.handwriting import read as read_handwriting
from aeviz.images import Decoded
from aeviz.ui.shared import live

SIDE = 960
QUALITY = 85
WHOLE = "whole"
FOUND = "The digit was found, cleaned and centred, as in the training images."
NONE_FOUND = (
    "No digit was found in this picture, so all of it is used. Draw a frame around the digit."
)
NO_INK = "There is no digit in this frame. Move the frame or make it larger."


@dataclass(frozen=True)
class Photo:
    """A photo as JPEG of width x height, the key of its upload, and the boxes found in it."""

    key: str
    jpeg: bytes
    width: int
    height: int
    found: tuple[Box, ...]
    frame: Box | None


Read = tuple[Tensor, tuple[str, ...], Photo | None]


def read(
    file: UploadedFile, key: str, style: Style
) -> tuple[Tensor, tuple[str, ...], Photo | None]:
    """(image (1, H, W) in [0, 1], notes, photo) of an upload, within its chosen frame.

    A picture that already has the model's size is no photo. It is inverted if it is dark on light.
    """
    whole, notes, jpeg, size = _decoded(file, key, style)
    if jpeg is None:
        return whole, notes, None
    first = _reading(jpeg, key, style, None)
    chosen = st.session_state.get(_slot(key))
    frame = chosen if isinstance(chosen, Box) else None
    reading = first if frame is None else _reading(jpeg, key, style, frame)
    shown = None if chosen == WHOLE else reading.frame
    photo = Photo(key, jpeg, *size, first.found, shown)
    if chosen == WHOLE:
        return whole, notes, photo
    if reading.image is not None:
        return _tensor(reading.image), (FOUND,), photo
    if frame is None:
        return whole, (NONE_FOUND, *notes), photo
    return whole if first.image is None else _tensor(first.image), (NO_INK,), photo


def editor(photo: Photo) -> None:
    """The photo with its frame. A frame that a person moves is kept for this upload."""
    key = f"aeviz-photo-{photo.key}"

    def framed() -> None:
        chosen = _checked(getattr(st.session_state.get(key), "frame", None))
        if chosen is not None:
            st.session_state[_slot(photo.key)] = chosen

    live.photo_frame(
        {
            "src": f"data:image/jpeg;base64,{base64.b64encode(photo.jpeg).decode()}",
            "width": photo.width,
            "height": photo.height,
            "found": [_sides(box) for box in photo.found],
            "frame": None if photo.frame is None else _sides(photo.frame),
        },
        key,
        framed,
    )


def _slot(key: str) -> str:
    return f"frame-{key}"


def _sides(box: Box) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


def _checked(value: object) -> Box | str | None:
    """A frame from the browser; None if it is not valid."""
    if value == WHOLE:
        return WHOLE
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(isinstance(v, int | float) and math.isfinite(v) and 0 <= v <= 1 for v in value):
        return None
    box = Box(*(float(v) for v in value))
    return box if box.width > 0 and box.height > 0 else None


def _tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image)[None].float() / 255


Taken = tuple[Tensor, tuple[str, ...], bytes | None, tuple[int, int]]


@st.cache_data(max_entries=200, show_spinner=False)
def _decoded(_file: UploadedFile, key: str, style: Style) -> Taken:
    """The whole picture fitted, with notes, and as a small JPEG (None if it has the model's size).
    The cache keeps large files from being decoded again."""
    del key
    decoded = images.decode(_file.getvalue())
    shape = (1, style.height, style.width)
    x, notes = images.to_tensor(decoded, shape, invert="any size")
    height, width = decoded.pixels.shape[:2]
    same = (height, width) == (style.height, style.width)
    jpeg, size = (None, (width, height)) if same else _small(decoded)
    return x, (*decoded.notes, *notes), jpeg, size


def _small(decoded: Decoded) -> tuple[bytes, tuple[int, int]]:
    pixels = decoded.pixels
    im = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    im.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    content = io.BytesIO()
    im.save(content, "JPEG", quality=QUALITY)
    return content.getvalue(), im.size


@st.cache_data(max_entries=600, show_spinner=False)
def _reading(_jpeg: bytes, key: str, style: Style, frame: Box | None) -> Reading:
    del key
    return read_handwriting(images.decode(_jpeg).pixels, style, frame)
