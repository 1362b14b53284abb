"""What a data set is: three splits of uint8 images in memory, and the line a list shows of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from aeviz.errors import UserError

SPLIT_SEED = 0
Progress = Callable[[float, str], None]
"""Called as `progress(fraction, message)` with a fraction in [0, 1]."""


@dataclass(frozen=True, eq=False)
class Split:
    """images: uint8 (N, C, H, W); labels: int64 (N,); factors: float32 (N, F), or None."""

    images: Tensor
    labels: Tensor
    factors: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: Tensor | slice) -> Split:
        """The rows that `index` names, in its order."""
        factors = None if self.factors is None else self.factors[index]
        return Split(self.images[index], self.labels[index], factors)


@dataclass(frozen=True, eq=False)
class Splits:
    """The three parts of a data set, which share no image."""

    train: Split
    validation: Split
    test: Split


@dataclass(frozen=True, eq=False)
class Dataset:
    """A loaded data set. `sha256` covers every pixel and label of train, validation and test."""

    name: str
    title: str
    class_names: tuple[str, ...]
    factor_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    sha256: str

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width


@dataclass(frozen=True)
class Source:
    """What is known of a data set before anything is loaded, and how to load it.

    image_shape is (C, H, W); counts are the images in (train, validation, test); `network` says
    that the first use needs a download. `read(root, progress)` answers the splits; `present(root)`
    says whether `read` can do without a network. `own`: somebody made it of images of their own.
    """

    name: str
    title: str
    description: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    counts: tuple[int, int, int]
    credit: str
    read: Callable[[Path, Progress], Splits]
    network: bool = False
    present: Callable[[Path], bool] = lambda root: True
    factor_names: tuple[str, ...] = ()
    own: bool = False


def data_root() -> Path:
    """The folder downloads lie in: `AEVIZ_DATA`, else `aeviz/data` in the user's cache folder."""
    if named := os.environ.get("AEVIZ_DATA"):
        return Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "aeviz" / "data"


@contextlib.contextmanager
def packaged(title: str, package: str) -> Iterator[None]:
    """Reads a table that came inside of a package. Both are gzip files, whose checksum tells of
    every changed byte; UserError where it does."""
    try:
        yield
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(
            f"{title} cannot be read, as its file inside of the package {package} is missing or "
            f"damaged: install it anew with pip install --force-reinstall {package}."
        ) from error


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
