"""People's own images as HTML: a row for each class, and the files that were left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from torch import Tensor

from aeviz.ui.reconstruct.frames import data_uri

EACH = 8
"""Images in the row of a class."""
MAX_ROWS = 12


def rows(classes: Mapping[str, Sequence[Tensor]], counts: Mapping[str, int], unit: str) -> str:
    """A row of images, uint8 (C, H, W), for each class, with its name and number of images."""
    html = ""
    for name in list(classes)[:MAX_ROWS]:
        number = f"{counts[name]:,} {unit}{'s' * (counts[name] != 1)}"
        html += f"<span>{escape(name)}<i>{number}</i></span>"
        shown = list(classes[name])[:EACH]
        html += _row(shown, name) if shown else "<i>none in the samples</i>"
    if len(classes) > MAX_ROWS:
        html += f"<p>and {len(classes) - MAX_ROWS} more classes</p>"
    return f'<div class="av-seen">{html}</div>'


def _row(images: Sequence[Tensor], name: str) -> str:
    pixels = side_by_side(np.stack([image.numpy() for image in images]))
    return (
        f'<img src="{data_uri(pixels)}" alt="{escape(f"Images of {name}")}" '
        f'style="--n:{len(images)}">'
    )


def side_by_side(images: np.ndarray, places: int | None = None) -> np.ndarray:
    """uint8 (N, C, H, W) as one RGBA image (H, ., 4) with transparent gaps."""
    n, _, height, width = images.shape
    gap = max(1, width // 16)
    row = np.zeros((height, places or n, width + gap, 4), np.uint8)
    row[:, :n, :width, :3] = np.broadcast_to(images, (n, 3, height, width)).transpose(2, 0, 3, 1)
    row[:, :n, :width, 3] = 255
    return row.reshape(height, -1, 4)[:, :-gap]


def left_out(listed: Sequence[tuple[str, str]], reasons: Mapping[str, int]) -> str:
    """Each file that was left out and why. For many files, counts of the reasons first."""
    total = sum(reasons.values())
    html = ""
    if total > len(listed) or len(reasons) < total > 12:
        most = sorted(reasons.items(), key=lambda pair: -pair[1])[:12]
        html += "".join(f"<p><b>{count:,}</b> {escape(why)}</p>" for why, count in most)
    html += "".join(
        f"<span>{escape(name)}</span><span>{escape(why)}</span>" for name, why in listed
    )
    if total > len(listed):
        html += f"<p>and {total - len(listed):,} more</p>"
    return f'<div class="av-left">{html}</div>'
