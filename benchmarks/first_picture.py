"""Seconds from pressing Train to the first useful reconstructions, and to a recognisable map.

    python -m benchmarks.first_picture [--rounds 3] [--preset vae] [--dataset mnist-5k]
        [--map-dataset mnist] [--told-apart 0.75] [--accuracy 0.5] [--limit 120] [--cold]

Each round starts two trainings through the queue, as the button does, one after the other: the
default one, and one with a code of two dimensions on all of MNIST (if it is on this machine; else
on the same 5,000 digits). Reconstructions are useful once six of the eight are nearer to their own
image than to the seven others. A map is recognisable once a 5-nearest-neighbour vote gives the
right digit for half of its points. Figures are medians, with the times of earlier steps.

There is a warm worker before each press, as for a person who has opened the Train page; with
`--cold` there is none. Its memory while it waits is printed: RSS, PSS (memory shared by several
processes is divided among them) and USS (memory that it does not share).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.evaluation.metrics import knn_accuracy
from aeviz.presets.autoencoders import PRESETS, preset
from aeviz.runs import spawn, warm
from aeviz.runs.store import Run
from aeviz.training import snapshots
from aeviz.training.snapshots import Snapshot

POLL_SECONDS = 0.02
WARM_SECONDS = 60.0
MOMENTS = ("process at work", "untrained picture", "first step", "first epoch", "reached")


def told_apart(snapshot: Snapshot) -> float:
    """The share of the eight reconstructions that are nearer to their own image than to others."""
    x = snapshot.x.reshape(len(snapshot.x), 1, -1).astype(np.float64)
    x_hat = snapshot.x_hat.reshape(1, len(x), -1).astype(np.float64)
    nearest = np.square(x - x_hat).sum(2).argmin(0)
    return float((nearest == np.arange(len(x))).mean())


def recognised(snapshot: Snapshot) -> float:
    """The accuracy of a 5-nearest-neighbour vote on the map: every other point is classified by its
    neighbours among the rest."""
    places, labels = torch.from_numpy(snapshot.places), torch.from_numpy(snapshot.labels)
    return knn_accuracy(places[::2], labels[::2], places[1::2], labels[1::2])


def watch(
    config: RunConfig, score: Callable[[Snapshot], float], enough: float, limit: float
) -> tuple[dict[str, float], list[str]]:
    """Seconds from the press to each of MOMENTS, and the scores; then the run is stopped. Moments
    that are not reached within `limit` seconds are missing."""
    seen: dict[str, float] = {}
    scores: list[str] = []
    warm_up()
    began = time.perf_counter()
    run = spawn.start(config)
    judged = -1
    while "reached" not in seen and time.perf_counter() - began < limit and not run.is_over:
        now = time.perf_counter() - began
        status = run.status
        if status.phase == "running":
            seen.setdefault("process at work", now)
        if status.step:
            seen.setdefault("first step", now)
        for path in run.snapshots():
            epoch = snapshots.epoch_of(path)
            if epoch <= judged:
                continue
            judged = epoch
            seen.setdefault("untrained picture" if epoch == 0 else "first epoch", now)
            value = score(snapshots.read(path))
            scores.append(f"{value:.2f} at {now:.1f} s")
            if epoch and value >= enough:
                seen["reached"] = now
        time.sleep(POLL_SECONDS)
    end(run)
    return seen, scores


def warm_up() -> None:
    """Starts a warm worker and waits for it, unless AEVIZ_WARM turns it off."""
    deadline = time.perf_counter() + WARM_SECONDS
    while os.environ.get("AEVIZ_WARM") != "0" and not warm.is_ready():
        spawn.keep_warm()
        if time.perf_counter() > deadline:
            raise SystemExit("there is no warm worker: is there too little memory?")
        time.sleep(POLL_SECONDS)


def idle_memory() -> str:
    """The memory of the warm worker, on Linux."""
    warm_up()
    sizes: Counter[str] = Counter()
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{warm.pid()}/smaps_rollup").read_text().splitlines()[1:]:
            name, size, _ = line.split()
            sizes[name] += int(size)
    alone = sizes["Private_Clean:"] + sizes["Private_Dirty:"]
    named = {"RSS": sizes["Rss:"], "PSS": sizes["Pss:"], "USS": alone}
    return ", ".join(f"{name} {size / 1024:.0f} MiB" for name, size in named.items())


def end(run: Run) -> None:
    run.request_stop()
    while run.is_alive:
        time.sleep(POLL_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--preset", choices=PRESETS, default="vae")
    parser.add_argument("--dataset", default=RunConfig().dataset)
    parser.add_argument("--map-dataset", default=None, help="default: mnist if it is there")
    parser.add_argument("--told-apart", type=float, default=0.75)
    parser.add_argument("--accuracy", type=float, default=0.5)
    parser.add_argument("--limit", type=float, default=120.0)
    parser.add_argument("--cold", action="store_true", help="without a warm worker")
    args = parser.parse_args()
    if args.cold:
        os.environ["AEVIZ_WARM"] = "0"
    digits = args.map_dataset or ("mnist" if datasets.available("mnist") else "mnist-5k")
    first = preset(args.preset).config.replace(dataset=args.dataset)
    flat = preset("vae").config.replace(dataset=digits, **{"bottleneck.latent_dim": 2})
    jobs = {
        f"useful picture ({args.preset}, {args.dataset})": (first, told_apart, args.told_apart),
        f"recognisable map ({digits}, code of 2)": (flat, recognised, args.accuracy),
    }
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in jobs}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AEVIZ_RUNS"] = folder
        if not args.cold:
            print(f"a warm worker: {idle_memory()}")
        for number in range(args.rounds):
            for name, (config, score, enough) in jobs.items():
                seen, scores = watch(config, score, enough, args.limit)
                rows[name].append(seen)
                print(f"round {number + 1}, {name}: {', '.join(scores)}", flush=True)
    print(
        f"\nseconds since the press, medians of {args.rounds}; {os.cpu_count()} cores, "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':44}" + "".join(f"{moment:>19}" for moment in MOMENTS))
    for name, rounds in rows.items():
        cells = (statistics.median(row.get(m, float("inf")) for row in rounds) for m in MOMENTS)
        print(f"{name:44}" + "".join(f"{cell:19.2f}" for cell in cells))


if __name__ == "__main__":
    main()
