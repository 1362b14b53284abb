"""What is looked for in a photograph before it is restored: noise, and whether it is one at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aeviz.images.photo import Photo, is_narrow, used_range
from aeviz.restoration.noise_level import Noise, measure_noise, noise_level_for
from aeviz.restoration.synthetic import kind_of
from aeviz.restoration.tasks import Task

MIN_NOISE = 0.5
"""Less, on the 255 scale, is none."""
_MIN_SAID = 3.0
"""Less may as well be texture, of whose loss to JPEG nothing is said."""

_WHAT = {
    "two values": "It has only two colours, as drawings, codes and dithered pictures have",
    "drawing": "It has a few colours in flat areas, as drawings and screenshots have",
}
_UNTOUCHED = "so nothing was changed"
_COARSE = "Its noise is coarse, and the level found a rough guess: try others, too."
_PARTIAL = (
    "Part of its noise is missing, as after JPEG compression: "
    "the level found is that of the rest, up to a third less."
)
_STRENGTH = "set the noise level by hand to denoise it all the same"


@dataclass(frozen=True)
class Findings:
    """`sigma`: the noise level passed to the restorer. `untouched`: nothing to restore."""

    sigma: float = 0.0
    untouched: bool = False
    notes: tuple[str, ...] = ()


def find(task: Task, photo: Photo, sigma: float | None) -> Findings:
    """For a task whose noise level was given, or not (None)."""
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
    """Why the level found may be wrong, if so."""
    if noise.coarse:
        return (_COARSE,)
    return (_PARTIAL,) if noise.partial and noise.sigma >= _MIN_SAID else ()


def noise_of(photo: Photo) -> float:
    """The noise found, on the 255 scale; 0 in what is no photograph."""
    return 0.0 if kind_of(photo.pixels) else measure_noise(photo.pixels, photo.alpha).sigma


def first_notes(photo: Photo) -> tuple[str, ...]:
    """What is to be said of a photograph before anything is done to it."""
    kind = kind_of(photo.pixels)
    notes = (f"{_WHAT[kind]}: it is taken for no photo.",) if kind else ()
    return (*notes, _range_note(photo)) if is_narrow(photo) else notes


def _range_note(photo: Photo) -> str:
    """How much of its depth it uses: in bits if they are the lower ones, as of a 12-bit camera."""
    low, high = int(photo.pixels.min()), int(photo.pixels.max())
    bits = high.bit_length()
    if photo.pixels.dtype == np.uint16 and (high - low).bit_length() == bits:
        return f"It uses {bits} of its 16 bits."
    return f"It uses {100 * used_range(photo):.2g} % of its range from black to white."


def without_hidden_colours(photo: Photo) -> Photo:
    """The photo with one colour, the mean of what is seen, wherever its alpha is 0: what lies there
    is nobody's to see, and must not change what lies beside it."""
    if photo.alpha is None or photo.alpha.min() > 0:
        return photo
    hidden, total, seen = photo.alpha == 0, 0.0, 0
    for row, veil in zip(photo.pixels, hidden, strict=True):
        total = total + row[~veil].sum(0, dtype=np.float64)
        seen += int((~veil).sum())
    pixels = np.array(photo.pixels)
    pixels[hidden] = np.rint(total / max(seen, 1)).astype(pixels.dtype)
    return Photo(pixels, photo.alpha, photo.notes)
