"""A small classifier of images, which says how recognisable a decoded image is, and its class. The
distance of its features measures how much two images differ in content."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from aeviz.datasets import Split
from aeviz.evaluation.validation import to_float

FEATURES = 64
HIDDEN = 256
BATCH = 100
RATE = 3e-3


class Classifier(nn.Module):
    """A dense network: pixels - 256 - 64 - classes."""

    def __init__(self, values: int, classes: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Flatten(),
            nn.Linear(values, HIDDEN),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(HIDDEN, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] to logits (N, classes)."""
        logits: Tensor = self.head(self.trunk(x))
        return logits

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """Images (N, C, H, W) to (N, 64)."""
        found: Tensor = self.trunk(x)
        return found

    @torch.no_grad()
    def answers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The confidence (N,), in [0, 1], and the class (N,) of images (N, C, H, W)."""
        sure, classes = self(x).softmax(1).max(1)
        return sure, classes

    def accuracy(self, split: Split) -> float:
        """The share of a split that it classifies correctly."""
        answers = self.answers(to_float(split.images))[1]
        return (answers == split.labels).float().mean().item()


def train_classifier(split: Split, classes: int, steps: int = 600, seed: int = 0) -> Classifier:
    """A classifier in eval mode on the CPU, trained on these images with Adam, one-cycle."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Classifier(split.images[0].numel(), classes)
        optimizer = torch.optim.Adam(model.parameters(), RATE)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
        for _ in range(steps):
            index = torch.randint(len(split), (BATCH,))
            logits = model(to_float(split.images[index]))
            loss = nn.functional.cross_entropy(logits, split.labels[index])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            rate.step()
    return model.eval().requires_grad_(False)
