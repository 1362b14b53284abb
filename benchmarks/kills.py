"""Kill a worker a hundred times and the server twenty times, at random times, and check the runs.

    python -m benchmarks.kills [--workers 100] [--servers 20] [--seed 0]

After each kill (SIGKILL), each file must be complete, at most one epoch lost, and no process left.
Each training must end with weights, optimizer and random states that are bit-identical to those of
an uninterrupted one. Exits with an error at the first failure. The killed workers are forks of a
process that has already imported everything for training, so that kills hit training. The servers
are the app itself, with the workers that it starts.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import torch

from aeviz.runs import store
from aeviz.runs.store import Run
from benchmarks import killing
from benchmarks.class_students import ask
from benchmarks.killing import Left, Nursery
from benchmarks.serving import ROOT, serve


class App:
    """The app; runs are started as by the pages' Resume button."""

    def __init__(self, url: str, process: subprocess.Popen[bytes]) -> None:
        self.url, self.process = url, process

    def start(self, run: Run) -> None:
        run.pid_path.touch()  # as if a new run had had a process, too
        answer = ask(self.url, {"resume": run.id})
        if "run" not in answer:
            raise SystemExit(answer["error"])


def tell(what: str, all_left: Sequence[Left]) -> None:
    phases = Counter(left.phase for left in all_left)
    lost = max((left.epochs_lost for left in all_left), default=0.0)
    gone = max((left.seconds for left in all_left), default=0.0)
    said = ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items()))
    print(f"{len(all_left):4} times the {what} was killed: {said}; every file whole; at most ")
    print(f"     {lost:.2f} epochs lost; the last process exited {gone:.2f} s later", flush=True)
    assert lost <= 1.0, "more than an epoch was lost"


def kill_workers(home: Path, count: int, seed: int) -> None:
    config = killing.tiny()
    with Nursery(home) as server:
        wanted, taken = killing.undisturbed(server, config)
        tell("worker", list(islice(killing.kills(server, config, wanted, taken, seed), count)))
        for run in store.runs():
            killing.go_on_to_the_end(server, run, wanted)
    print(f"     {len(store.runs())} runs, each bit-identical to the uninterrupted one", flush=True)


def kill_servers(home: Path, count: int, seed: int) -> None:
    """Starts a new server each time, which finds the run of the previous one. Trainings are longer
    here, because a worker spends most of its time on imports."""
    config = killing.tiny(epochs=30)
    script = ROOT / "benchmarks" / "class_app.py"
    chance = random.Random(seed)
    with serve(script, home) as server:
        app = App(server.url, server.process)
        wanted, taken = killing.undisturbed(app, config)
    lost: list[Left] = []
    before = len(store.runs())
    run = store.create(config)
    while len(lost) < count:
        if run.status.phase == "done":
            killing.check_end(run, wanted)
            run = store.create(config)
        with serve(script, home) as server:
            app = App(server.url, server.process)
            left = killing.lose_server(app, run, chance.uniform(0.0, taken))
        if left.phase != "done":  # else it had finished before
            lost.append(left)
    tell("server", lost)
    with serve(script, home) as server:
        killing.go_on_to_the_end(App(server.url, server.process), run, wanted)
    print(f"     {len(store.runs()) - before} runs, each bit-identical to the uninterrupted one")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--servers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # small batches, and processors may be busy
    torch.set_num_threads(1)
    for count, kill in ((args.workers, kill_workers), (args.servers, kill_servers)):
        if count:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                os.environ["AEVIZ_RUNS"] = folder
                kill(Path(folder), count, args.seed)


if __name__ == "__main__":
    main()
