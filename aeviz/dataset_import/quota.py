"""Check that there is room for one more data set of a person."""

from __future__ import annotations

from aeviz import limits
from aeviz.datasets import custom
from aeviz.io import atomic, disk
from aeviz.io.paths import datasets_dir
from aeviz.quota import Kept, Quota


def check_quota(owner: str, size: int = 0) -> None:
    """UserError if one more of `size` bytes would exceed a limit of this owner or the server."""
    quota = Quota("imported data sets", "remove", limits.OWN_DATASETS, limits.OWN_DATASET_BYTES)
    quota.check([Kept(*one) for one in custom.kept()], owner, size)


def check_disk(size: int) -> None:
    """UserError if so many bytes would use the disk's reserve."""
    with atomic.in_words("The images cannot be saved"):
        datasets_dir().mkdir(parents=True, exist_ok=True)
    disk.check(datasets_dir(), size)
