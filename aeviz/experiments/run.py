"""Do the tasks of an experiment one after the other, or several at a time in processes.

An executor takes independent tasks and yields each one's output as soon as it is there.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import aeviz
from aeviz import datasets
from aeviz.cluster.packs import Pack
from aeviz.datasets import transfer
from aeviz.experiments import table
from aeviz.experiments.base import MAX_NUMBERS, Output, Picture, Result, Row, Task
from aeviz.experiments.stored import Stored

STOP_SECONDS = 0.5
"""How soon a Stop is noticed while tasks are done elsewhere."""

_HERE = Path(__file__).resolve().parent
_COMPUTES = ("config.py", "pca.py", "datasets", "degradations", "images", "nn", "presets",
             "training", "evaluation", "latent", "restoration")  # fmt: skip
"""Packages of aeviz that a measured number depends on, beside the Lab's own files."""


@dataclass(frozen=True)
class Done:
    """A finished task: its output and the seconds that it took."""

    key: str
    rows: list[Row]
    pictures: dict[str, Picture]
    seconds: float
    arrays: dict[str, list[Any]] = field(default_factory=dict)
    stored: Stored | None = None


def work(name: str, data: dict[str, Any], task: Task) -> Done:
    """Does one task, in any process: its arguments are plain data."""
    experiment = table.find(name)
    began = time.perf_counter()
    output: Output = experiment.work(experiment.build(data), task)
    if sum(map(_numbers, output.arrays.values())) > MAX_NUMBERS:
        raise ValueError(f"{name} {task.key}: more than {MAX_NUMBERS} numbers in its arrays")
    seconds = time.perf_counter() - began
    return Done(task.key, output.rows, output.pictures, seconds, output.arrays, output.stored)


def _numbers(values: list[Any]) -> int:
    return sum(_numbers(one) if isinstance(one, list) else 1 for one in values)


def in_turn(
    name: str,
    data: dict[str, Any],
    tasks: Sequence[Task],
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Done]:
    """Does the tasks in this process."""
    for task in tasks:
        if should_stop():
            return
        yield work(name, data, task)


def in_processes(
    name: str,
    data: dict[str, Any],
    tasks: Sequence[Task],
    should_stop: Callable[[], bool] = lambda: False,
    workers: int = 2,
) -> Iterator[Done]:
    """Does the tasks in `workers` processes of this machine; in this process if that is one."""
    if workers < 2 or len(tasks) < 2:
        yield from in_turn(name, data, tasks, should_stop)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), context) as pool:
        yield from _results(pool, partial(work, name, data), tasks, should_stop)


def on_cluster(
    name: str,
    data: dict[str, Any],
    tasks: Sequence[Task],
    should_stop: Callable[[], bool] = lambda: False,
    limit: Callable[[int], int] | None = None,
) -> Iterator[Done]:
    """Does the tasks on the machines of the cluster (`aeviz.cluster`), at most `limit(n)` at a time
    while n are left. The data sets that the parameters name come along."""
    from aeviz.cluster.executor import ClusterExecutor

    names = {value for value in data.values() if isinstance(value, str) and datasets.get(value)}
    with ClusterExecutor(limit, transfer.files(names)) as pool:
        yield from _results(pool, partial(_work_elsewhere, name, data), tasks, should_stop)


def _work_elsewhere(name: str, data: dict[str, Any], files: Pack, task: Task) -> Done:
    """`work` on another machine, with the data sets in these files."""
    transfer.use(files.folder())
    return work(name, data, task)


def _results(
    pool: Executor,
    do: Callable[..., Done],
    tasks: Sequence[Task],
    should_stop: Callable[[], bool],
) -> Iterator[Done]:
    """What `do` returns for each task, as soon as it is there. A Stop, or an error here or where
    the results are used, cancels the tasks that are left."""
    waiting = {pool.submit(do, task) for task in tasks}
    try:
        while waiting:
            ready, waiting = wait(waiting, STOP_SECONDS, FIRST_COMPLETED)
            for future in ready:
                yield future.result()
            if should_stop():
                return
    finally:
        if waiting:
            pool.shutdown(wait=False, cancel_futures=True)


def assemble(experiment_name: str, parameters: Any, done: dict[str, Done]) -> Result:
    """The result of the tasks that are done, in the order of the tasks."""
    tasks = table.find(experiment_name).tasks(parameters)
    rows = [row for task in tasks if task.key in done for row in done[task.key].rows]
    pictures = {
        f"{task.key}/{name}": picture
        for task in tasks
        if task.key in done
        for name, picture in done[task.key].pictures.items()
    }
    arrays = {
        f"{task.key}/{name}": values
        for task in tasks
        if task.key in done
        for name, values in done[task.key].arrays.items()
    }
    return Result(parameters, rows, pictures, all(task.key in done for task in tasks), arrays)


def files_of(name: str) -> list[Path]:
    """The files that an experiment's numbers may depend on: its own, which are a file or a folder,
    those that experiments share, and packages of aeviz."""
    shared = sorted(_HERE.glob("*.py"))
    paths = [_HERE / table.MODULES[name], *(_HERE.parent / part for part in _COMPUTES)]
    return shared + [
        file
        for path in paths
        for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")])
    ]


@cache
def revision(name: str) -> str:
    """12 hexadecimal digits that change with the version of aeviz and with any of these files."""
    digest = hashlib.sha256(aeviz.__version__.encode())
    for file in files_of(name):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def key_of(name: str, data: dict[str, Any]) -> str:
    """The id of a job: the experiment, and a hash of its parameters and the code's revision."""
    text = json.dumps([name, data, revision(name)], sort_keys=True)
    return f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
