"""Seconds to the test loss that PyTorch's VAE example reaches, with its recipe and with ours.

    AEVIZ_DATA=... python -m benchmarks.speedrun [--rounds 3]

The network is the example's (784-400-20), the data all 60,000 training images of MNIST. The example
trains with Adam at 0.001 and batches of 128 for ten epochs, and reaches about 105.6 nats per test
image. Ours: the same Adam with a smaller beta2, a one-cycle schedule with a higher learning rate,
and the fewest epochs that reach that loss. Each runs in its own process, in turn; figures are
medians. Measuring the test loss is not timed, nor is our validation.
"""

from __future__ import annotations

import argparse
import os
import statistics
from contextlib import ExitStack
from dataclasses import replace

import torch

from aeviz import datasets
from benchmarks.reference_losses import all_training_images
from benchmarks.trainers import EXAMPLE, Task, contender, ours, pytorch_example

TARGET = 105.6
OURS = EXAMPLE.replace(
    **{
        "training.epochs": 6,
        "training.batch_size": 384,
        "training.lr": 0.008,
        "training.beta2": 0.98,
        "training.schedule": "one-cycle",
    }
)
"""Chosen from 4 to 8 epochs, batches of 256 to 768, learning rates of 0.006 to 0.015, beta2 of 0.95
to 0.999."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    dataset = all_training_images(datasets.load("mnist"))
    jobs = {
        "the example's recipe": (pytorch_example, Task(EXAMPLE, dataset, torch.device("cpu"))),
        "aeviz's recipe": (ours, Task(OURS, dataset, torch.device("cpu"))),
    }
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
    with ExitStack() as stack:
        runs = {name: contender(stack, run) for name, (run, _) in jobs.items()}
        for name, (_, job) in jobs.items():
            small = replace(dataset, train=dataset.train.take(slice(0, 512)))
            runs[name](replace(job, dataset=small))  # imports and first kernels
        for _ in range(args.rounds):
            for name, (_, job) in jobs.items():
                rate, loss = runs[name](job)
                rows[name].append((job.images / rate, loss))
    print(f"{os.cpu_count()} cores, medians of {args.rounds}; target {TARGET} nats")
    medians = {}
    for name, found in rows.items():
        seconds, loss = (statistics.median(column) for column in zip(*found, strict=True))
        medians[name] = seconds
        words = "reached" if loss <= TARGET else "NOT reached"
        print(f"{name:24}{seconds:8.1f} s  test loss {loss:.2f} ({words})")
    theirs, mine = medians.values()
    print(f"ratio: {theirs / mine:.1f}x less time")


if __name__ == "__main__":
    main()
