"""Keep freed memory in the training process instead of returning it to the kernel (glibc only).

Each step asks for the same memory again. glibc gives large pieces of it back to the system at once,
and what a thread frees too, so that the next step gets it anew, page by page and zeroed: a seventh
of a conv step with batches of 512, up to a quarter of a dense one with 768.
"""

from __future__ import annotations

import contextlib
import ctypes

# mallopt(3)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -3, -4, -8
LARGE = 4 << 20


def keep_memory() -> None:
    """From now on this process keeps what it frees, in one heap for all threads that are to come.

    It then takes what its largest step takes until it ends, and has holes: 1.7 GB where it had 1.4,
    with all of MNIST in batches of 768; with 5,000 digits as much as before. To be called before
    there is a second thread: by then glibc has settled how many heaps there are.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_ARENA_MAX, 1)
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def return_large_pieces() -> None:
    """From now on this process gives pieces of 4 MiB and more back to the system as soon as they
    are free. glibc would begin to keep those of up to 32 MiB once the first of them is freed; a
    server that was asked for many held a gigabyte afterwards."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)


def give_back() -> None:
    """Gives what is free at this moment back to the system."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
