"""Whether there is room for one more data set of a person's."""

from __future__ import annotations

from aeviz import limits
from aeviz.datasets import custom
from aeviz.io import atomic, disk
from aeviz.io.paths import datasets_dir
from aeviz.quota import Kept, Quota


def check_quota(owner: str, size: int = 0) -> None:
    """UserError where one of so many bytes is too much for this owner, or for the server."""
    quota = Quota("imported data sets", "remove", limits.OWN_DATASETS, limits.OWN_DATASET_BYTES)
    quota.check([Kept(*one) for one in custom.kept()], owner, size)


def check_disk(size: int) -> None:
    """UserError where so many bytes would take of the disk's reserve."""
    with atomic.in_words("The images cannot be kept"):
        datasets_dir().mkdir(parents=True, exist_ok=True)
    disk.check(datasets_dir(), size)
