"""Data-parallel training beside one process with the same batches: loss of each epoch, and speed.

    python -m benchmarks.ddp [--preset standard vae ...] [--dataset mnist] [--epochs 2]
        [--images 20000] [--processes 2] [--precision fp32|auto] [--set KEY=VALUE ...]

Each type trains three times from the same seed: in one process with all threads, in several
processes that share these threads, and (if there are several threads) in one process with a single
thread. The last one shows how much the order of additions alone changes a loss: training amplifies
rounding errors. Printed are the differences from the first one in percent, of the losses of the
first steps, of the mean training loss of each epoch and of the validation loss after it, and the
ratio of images per second.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace

import torch

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.device import describe, pick_device
from aeviz.presets.autoencoders import PRESETS, settings_for
from aeviz.training.loop import StepResult
from aeviz.training.parallel.fit import fit
from aeviz.training.parallel.group import Group
from aeviz.training.parallel.launch import processes
from aeviz.training.state import begin

FIRST = 5
"""Steps in which rounding errors have not grown yet."""
MOST = 0.1
"""Percent by which the loss of an epoch may differ."""


class Course:
    """The callbacks of a training, and its losses by epoch."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.training: list[float] = []
        self.validation: list[float] = []
        self.sum, self.count = 0.0, 0
        self.seconds, self.images = 0.0, 0
        self.last: float | None = None

    def on_step(self, result: StepResult) -> None:
        now = time.perf_counter()
        self.steps.append(result.terms.total.item())
        self.sum += self.steps[-1] * result.images
        self.count += result.images
        if self.last is not None:  # the first step of an epoch includes what came before it
            self.seconds += now - self.last
            self.images += result.images
        self.last = now

    def on_epoch(self, result: StepResult) -> None:
        assert result.validation is not None
        self.training.append(self.sum / self.count)
        self.validation.append(result.validation["loss"])
        self.sum, self.count, self.last = 0.0, 0, None

    @property
    def rate(self) -> float:
        """Images per second."""
        return self.images / self.seconds


def trained(config: RunConfig, dataset: Dataset, threads: int, group: Group | None) -> Course:
    torch.set_num_threads(threads)
    course = Course()
    state = begin(config, dataset, pick_device(config.training.device))
    outcome = fit(state, dataset, course.on_step, course.on_epoch, group=group)
    assert outcome.reason == "done", outcome.message
    return course


def off(these: list[float], those: list[float]) -> list[float]:
    """Differences in percent."""
    return [100 * (a / b - 1) for a, b in zip(these, those, strict=True)]


def beside(course: Course, one: Course) -> str:
    """What a line says of a training beside that of one process."""
    first, epochs, validation = (
        " ".join(f"{value:+.4f}" for value in off(these, those))
        for these, those in (
            (course.steps[:FIRST], one.steps[:FIRST]),
            (course.training, one.training),
            (course.validation, one.validation),
        )
    )
    return (
        f"{course.rate / one.rate:.2f}x ({one.rate:,.0f} -> {course.rate:,.0f} images/s), "
        f"first steps % {first}; epochs % {epochs}; validation % {validation}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", nargs="*", default=list(PRESETS), choices=PRESETS)
    parser.add_argument("--dataset", default=None, help="default: mnist if it is there")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="fp32")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    name = args.dataset or ("mnist" if datasets.available("mnist") else "mnist-5k")
    full = datasets.load(name)
    dataset = replace(full, train=full.train.take(slice(0, args.images)))
    changes = {key: json.loads(value) for key, value in (each.split("=") for each in args.set)}
    changes |= {
        "training.epochs": args.epochs,
        "training.device": args.device,
        "training.precision": args.precision,
    }
    threads = torch.get_num_threads()
    print(
        f"{len(dataset.train):,} images of {full.title}, {args.epochs} epoch(s), "
        f"{describe(pick_device(args.device))}, {os.cpu_count()} cores, precision {args.precision}"
    )
    worst = 0.0
    with processes(args.processes) as group:
        own = torch.get_num_threads()
        for preset in args.preset:
            config = settings_for(preset, name).replace(**changes)
            warm = replace(dataset, train=dataset.train.take(slice(0, 1024)))
            short = config.replace(**{"training.epochs": 1})
            for each in (None, group):  # imports, and kernels that are chosen at first use
                trained(short, warm, threads if each is None else own, each)
            one = trained(config, dataset, threads, None)
            several = trained(config, dataset, own, group)
            worst = max(worst, *map(abs, off(several.training, one.training)))
            print(f"{preset:14} {args.processes} processes {beside(several, one)}", flush=True)
            if threads > 1:
                single = trained(config, dataset, 1, None)
                print(f"{'':14} one thread  {beside(single, one)}", flush=True)
    verdict = "at most" if worst <= MOST else "MORE than"
    print(f"largest difference of an epoch's loss: {worst:.4f} %, {verdict} {MOST} %")


if __name__ == "__main__":
    main()
