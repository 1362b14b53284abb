"""The gain of each part of `aeviz.training.cpu`: a training with it on beside one with it off.

Two processes train the same network in turn, some steps each, so that other load on the machine
slows both. A pair is a turn of each process, and every second pair starts with the other process.
The results are medians over the pairs. With `--start`, a pair is instead two fresh processes, timed
from their start to the end of their first step.

    python -m benchmarks.cpu_switches AEVIZ_MICROBATCHES --type convolutional
    python -m benchmarks.cpu_switches AEVIZ_SKIP_DYNAMO --start
    python -m benchmarks.cpu_switches OMP_NUM_THREADS=2 --type deep

NAME or NAME=VALUE is the environment variable that turns the part off (0 unless a value is given).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

from aeviz.presets.autoencoders import PRESETS, settings_for
from aeviz.training.cpu.malloc import keep_memory
from aeviz.training.cpu.threads import threads


def work(type_name: str, batch_size: int, steps: int) -> None:
    """Trains `steps` steps for each line of standard input, and prints their wall-clock time and
    processor time in seconds."""
    keep_memory()
    import torch

    from aeviz import datasets
    from aeviz.training.loop import train
    from aeviz.training.state import begin

    config = settings_for(type_name).replace(
        **{"training.epochs": 10_000, "training.batch_size": batch_size}
    )
    dataset = datasets.load(config.dataset)
    results = train(begin(config, dataset, torch.device("cpu")), dataset)
    next(results)
    print(time.process_time(), flush=True)
    for _ in sys.stdin:
        seconds, used, done = 0.0, 0.0, 0
        while done < steps:
            began, used_before = time.perf_counter(), time.process_time()
            if next(results).validation is None:
                done += 1
                seconds += time.perf_counter() - began
                used += time.process_time() - used_before
        print(seconds, used, flush=True)


Times = tuple[float, float]
"""Wall-clock seconds, and processor seconds."""


class Trainer:
    """One of the two processes."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.cpu_switches", "--work", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def turn(self) -> Times:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seconds, used = map(float, self.line().split())
        return seconds, used

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


def start(arguments: list[str], environment: dict[str, str]) -> Times:
    """The time from the start of a fresh process to the end of its first step."""
    began = time.perf_counter()
    trainer = Trainer(arguments, environment)
    used = float(trainer.line())
    seconds = time.perf_counter() - began
    trainer.end()
    return seconds, used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("off", metavar="NAME[=VALUE]")
    parser.add_argument("--type", choices=PRESETS, default="vae")
    parser.add_argument("--batch-size", type=int, help="default: the type's own")
    parser.add_argument("--steps", type=int, default=20, help="in a turn")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    config = settings_for(args.type)
    batch_size = args.batch_size or config.training.batch_size
    if args.work:
        work(args.type, batch_size, args.steps)
        return
    arguments = ["-", *("--type", args.type), *("--batch-size", str(batch_size))]
    arguments += ["--steps", str(args.steps)]
    name, _, value = args.off.partition("=")
    cores = len(os.sched_getaffinity(0))
    on = {"OMP_NUM_THREADS": str(threads(config, cores, 1)), "GOMP_SPINCOUNT": "1000"}
    ways = (on, on | {name: value or "0"})
    trainers = () if args.start else tuple(Trainer(arguments, way) for way in ways)
    for trainer in trainers:
        trainer.line()  # it is ready
        trainer.turn()  # warm-up: its memory and caches have settled
    pairs: list[tuple[Times, Times]] = []
    for number in range(args.pairs):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        found = {
            which: start(arguments, ways[which]) if args.start else trainers[which].turn()
            for which in order
        }
        pairs.append((found[0], found[1]))
    for trainer in trainers:
        trainer.end()
    print(f"{args.off} --type {args.type} --batch-size {batch_size}, {len(pairs)} pairs")
    scale, unit = (1.0, "s to the first step") if args.start else (1e3 / args.steps, "ms a step")
    for number, what in enumerate(("wall-clock time", "processor time")):
        times = [(on[number], off[number]) for on, off in pairs]
        medians = [scale * statistics.median(side) for side in zip(*times, strict=True)]
        ratio = statistics.median(off / on for on, off in times)
        faster = sum(off > on for on, off in times)
        print(
            f"  {what}: on {medians[0]:.2f}, off {medians[1]:.2f} {unit}; off / on {ratio:.2f}; "
            f"on is faster in {faster}"
        )


if __name__ == "__main__":
    main()
