"""A class trains on other machines, and one of them is unplugged.

    python -m benchmarks.ray_unplug [--students 30] [--machines 3] [--cpus 2] [--epochs 20]

So many people start a training each, on a cluster of simulated machines. Once as many runs have
saved an epoch as the machines have processors, one machine ends without a word. Exits with 1 if any
run is not done in the end, or has an epoch twice or not at all.
"""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
import time
from collections.abc import Callable

from aeviz.cluster import address
from aeviz.presets.autoencoders import settings_for
from aeviz.runs import spawn
from aeviz.runs.store import Run
from benchmarks import ray_cluster

LONGEST = 1800.0
DATASET = "mnist-5k"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--machines", type=int, default=3)
    parser.add_argument("--cpus", type=int, default=2, help="processors of each machine")
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()
    os.environ["AEVIZ_WARM"] = "0"
    with (
        tempfile.TemporaryDirectory() as folder,
        ray_cluster.cluster(args.machines, args.cpus) as made,
    ):
        os.environ |= {"AEVIZ_RUNS": folder, address.VARIABLE: made.address}
        config = settings_for("vae", DATASET).replace(**{"training.epochs": args.epochs})
        began = time.monotonic()
        runs = [spawn.start(config, secrets.token_hex(16)) for _ in range(args.students)]
        until(lambda: sum(run.status.epoch > 0 for run in runs) >= args.machines * args.cpus)
        made.remove_node(next(iter(made.worker_nodes)), allow_graceful=False)
        print(f"one of {args.machines} machines ended after {time.monotonic() - began:.0f} s")
        until(lambda: all(run.is_over for run in runs))
        print(f"all {len(runs)} runs have ended after {time.monotonic() - began:.0f} s")
        raise SystemExit(0 if all([report(run, args.epochs) for run in runs]) else 1)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"nothing happens for {LONGEST:.0f} s")
        time.sleep(0.2)


def report(run: Run, epochs: int) -> bool:
    """Print how the run ended; whether it is done, with each epoch once."""
    found = [row["epoch"] for row in run.metrics() if "validation" in row]
    whole = run.status.phase == "done" and found == [*range(1, epochs + 1)]
    print(f"{run.id}: {run.status.phase}, {len(found)} epochs{'' if whole else ': LOST'}")
    return whole


if __name__ == "__main__":
    main()
