"""The network as a picture on the Train page, which can be edited (web/static/network.js).

It shows what the number inputs have; an edit gives them new values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from aeviz.config import MAX_CODE, MAX_LAYERS, MAX_WIDTH
from aeviz.nn.networks import ImageShape
from aeviz.ui.shared.component import component

KEY = "aeviz-network"
LIMITS = {"width": MAX_WIDTH, "code": MAX_CODE, "layers": MAX_LAYERS}

Fact = tuple[str, str, str]
"""Text before a bold part, the bold part, and text after it."""


@dataclass(frozen=True)
class Layers:
    """Widths of the dense layers, channels of the convolutions, and the size of the code."""

    hidden: tuple[int, ...]
    channels: tuple[int, ...]
    code: int

    @property
    def drawable(self) -> bool:
        """Whether all numbers are within their limits."""
        widths = (*self.hidden, *self.channels)
        return (
            max(len(self.hidden), len(self.channels)) <= MAX_LAYERS
            and all(1 <= width <= MAX_WIDTH for width in widths)
            and 1 <= self.code <= MAX_CODE
        )


def picture(
    kind: str,
    shape: ImageShape,
    layers: Layers,
    facts: Sequence[Fact],
    on_edit: Callable[[Layers], None],
) -> None:
    """Draws the network from input to output, with the facts beneath it.

    `on_edit` gets the edited layers before the page runs again, when the state of widgets may
    still be set.
    """

    def edited() -> None:
        newest = read(st.session_state[KEY].get("edited"))
        if newest is not None:
            st.session_state["train-network-edit"], changed = newest
            on_edit(changed)

    component("static/network.js", "styles/network.css")(
        key=KEY,
        data={
            "kind": kind,
            "shape": shape,
            "hidden": layers.hidden,
            "channels": layers.channels if kind == "conv" else (),
            "code": layers.code,
            "facts": facts,
            "limits": LIMITS,
            "edit": st.session_state.get("train-network-edit", 0),
        },
        default={"edited": None},
        on_edited_change=edited,
    )


def read(edited: Any) -> tuple[int, Layers] | None:
    """The number of an edit and its layers; None if the value is not valid. It comes from a
    browser, so it is not trusted."""
    if not isinstance(edited, dict):
        return None
    number: Any = edited.get("edit")
    code: Any = edited.get("code")
    lists: list[Any] = [edited.get("hidden"), edited.get("channels")]
    if not all(isinstance(widths, list | tuple) and len(widths) <= MAX_LAYERS for widths in lists):
        return None
    hidden, channels = (tuple(widths) for widths in lists)
    if not all(type(n) is int for n in (number, code, *hidden, *channels)):
        return None
    layers = Layers(hidden, channels, code)
    return (number, layers) if layers.drawable else None
