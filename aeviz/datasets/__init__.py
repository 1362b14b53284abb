"""Data sets by name: `load("mnist-5k")`. A new one is one file and one row of `DATASETS`.

Beside those of the table are the ones that people made of their own images (`own`), which come
and go while the app runs: `table`, `get` and `find` know both.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from pathlib import Path

from aeviz.datasets import cifar10, custom, digits, idx, mnist_5k, shapes
from aeviz.datasets.base import (
    Dataset,
    Progress,
    Source,
    Split,
    content_hash,
    data_root,
)
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

DATASETS: dict[str, Source] = {
    source.name: source
    for source in (
        mnist_5k.SOURCE,
        digits.SOURCE,
        shapes.GREY,
        shapes.COLOUR,
        idx.MNIST,
        idx.FASHION_MNIST,
        idx.KMNIST,
        cifar10.SOURCE,
    )
}
DEFAULT = mnist_5k.SOURCE.name

_KEPT = 3
_loaded: OrderedDict[tuple[str, Path], Dataset] = OrderedDict()
_loaded_lock = threading.Lock()
_source_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def table() -> dict[str, Source]:
    """All data sets there are, by name: those of `DATASETS`, then people's own, newest first."""
    return DATASETS | {source.name: source for source in custom.sources()}


def get(name: str) -> Source | None:
    """The data set of this name, or None."""
    return DATASETS.get(name) or custom.source(name)


def find(name: str) -> Source:
    """The data set of this name. Raises UserError where there is none (any more)."""
    source = get(name)
    if source is None:
        if custom.is_own(name):
            custom.description(name)  # says what is wrong with it
        listed = ", ".join(DATASETS)
        raise UserError(f"There is no data set called {name[:60]!r}: choose one of {listed}.")
    return source


def load(name: str, progress: Progress | None = None, root: Path | None = None) -> Dataset:
    """The data set called `name`, downloaded on first use where its source needs that.

    The last few stay in memory and are shared: treat the tensors as read-only. Threads that ask
    for one set at the same time load it once.

    Raises UserError for an unknown name, and for data that cannot be downloaded, written or read.
    """
    source = find(name)
    root = data_root() if root is None else Path(root)
    report = progress or (lambda fraction, message: None)
    with _loaded_lock:
        source_lock = _source_locks[name]
    with source_lock:
        dataset = _recall(name, root) or _read(source, root, report)
        _remember(dataset, root)
    report(1.0, f"{source.title} is ready")
    return dataset


def available(name: str, root: Path | None = None) -> bool:
    """Whether `load(name)` can do without a network. Raises UserError for an unknown name."""
    return find(name).present(data_root() if root is None else Path(root))


def _read(source: Source, root: Path, report: Progress) -> Dataset:
    splits = source.read(root, report)
    return Dataset(
        name=source.name,
        title=source.title,
        class_names=source.class_names,
        factor_names=source.factor_names,
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        sha256=content_hash(splits),
    )


def _recall(name: str, root: Path) -> Dataset | None:
    with _loaded_lock:
        return _loaded.get((name, root))


def _remember(dataset: Dataset, root: Path) -> None:
    with _loaded_lock:
        _loaded[dataset.name, root] = dataset
        _loaded.move_to_end((dataset.name, root))
        while len(_loaded) > _KEPT:
            _loaded.popitem(last=False)
