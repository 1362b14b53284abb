"""Check a photograph before it is restored: its noise, and whether it is a photograph at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aeviz.images.photo import Photo, is_narrow, used_range
from aeviz.restoration.noise_level import Noise, measure_noise, noise_level_for
from aeviz.restoration.synthetic import kind_of
from aeviz.restoration.tasks import Task

MIN_NOISE = 0.5
"""Less noise than this, on the 255 scale, counts as none."""
_MIN_PARTIAL = 3.0
"""Weaker noise may be texture, so there is no note about its loss to JPEG."""

_WHAT = {
    "two values": "This image has only two colours, like a drawing, a QR code or dithering",
    "drawing": "This image has a few colours in flat areas, like a drawing or a screenshot",
}
_UNTOUCHED = "so nothing was changed"
_COARSE = "The noise is coarse and its level only a rough estimate: try other levels, too."
_PARTIAL = (
    "JPEG compression has probably removed part of the noise. The level found is that of the rest, "
    "up to a third less."
)
_STRENGTH = "set the noise level yourself to denoise it anyway"


@dataclass(frozen=True)
class Findings:
    """`sigma`: the noise level passed to the restorer. `untouched`: nothing to restore."""

    sigma: float = 0.0
    untouched: bool = False
    notes: tuple[str, ...] = ()


def find(task: Task, photo: Photo, sigma: float | None) -> Findings:
    """The findings for this task; `sigma`: the noise level set by the user, or None."""
    if task.damage == "impulse" and kind_of(photo.pixels) == "two values":
        return Findings(untouched=True, notes=(f"{_WHAT['two values']}, {_UNTOUCHED}.",))
    if task.damage != "noise":
        return Findings()
    if sigma is not None:
        return Findings(sigma)
    if kind := kind_of(photo.pixels):
        return Findings(untouched=True, notes=(f"{_WHAT[kind]}, {_UNTOUCHED}: {_STRENGTH}.",))
    noise = measure_noise(photo.pixels, photo.alpha)
    if noise.known and noise.sigma < MIN_NOISE:
        return Findings(untouched=True, notes=(f"No noise was found, {_UNTOUCHED}: {_STRENGTH}.",))
    return Findings(noise_level_for(noise.sigma), notes=_noise_notes(noise))


def _noise_notes(noise: Noise) -> tuple[str, ...]:
    """Why the level found may be wrong, if it may be."""
    if noise.coarse:
        return (_COARSE,)
    return (_PARTIAL,) if noise.partial and noise.sigma >= _MIN_PARTIAL else ()


def noise_of(photo: Photo) -> float:
    """The estimated noise on the 255 scale; 0 if the image is not a photograph."""
    return 0.0 if kind_of(photo.pixels) else measure_noise(photo.pixels, photo.alpha).sigma


def first_notes(photo: Photo) -> tuple[str, ...]:
    """Notes to show with an upload before it is restored."""
    kind = kind_of(photo.pixels)
    notes = (f"{_WHAT[kind]}, so it is not treated as a photo.",) if kind else ()
    return (*notes, _range_note(photo)) if is_narrow(photo) else notes


def _range_note(photo: Photo) -> str:
    """How much of its range the photo uses: in bits if it uses the lower ones, as from a 12-bit
    camera, else in %."""
    low, high = int(photo.pixels.min()), int(photo.pixels.max())
    bits = high.bit_length()
    if photo.pixels.dtype == np.uint16 and (high - low).bit_length() == bits:
        return f"The photo uses only {bits} of its 16 bits."
    return f"The photo uses {100 * used_range(photo):.2g} % of the range from black to white."


def without_hidden_colours(photo: Photo) -> Photo:
    """The photo with the mean visible colour wherever alpha is 0, so that invisible colours do not
    affect the pixels beside them."""
    if photo.alpha is None or photo.alpha.min() > 0:
        return photo
    hidden, total, seen = photo.alpha == 0, 0.0, 0
    for row, hidden_row in zip(photo.pixels, hidden, strict=True):
        total = total + row[~hidden_row].sum(0, dtype=np.float64)
        seen += int((~hidden_row).sum())
    pixels = np.array(photo.pixels)
    pixels[hidden] = np.rint(total / max(seen, 1)).astype(pixels.dtype)
    return Photo(pixels, photo.alpha, photo.notes)
