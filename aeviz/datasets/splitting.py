"""Cut a data set into train, validation and test, and hash the result."""

from __future__ import annotations

import hashlib

import torch

from aeviz.datasets.base import Split, Splits

SPLIT_SEED = 0


def shuffled(split: Split, seed: int = SPLIT_SEED) -> Split:
    """The same rows in an order that depends on `seed` and their number alone."""
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(seed))
    return split.take(order)


def cut(split: Split, counts: tuple[int, int, int]) -> Splits:
    """Cut the rows, in their order, into train, validation and test of the given sizes."""
    train, validation, test = counts
    held_out = train + validation
    return Splits(
        split.take(slice(0, train)),
        split.take(slice(train, held_out)),
        split.take(slice(held_out, held_out + test)),
    )


def content_hash(splits: Splits) -> str:
    """SHA-256 (hex) over shapes, pixels and labels of train, validation and test, in order."""
    digest = hashlib.sha256()
    for split in (splits.train, splits.validation, splits.test):
        digest.update(repr(tuple(split.images.shape)).encode())
        digest.update(split.images.contiguous().numpy().data)
        digest.update(split.labels.contiguous().numpy().astype("<i8").data)
    return digest.hexdigest()
