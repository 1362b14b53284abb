"""The live components: thin Streamlit wrappers around the browser half in `aeviz/live/static`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from aeviz.library import ModelInfo
from aeviz.plots import CLASS_COLOURS

_CSS = (Path(__file__).parent.parent / "live" / "static" / "aeviz.css").read_text()


def explorer(model: str) -> None:
    """The latent-space explorer of the model of this name."""
    component("explorer")(key="aeviz-explorer", data={"model": model, "colours": CLASS_COLOURS})


def home(model: str) -> None:
    """The map and the image that follows the pointer, without controls."""
    component("home")(key="aeviz-home", data={"model": model, "colours": CLASS_COLOURS})


def drawing(info: ModelInfo, key: str = "aeviz-drawing") -> NDArray[np.uint8] | None:
    """A pad to draw on, with code and reconstruction following the pen.

    Answers the drawing once the pen has rested, uint8 (C, H, W), or None while the pad is empty.
    """
    result = component("drawing")(
        key=key,
        data={"model": info.name, "report": True},
        default={"drawing": None},
        on_drawing_change=_nothing,
    )
    channels, height, width = info.image_shape
    pixels = result.drawing
    # What a browser sends is not to be trusted, even where only our own page should send it.
    if not isinstance(pixels, list) or len(pixels) != channels * height * width:
        return None
    if not all(isinstance(value, int | float) and 0 <= value <= 255 for value in pixels):
        return None
    image = np.asarray(pixels).astype(np.uint8)
    return image.reshape(height, width, channels).transpose(2, 0, 1)


def photo_frame(photo: dict[str, Any], key: str, on_frame: Callable[[], None]) -> None:
    """A photo with a frame around what is taken from it. The component's value `frame` is the frame
    that a person has chosen, as four shares of the sides, or "whole"."""
    component("framing")(key=key, data=photo, on_frame_change=on_frame)


def _nothing() -> None:
    """A value is declared by its callback; the rerun is all that is wanted of it."""


@cache
def component(name: str, css: str = _CSS) -> Any:
    """A component that runs `aeviz/live/static/{name}.js`.

    Components take inline JavaScript only; this much of it loads the real module.
    """
    script = (
        f"const module = import(new URL('aeviz/static/{name}.js', document.baseURI).href);\n"
        "export default (component) => {\n"
        "  let left = false, end = () => {};\n"
        "  module.then((m) => { if (!left) end = m.default(component); });\n"
        "  return () => { left = true; end(); };\n"
        "};"
    )
    return st.components.v2.component(f"aeviz_{name}", css=css, js=script, isolate_styles=False)
