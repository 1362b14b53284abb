"""The classical filters that a restorer has to beat: one table, `BASELINES`.

They come from other libraries, unchanged. Their settings were chosen by measurements on training
photographs.
"""

from __future__ import annotations

from aeviz.restoration.filters.base import ClassicalFilter, FilterSettings
from aeviz.restoration.filters.gaussian import bm3d, nlm
from aeviz.restoration.filters.interpolation import bicubic, navier_stokes, telea
from aeviz.restoration.filters.medians import adaptive_median, median, median_filter

__all__ = ["BASELINES", "ClassicalFilter", "FilterSettings", "median"]

BASELINES: dict[str, ClassicalFilter] = {
    baseline.name: baseline
    for baseline in (
        ClassicalFilter(
            "median", "Median",
            "Replaces each value by the median of its 3 × 3 to 7 × 7 neighbours.",
            "cv2", median_filter,
        ),
        ClassicalFilter(
            "adaptive-median", "Adaptive median",
            "Replaces a value by the median only if it is the darkest or brightest nearby.",
            "cv2", adaptive_median,
        ),
        ClassicalFilter(
            "nlm", "Non-local means",
            "Averages pixels whose surroundings look alike.",
            "cv2", nlm,
        ),
        ClassicalFilter(
            "bm3d", "BM3D",
            "Stacks similar blocks and filters each stack at once: the best classical filter.",
            "bm3d", bm3d,
        ),
        ClassicalFilter(
            "bicubic", "Bicubic",
            "Draws a smooth curve through the pixels.",
            "PIL", bicubic,
        ),
        ClassicalFilter(
            "telea", "Telea",
            "Fills from the edge inwards, each pixel with the average of its known neighbours.",
            "cv2", telea,
        ),
        ClassicalFilter(
            "ns", "Navier-Stokes",
            "Continues lines of equal brightness into the hole.",
            "cv2", navier_stokes,
        ),
    )
}  # fmt: skip
