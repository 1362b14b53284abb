"""Load a data set and keep the last few in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from importlib import import_module
from pathlib import Path

from aeviz.datasets.base import Dataset, Progress, Source
from aeviz.datasets.splitting import content_hash

_KEPT = 3
_loaded: OrderedDict[tuple[str, Path], Dataset] = OrderedDict()
_loaded_lock = threading.Lock()
_source_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def load(source: Source, root: Path, report: Progress) -> Dataset:
    """The data set of `source`, from memory or from the disk. If several threads load it at the
    same time, it is loaded once."""
    with _loaded_lock:
        source_lock = _source_locks[source.name]
    with source_lock:
        dataset = _recall(source.name, root) or _read(source, root, report)
        _remember(dataset, root)
    report(1.0, f"{source.title} is ready")
    return dataset


def _read(source: Source, root: Path, report: Progress) -> Dataset:
    splits = import_module(f"aeviz.datasets.{source.reader}").read(source, root, report)
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
