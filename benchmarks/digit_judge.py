"""A small classifier of digits, to count the images that look like one.

An image counts as a digit if the classifier is at least `SURE` of its class. This threshold alone
says little, so `controls` has the results on real digits and on images that are not digits.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aeviz.datasets import Dataset
from aeviz.evaluation.validation import to_float
from aeviz.presets.defaults import epochs_for

SURE = 0.8
STEPS = 2500
BATCH = 64
CONTROLS = 500
COMPONENTS = 20


class Judge:
    """Trained on a data set of 28x28 digits, with shifts of up to two pixels."""

    def __init__(self, dataset: Dataset, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self._dataset = dataset
        self._network = nn.Sequential(
            *(nn.Conv2d(1, 24, 3, 2, 1), nn.ReLU(), nn.Conv2d(24, 48, 3, 2, 1), nn.ReLU()),
            *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(48 * 49, 128), nn.ReLU()),
            *(nn.Dropout(0.3), nn.Linear(128, 10)),
        )
        images, labels = dataset.train.images, dataset.train.labels
        optimizer = torch.optim.Adam(self._network.parameters(), 2e-3)
        for _ in range(epochs_for(STEPS, len(images), BATCH)):
            for index in torch.randperm(len(images)).split(BATCH):
                down, right = (int(n) - 2 for n in torch.randint(0, 5, (2,)))
                x = torch.roll(to_float(images[index]), (down, right), (2, 3))
                optimizer.zero_grad()
                F.cross_entropy(self._network(x), labels[index]).backward()
                optimizer.step()
        self._network.eval()

    @torch.no_grad()
    def classes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """For images x (N, 1, 28, 28): the likeliest class (N,), and whether it is sure (N,)."""
        probability, found = self._network(x.clamp(0, 1)).softmax(1).max(1)
        return found, probability >= SURE

    def share(self, x: Tensor) -> float:
        """The share of the images that count as digits."""
        return self.classes(x)[1].float().mean().item()

    def controls(self) -> dict[str, float]:
        """The share of test digits, of blends of two digits, of draws from a Gaussian over PCA's
        components and of noise."""
        x = to_float(self._dataset.test.images[:CONTROLS])
        flat = to_float(self._dataset.train.images).flatten(1)
        generator = torch.Generator().manual_seed(0)
        mean = flat.mean(0)
        _, values, vectors = torch.pca_lowrank(flat, COMPONENTS, niter=4)
        z = torch.randn(len(x), COMPONENTS, generator=generator) * values / len(flat) ** 0.5
        return {
            "test digits": self.share(x),
            "blends of two": self.share((x + x.flip(0)) / 2),
            "PCA draws": self.share((mean + z @ vectors.T).view_as(x)),
            "noise": self.share(torch.rand(x.shape, generator=generator)),
        }
