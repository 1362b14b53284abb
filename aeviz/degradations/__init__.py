"""Synthetic degradations of photographs: noise, dead pixels, watermarks, holes, JPEG and more.

One table, `DEGRADATIONS`. Training draws a strength for each image; pages and benchmarks set it.
"""

from aeviz.degradations.table import DEGRADATIONS, Degradation, Degraded

__all__ = ["DEGRADATIONS", "Degradation", "Degraded"]
