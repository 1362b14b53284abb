"""A data set: its facts (Source), and three splits of uint8 images in memory (Dataset).

Nothing here imports PyTorch, so that a page can list the data sets without it.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aeviz.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

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
        """The rows in `index`, in its order."""
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
    """The facts about a data set, known before anything is loaded.

    image_shape: (C, H, W). counts: images in (train, validation, test). `reader`: the module of
    `aeviz.datasets` that reads it (see `aeviz.datasets.sources`). `network`: the first use needs a
    download. `folder`: that of the downloaded files, in `data_root`. `part_of`: the data set that
    these images are a part of. `own`: a person made it from their own images.
    """

    name: str
    title: str
    description: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    counts: tuple[int, int, int]
    credit: str
    reader: str
    network: bool = False
    folder: str = ""
    factor_names: tuple[str, ...] = ()
    part_of: str = ""
    own: bool = False


def data_root() -> Path:
    """The folder of downloads: `AEVIZ_DATA`, else `aeviz/data` in the user's cache folder."""
    if named := os.environ.get("AEVIZ_DATA"):
        return Path(named).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "aeviz" / "data"


@contextlib.contextmanager
def packaged(title: str, package: str) -> Iterator[None]:
    """A context for reading a table from an installed package: UserError if it cannot be read. The
    tables are gzip files, whose checksum detects every changed byte."""
    try:
        yield
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise UserError(
            f"{title} cannot be read, as its file inside the package {package} is missing or "
            f"damaged: reinstall it with pip install --force-reinstall {package}."
        ) from error
