"""Data sets by name: `load("mnist-5k")`. A new one is one file and one row of `DATASETS`."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from pathlib import Path

from aeviz.datasets import cifar10, digits, idx, mnist_5k, shapes
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
    "load",
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


def load(name: str, progress: Progress | None = None, root: Path | None = None) -> Dataset:
    """The data set called `name`, downloaded on first use where its source needs that.

    The last few stay in memory and are shared: treat the tensors as read-only. Threads that ask
    for one set at the same time load it once.

    Raises UserError for an unknown name, and for data that cannot be downloaded, written or read.
    """
    source = _source(name)
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
    return _source(name).present(data_root() if root is None else Path(root))


def _source(name: str) -> Source:
    if name not in DATASETS:
        raise UserError(f"There is no data set called {name!r}: choose one of {_listed()}.")
    return DATASETS[name]


def _listed() -> str:
    return ", ".join(DATASETS)


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
