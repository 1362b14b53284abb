"""Test losses beside those that well-known examples report for the same networks.

    AEVIZ_DATA=... python -m benchmarks.reference_losses [--only NAME]

Needs the full MNIST (60,000 training images, as the examples use; nothing is held out for
validation). Prints one line per example: our test loss beside the published one.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace

import torch

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.evaluation.evaluate import evaluate
from aeviz.training.loop import train
from aeviz.training.state import begin
from benchmarks.trainers import EXAMPLE


@dataclass(frozen=True)
class Reference:
    """A published example: its settings, the metric to compare, and the value to reach."""

    config: RunConfig
    figure: str
    theirs: str
    must: float


KERAS = {
    "training.batch_size": 256,
    "loss.reconstruction": "bce",
    "bottleneck.latent_dim": 32,
    "bottleneck.activation": "relu",
    "network.init": "glorot",
}
REFERENCES = {
    "pytorch-vae": Reference(
        EXAMPLE,
        "loss",
        "105.6 nats per image (PyTorch's VAE example)",
        106.0,
    ),
    "keras-simple": Reference(
        RunConfig().replace(**KERAS, **{"network.hidden": [], "training.epochs": 50}),
        "bce_per_pixel",
        "0.093 per pixel (the Keras blog's 784-32-784)",
        0.0935,
    ),
    "keras-deep": Reference(
        RunConfig(type="deep").replace(
            **KERAS, **{"network.hidden": [128, 64], "training.epochs": 100}
        ),
        "bce_per_pixel",
        "0.085 to 0.09 per pixel (the Keras blog's deep autoencoder)",
        0.0850,
    ),
}


def all_training_images(dataset: Dataset) -> Dataset:
    """The complete official training split. The test images are used for validation, but nothing
    is selected by it."""
    merged = Split(
        torch.cat([dataset.train.images, dataset.validation.images]),
        torch.cat([dataset.train.labels, dataset.validation.labels]),
    )
    return replace(dataset, train=merged, validation=dataset.test.take(slice(0, 1000)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=REFERENCES)
    args = parser.parse_args()
    dataset = all_training_images(datasets.load("mnist"))
    for name, reference in REFERENCES.items():
        if args.only in (None, name):
            began = time.perf_counter()
            config = reference.config.replace(dataset="mnist")
            state = begin(config, dataset, torch.device("cpu"))
            for _ in train(state, dataset):
                pass
            value = evaluate(state.model, dataset)[reference.figure]
            verdict = "reached" if value <= reference.must else "NOT reached"
            print(
                f"{name:14} {reference.figure} {value:.4f}  must be at most {reference.must:g}: "
                f"{verdict}; theirs: {reference.theirs}; {time.perf_counter() - began:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
