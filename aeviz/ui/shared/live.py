"""Live components: Streamlit wrappers around the browser part in `aeviz/web/static`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aeviz.figures.palette import CLASS_COLOURS
from aeviz.models.library import ModelInfo
from aeviz.ui.shared.component import component


def explorer(model: str) -> None:
    """The latent space explorer for this model."""
    data = {"model": model, "colours": CLASS_COLOURS}
    _live("explorer.js", "map", "explorer", "modes", "drawing", "photo_frame")(
        key="aeviz-explorer", data=data
    )


def home(model: str) -> None:
    """The map and the image under the pointer, without controls."""
    _live("home.js", "map", "home")(
        key="aeviz-home", data={"model": model, "colours": CLASS_COLOURS}
    )


def drawing(info: ModelInfo, key: str = "aeviz-drawing") -> NDArray[np.uint8] | None:
    """A pad to draw on, with the code and the reconstruction of the drawing.

    Returns the drawing, uint8 (C, H, W), when the pen rests; None while the pad is empty.
    """
    result = _live("drawing.js", "drawing")(
        key=key,
        data={"model": info.name, "report": True},
        default={"drawing": None},
        on_drawing_change=_nothing,
    )
    channels, height, width = info.image_shape
    pixels = result.drawing
    # It comes from a browser, so it is not trusted.
    if not isinstance(pixels, list) or len(pixels) != channels * height * width:
        return None
    if not all(isinstance(value, int | float) and 0 <= value <= 255 for value in pixels):
        return None
    image = np.asarray(pixels).astype(np.uint8)
    return image.reshape(height, width, channels).transpose(2, 0, 1)


def photo_frame(photo: dict[str, Any], key: str, on_frame: Callable[[], None]) -> None:
    """A photo with a frame around the part that is used. The component's value `frame` is the
    frame that a person has chosen: left, top, right, bottom as shares of the sides, or "whole"."""
    _live("framing.js", "photo_frame")(key=key, data=photo, on_frame_change=on_frame)


def _live(module: str, *styles: str) -> Any:
    """A component of `static/`, with these of the `styles/`."""
    return component(
        f"static/{module}", "styles/base.css", *(f"styles/{name}.css" for name in styles)
    )


def _nothing() -> None:
    """A component's value needs a callback. Only the rerun matters here."""
