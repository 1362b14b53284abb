"""What Ray costs: the same work on a warm cluster of this machine, and without Ray, alternately.

    python -m benchmarks.ray_overhead [--rounds 5] [--epochs 60] [--tasks 64] [--seconds 5]
        [--at-once 8] [--only trainings tasks memory]

Trainings: one run is started as by the Train page and trains with one thread: here in a warm
worker, on the cluster in a trainer that has trained before. Measured are the seconds until its
first metrics are in its folder, and until it is done. Tasks: each imports what a task of the Lab
imports, sleeps, and returns rows and arrays; so many run at once, in processes of this machine or
on the cluster. They sleep because this machine may have fewer processors. Memory: of the head, of
the follower (the process of a run on the server) and of a trainer. All processes share the priority
of a training. Times are medians; the cluster is this machine, so no network is in between.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from aeviz.cluster.address import VARIABLE
from aeviz.cluster.executor import ClusterExecutor
from aeviz.config import RunConfig
from aeviz.experiments.run import Done
from aeviz.io import priority
from aeviz.presets.autoencoders import settings_for
from aeviz.runs import spawn, warm
from aeviz.runs.store import OVER, Run
from benchmarks import ray_cluster

MOST_OVERHEAD = 0.05
MOST_SECONDS = 1.0
"""By which the first metrics may come later than without Ray."""
PICTURE = 100_000
POLL_SECONDS = 0.01
LONGEST = 300.0


def trainings(address: str, rounds: int, epochs: int) -> bool:
    """The same training here and on the cluster, alternately, after one each that is not
    counted."""
    config = settings_for("vae", "mnist-5k").replace(**{"training.epochs": epochs})
    first: dict[str, list[float]] = {"here": [], "ray": []}
    whole: dict[str, list[float]] = {"here": [], "ray": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for name in first:
                seconds = trained(config, Path(folder) / name, None if name == "here" else address)
                if number:
                    first[name].append(seconds[0])
                    whole[name].append(seconds[1])
                    text = f"first metrics {seconds[0]:.2f} s, done {seconds[1]:.2f} s"
                    print(f"  {name:6} {text}", flush=True)
    later = statistics.median(first["ray"]) - statistics.median(first["here"])
    return all(
        [
            verdict("training", whole),
            passed(
                f"first metrics: {statistics.median(first['here']):.2f} s here, "
                f"{statistics.median(first['ray']):.2f} s through Ray: {later:+.2f} s",
                later <= MOST_SECONDS,
                f"at most {MOST_SECONDS:g} s later",
            ),
        ]
    )


def trained(config: RunConfig, runs: Path, address: str | None) -> tuple[float, float]:
    """Seconds until the first metrics of a run, and until it is done."""
    with environment(runs, address):
        if address is None:
            wait_for(ready)
        began = time.perf_counter()
        run = spawn.start(config)
        wait_for(lambda: has_metrics(run), run)
        first = time.perf_counter() - began
        wait_for(lambda: run.status.phase in OVER, run)
        seconds = time.perf_counter() - began
        if run.status.phase != "done":
            raise SystemExit(f"the training has {run.status.phase}: {run.status.message}")
        wait_for(lambda: not run.is_alive, run)
        return first, seconds


def ready() -> bool:
    """Whether the worker that the Train page keeps is ready. A run that has just ended holds its
    slot a moment longer."""
    spawn.keep_warm()
    return warm.is_ready()


def has_metrics(run: Run) -> bool:
    path = run.folder / "metrics.jsonl"
    return path.exists() and path.stat().st_size > 0


@contextlib.contextmanager
def environment(runs: Path, address: str | None) -> Iterator[None]:
    """The variables of an app whose runs are in this folder, with or without a cluster."""
    before = dict(os.environ)
    os.environ.update(AEVIZ_RUNS=str(runs), AEVIZ_WORKERS="1", OMP_NUM_THREADS="1")
    if address is not None:
        os.environ[VARIABLE] = address
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def wait_for(condition: Callable[[], bool], run: Run | None = None) -> None:
    deadline = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"it takes too long: {run.status if run else 'no warm worker'}")
        time.sleep(POLL_SECONDS)


def task(number: int, seconds: float) -> Done:
    """Like a task of the Lab: its imports, some time, and an output of its size."""
    began = time.perf_counter()
    from aeviz.experiments import table

    table.find("code-size")
    time.sleep(max(0.0, seconds - (time.perf_counter() - began)))
    rows: list[dict[str, float | int | str]] = [{"size": number, "loss": 0.5, "arm": "linear"}]
    return Done(str(number), rows, {}, seconds, {"codes": [[0.5] * (PICTURE // 20)]})


def tasks(address: str, rounds: int, count: int, seconds: float, at_once: int) -> bool:
    """The same tasks in processes of this machine and on the cluster, alternately. Both start
    their processes within the time that is measured."""
    times: dict[str, list[float]] = {"here": [], "ray": []}
    context = multiprocessing.get_context("spawn")
    for _ in range(rounds):
        began = time.perf_counter()
        with ProcessPoolExecutor(at_once, context) as pool:
            do(pool, count, seconds)
        times["here"].append(time.perf_counter() - began)
        with ray_cluster.connected(address) as ray:
            ray_cluster.wait_for_processors(ray, at_once)
            began = time.perf_counter()
            with ClusterExecutor(lambda left: at_once) as pool:
                do(pool, count, seconds)
            times["ray"].append(time.perf_counter() - began)
        print(f"  here {times['here'][-1]:.1f} s, Ray {times['ray'][-1]:.1f} s", flush=True)
    print(f"  at best {seconds * -(-count // at_once):.1f} s")
    return verdict(f"{count} tasks of {seconds:g} s, {at_once} at once", times)


def do(pool: Executor, count: int, seconds: float) -> None:
    futures = [pool.submit(task, number, seconds) for number in range(count)]
    assert [future.result().key for future in futures] == [str(n) for n in range(count)]


def memory(made: Any) -> None:
    """Memory of the parts, while a run trains and just after it."""
    config = settings_for("vae", "mnist-5k").replace(**{"training.epochs": 10_000})
    with tempfile.TemporaryDirectory() as folder, environment(Path(folder), made.address):
        print_memory("head (gcs_server and raylet)", ray_cluster.head(made))
        run = spawn.start(config)
        wait_for(lambda: has_metrics(run), run)
        print_memory("follower", [int(run.pid_path.read_text())])
        trainers = ray_cluster.workers(made, "ray::Trainer")
        print_memory("trainer that trains", trainers)
        run.request_stop()
        wait_for(lambda: run.status.phase in OVER, run)
        wait_for(lambda: not run.is_alive, run)
        print_memory("idle trainer", trainers)


def print_memory(name: str, pids: Iterable[int]) -> None:
    sizes = [ray_cluster.megabytes(pid) for pid in pids]
    parts = (f"{sum(size[part] for size in sizes):.0f} {part}" for part in sizes[0])
    print(f"  {name}, MB: {', '.join(parts)}")


def verdict(what: str, times: dict[str, list[float]]) -> bool:
    here, ray = (statistics.median(times[name]) for name in ("here", "ray"))
    text = f"{what}: {here:.2f} s here, {ray:.2f} s through Ray: {100 * (ray / here - 1):+.1f} %"
    return passed(text, ray / here - 1 <= MOST_OVERHEAD, f"at most {100 * MOST_OVERHEAD:g} %")


def passed(text: str, holds: bool, bound: str) -> bool:
    print(f"{text} ({'yes' if holds else 'NO'}: {bound})", flush=True)
    return holds


def main() -> None:
    parts = ("trainings", "tasks", "memory")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--tasks", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    args = parser.parse_args()
    os.environ.pop(VARIABLE, None)
    os.environ["AEVIZ_WARM"] = "1"
    # Ray would leave its processes that of this one, and on a busy machine they would win
    priority.lower_process(priority.TRAINING)
    print(f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}")
    holds = True
    with ray_cluster.cluster(1, args.at_once) as made:
        if "trainings" in args.only:
            holds &= trainings(made.address, args.rounds, args.epochs)
        if "tasks" in args.only:
            holds &= tasks(made.address, args.rounds, args.tasks, args.seconds, args.at_once)
        if "memory" in args.only:
            memory(made)
    raise SystemExit(not holds)


if __name__ == "__main__":
    main()
