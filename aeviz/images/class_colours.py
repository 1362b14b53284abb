"""The one colour of each class, for figures, the live explorer and pictures alike."""

from __future__ import annotations

from typing import Final

CLASS_COLOURS: Final = [
    "#4477aa",
    "#ee6677",
    "#228833",
    "#ccbb44",
    "#66ccee",
    "#aa3377",
    "#ee7733",
    "#44aa99",
    "#9988dd",
    "#997755",
]
"""Class i has colour i (modulo 10). Paul Tol's "bright" scheme and four hues between, chosen to be
distinguishable with the common kinds of colour blindness and on white and black alike; the class is
always also given as text."""
