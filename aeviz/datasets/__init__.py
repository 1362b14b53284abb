"""Data sets by name: `load("mnist-5k")`. A new one is one row of `sources.DATASETS` and one file
(none if a module reads its format already).

Besides those of the table, there are data sets that people made from their own images (`custom`).
They can be added and removed while the app runs; `table`, `get` and `find` include them. Only
`load` and `available` import PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from aeviz.datasets import custom
from aeviz.datasets.base import Dataset, Progress, Source, Split, data_root
from aeviz.datasets.sources import DATASETS, DEFAULT
from aeviz.errors import UserError

__all__ = [
    "DATASETS",
    "DEFAULT",
    "Dataset",
    "Progress",
    "Source",
    "Split",
    "available",
    "data_root",
    "find",
    "get",
    "load",
    "table",
]


def table() -> dict[str, Source]:
    """All data sets by name: those of `DATASETS`, then custom ones, the newest first."""
    return DATASETS | {source.name: source for source in custom.sources()}


def get(name: str) -> Source | None:
    """The data set of this name, or None."""
    return DATASETS.get(name) or custom.source(name)


def find(name: str) -> Source:
    """The data set of this name. Raises UserError if there is none (any more)."""
    source = get(name)
    if source is None:
        if custom.is_own(name):
            custom.description(name)  # says what is wrong with it
        listed = ", ".join(DATASETS)
        raise UserError(f"There is no data set called {name[:60]!r}: choose one of {listed}.")
    return source


def load(name: str, progress: Progress | None = None, root: Path | None = None) -> Dataset:
    """The data set called `name`, downloaded on first use if its source needs that.

    The last few stay in memory and are shared: treat the tensors as read-only. If several threads
    load a data set at the same time, it is loaded once.

    Raises UserError for an unknown name, and for data that cannot be downloaded, written or read.
    """
    source = find(name)
    from aeviz.datasets import loading  # it imports PyTorch

    root = data_root() if root is None else Path(root)
    return loading.load(source, root, progress or (lambda fraction, message: None))


def available(name: str, root: Path | None = None) -> bool:
    """Whether `load(name)` can do without a network. Raises UserError for an unknown name."""
    source = find(name)
    if not source.network:
        return True
    reader = import_module(f"aeviz.datasets.{source.reader}")
    return bool(reader.present(source, data_root() if root is None else Path(root)))
