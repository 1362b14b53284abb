"""Keep freed memory in the training process instead of returning it to the kernel (glibc only).

Each step allocates the same memory again. By default glibc returns large blocks to the kernel as
soon as they are freed, and the next step gets new ones, page by page and zeroed. It matters if
several threads share the layers of a dense network, see docs/decisions/malloc.md.
"""

from __future__ import annotations

import contextlib
import ctypes

from aeviz.training.cpu import enabled

SWITCH = "AEVIZ_KEEP_MEMORY"

# mallopt(3)
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def keep_memory() -> None:
    """Keep what this process frees from now on, in one heap for all threads started later.

    The process then holds the memory of its largest step until it ends, and the heap fragments: 1.7
    GB instead of 1.4 with all of MNIST in batches of 768; no more than before with 5,000 digits.
    Call it before a second thread starts: glibc then fixes the number of heaps.
    """
    if not enabled(SWITCH):
        return
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
