"""Images as HTML: sharp pixels in a frame, with a caption, in rows and stacks.

Functions return HTML for `markup`. Captions are text and are escaped here.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from torch import Tensor

from aeviz.images import encode_png
from aeviz.ui.restore.colours import gradient
from aeviz.ui.shared.component import css

Image = Tensor | NDArray[np.uint8]
"""A float tensor (C, H, W) in [0, 1], or uint8 pixels (H, W, C)."""

_CSS = css("styles/frames.css")
PER_LINE = 10


@dataclass(frozen=True)
class Stack:
    """Images above each other with a caption below: one column of a grid."""

    images: Sequence[Image]
    caption: str
    detail: str = ""
    warn: bool = False


def data_uri(image: Image) -> str:
    return f"data:image/png;base64,{base64.b64encode(encode_png(image)).decode()}"


def picture(image: Image, alt: str) -> str:
    """One image with sharp pixels, as wide as its container."""
    return f'<img class="av-pixels" src="{data_uri(image)}" alt="{escape(alt)}">'


def figure(image: Image, caption: str, detail: str = "", below: str = "", testid: str = "") -> str:
    """An image with a caption, a detail in quieter text, and more HTML `below`."""
    handle = f' data-testid="{escape(testid)}"' if testid else ""
    quiet = f'<span class="av-quiet">{escape(detail)}</span>' if detail else ""
    return (
        f'<figure class="av-figure"{handle}>{picture(image, caption)}'
        f"<figcaption><b>{escape(caption)}</b>{quiet}</figcaption>{below}</figure>"
    )


def number(label: str, value: str, unit: str = "", caption: str = "", testid: str = "") -> str:
    """A number in large type: label, value, unit, and one line that explains it."""
    handle = f' data-testid="{escape(testid)}"' if testid else ""
    suffix = f" <small>{escape(unit)}</small>" if unit else ""
    quiet = f'<span class="av-quiet">{escape(caption)}</span>' if caption else ""
    return (
        f'<div class="av-number"{handle}><span class="av-label">{escape(label)}</span>'
        f"<strong>{escape(value)}{suffix}</strong>{quiet}</div>"
    )


def numbers(*parts: str) -> str:
    return f'<div class="av-numbers">{"".join(parts)}</div>'


def scale_bar(colours: tuple[str, ...], ticks: tuple[str, ...]) -> str:
    """A colour scale with its numbers below."""
    spans = "".join(f"<span>{escape(tick)}</span>" for tick in ticks)
    return (
        f'<div class="av-scale" style="background:{gradient(colours)}"></div>'
        f'<div class="av-ticks">{spans}</div>'
    )


def trapezoid(narrows: bool) -> str:
    """One half of an autoencoder: wide at the image, narrow at the code."""
    return f'<div class="av-trapezoid {"av-encoder" if narrows else "av-decoder"}"></div>'


def stacks(
    columns: Sequence[Stack], rows: Sequence[str], chosen: int | None = None, button: bool = False
) -> str:
    """Columns of images with the names of the rows at the left, on narrow screens above. One row
    without a name has no place for it."""
    names = "".join(f"<span>{escape(name)}</span>" for name in rows)
    names = f'<div class="av-rows">{names}</div>' if any(rows) else ""
    bare = "" if any(rows) else " av-bare"
    cells = [_stack(stack, rows, i, i == chosen, button) for i, stack in enumerate(columns)]
    return "".join(
        f'<div class="av-stacks{bare}" style="--rows:{len(rows)}">{names}'
        f"{''.join(cells[i : i + PER_LINE])}</div>"
        for i in range(0, len(cells), PER_LINE)
    )


def _stack(stack: Stack, rows: Sequence[str], index: int, chosen: bool, button: bool) -> str:
    images = "".join(
        picture(image, f"{stack.caption}, {row}" if row else stack.caption)
        for image, row in zip(stack.images, rows, strict=True)
    )
    detail = f'<span class="av-quiet">{escape(stack.detail)}</span>' if stack.detail else ""
    mark = '<span class="av-warn" title="See the warning">!</span> ' if stack.warn else ""
    caption = f'<span class="av-caption">{mark}{escape(stack.caption)}</span>'
    inside = f"{images}<span>{caption}{detail}</span>"
    if not button:
        return f'<div class="av-stack">{inside}</div>'
    return (
        f'<button type="button" class="av-stack" data-index="{index}" '
        f'data-testid="aeviz-pick-{index}" aria-pressed="{str(chosen).lower()}">{inside}</button>'
    )


# Buttons that send the index of the one that was pressed to Python.
_PICKER = """
export default ({ parentElement, data, setTriggerValue }) => {
  let root = parentElement.querySelector(':scope > .av');
  if (!root) {
    root = document.createElement('div');
    root.className = 'av';
    parentElement.append(root);
  }
  if (root.shown !== data.html) {
    const focus = root.contains(document.activeElement) && document.activeElement.dataset.index;
    root.innerHTML = data.html;
    root.shown = data.html;
    if (focus) root.querySelector(`[data-index="${focus}"]`)?.focus();
  }
  root.onclick = (event) => {
    const button = event.target.closest('[data-index]');
    if (button) setTriggerValue('picked', Number(button.dataset.index));
  };
};
"""


def pick(
    columns: Sequence[Stack],
    rows: Sequence[str],
    chosen: int | None,
    on_pick: Callable[[int], None],
    key: str,
) -> None:
    """`stacks` with columns that are buttons; `on_pick` gets the column before the page reruns."""

    def picked() -> None:
        index = getattr(st.session_state.get(key), "picked", None)
        # It comes from a browser, so it is not trusted.
        if isinstance(index, int | float) and 0 <= index < len(columns):
            on_pick(int(index))

    html = stacks(columns, rows, chosen, button=True)
    _picker()(key=key, data={"html": html}, on_picked_change=picked)


def _picker() -> Any:
    return st.components.v2.component("aeviz_pick", css=_CSS, js=_PICKER, isolate_styles=False)
