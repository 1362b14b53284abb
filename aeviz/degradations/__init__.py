"""Synthetic degradations of photographs: noise, dead pixels, watermarks, holes, JPEG and more.

One table, `DAMAGES`. Training draws an amount for each picture; pages and benchmarks set it.
"""

from aeviz.degradations.table import DAMAGES, Damage, Damaged

__all__ = ["DAMAGES", "Damage", "Damaged"]
