"""Return freed memory to the kernel sooner than glibc does (no effect with another C library)."""

from __future__ import annotations

import contextlib
import ctypes

M_MMAP_THRESHOLD = -3  # mallopt(3)
LARGE = 4 << 20


def return_large_blocks() -> None:
    """Return blocks of 4 MiB and more to the kernel as soon as they are free, from now on. glibc
    would begin to keep blocks of up to 32 MiB once the first of them is freed; a server held a
    gigabyte after many requests for such blocks."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)


def trim() -> None:
    """Return the memory that is free now to the kernel."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
