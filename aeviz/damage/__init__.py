"""What befalls photographs: noise, dead pixels, watermarks, holes, too few pixels, JPEG, no colour.

One table, `DAMAGES`. Training draws an amount for each picture; the page and the benchmark set it.
"""

from aeviz.damage.table import DAMAGES, Damage, Damaged

__all__ = ["DAMAGES", "Damage", "Damaged"]
