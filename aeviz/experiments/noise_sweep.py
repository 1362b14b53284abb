"""When does a denoiser give up? Each kind of noise from nothing to all there is.

At every amount the same held-out images are corrupted, restored and measured twice: how close they
come to the clean ones (PSNR), and how many of them a classifier that knows clean images still reads
right. Two lines say what a figure is worth: the noisy image itself, which costs nothing, and the
average image, which knows nothing of the one that was lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from aeviz.config import CorruptionConfig, CorruptionKind
from aeviz.evaluation.metrics import psnr_value
from aeviz.nn.corruptions import corrupt

AMOUNTS: tuple[float, ...] = (0, 0.025, 0.05, *(i / 10 for i in range(1, 11)))
NOISY = "noisy"
HALF = 0.5

Restore = Callable[[Tensor], Tensor]
"""Noisy images (N, C, H, W) in [0, 1] -> restored ones."""

Read = Callable[[Tensor], Tensor]
"""Images (N, C, H, W) -> the classes that they are taken for, (N,)."""


@dataclass(frozen=True)
class Curve:
    """At each of the AMOUNTS: psnr in dB, and read, the share of images whose class is right."""

    psnr: tuple[float, ...]
    read: tuple[float, ...]


@dataclass(frozen=True)
class Limits:
    """Amounts of noise: helps_from, where the restored images become closer to the clean ones than
    the noisy ones are; average_from, where they become worse than the average image; unread_from,
    where fewer than half are read right. Each None where that does not happen."""

    helps_from: float | None
    average_from: float | None
    unread_from: float | None

    @property
    def helps(self) -> bool:
        """Whether there is any noise at which it is better than both."""
        end = math.inf if self.average_from is None else self.average_from
        return self.helps_from is not None and self.helps_from < end


@dataclass(frozen=True)
class Sweep:
    """curves by restorer, NOISY among them; average: PSNR in dB of the average image; images: how
    many were measured, and voters: on how many the classifier was trained."""

    curves: dict[str, Curve]
    average: float
    images: int
    voters: int

    def limits(self, name: str) -> Limits:
        """Where this restorer begins to help and where it gives up."""
        own, noisy = self.curves[name], self.curves[NOISY]
        lost = [before - after for before, after in zip(noisy.psnr, own.psnr, strict=True)]
        return Limits(
            None if name == NOISY else falls_below(lost, 0),
            falls_below(own.psnr, self.average),
            falls_below(own.read, HALF),
        )


@torch.no_grad()
def sweep(
    restorers: Mapping[str, Restore],
    x: Tensor,
    labels: Tensor,
    voters: Tensor,
    voter_labels: Tensor,
    kind: CorruptionKind,
) -> Sweep:
    """Measures every restorer on clean images x (N, C, H, W) with their labels (N,), under this
    kind of noise at all AMOUNTS. The classifier and the average image are made of `voters`, other
    images of the kind, with theirs."""
    read = classifier(voters, voter_labels)
    chance = torch.Generator().manual_seed(0)
    noisy = [corrupt(x, CorruptionConfig(kind, amount), chance) for amount in AMOUNTS]
    curves = {}
    for name, restore in {NOISY: lambda noisy: noisy, **restorers}.items():
        answers = [restore(part) for part in noisy]
        curves[name] = Curve(
            tuple(psnr_value(x, x_hat) for x_hat in answers),
            tuple((read(x_hat) == labels).float().mean().item() for x_hat in answers),
        )
    average = psnr_value(x, voters.mean(0, keepdim=True).expand_as(x))
    return Sweep(curves, average, len(x), len(voters))


def classifier(x: Tensor, labels: Tensor) -> Read:
    """Multinomial logistic regression on the pixels of clean images x (N, C, H, W), labels (N,):
    a reader that has never seen noise."""
    from sklearn.linear_model import LogisticRegression  # slow to import

    if len(labels.unique()) == 1:
        return lambda x: labels[:1].expand(len(x))
    model = LogisticRegression(C=0.1, tol=1e-3, max_iter=200)
    model.fit(x.flatten(1).numpy(), labels.numpy())
    return lambda x: torch.from_numpy(model.predict(x.flatten(1).nan_to_num().numpy()))


def falls_below(
    values: Sequence[float], line: float, amounts: Sequence[float] = AMOUNTS
) -> float | None:
    """The first amount from which on `values` lie below `line`, read between the measured ones; 0
    where they do from the start, None where they do not at the end of any stretch."""
    for i, value in enumerate(values):
        if value < line:
            if i == 0:
                return amounts[0]
            before = values[i - 1]
            share = (before - line) / (before - value)
            return amounts[i - 1] + share * (amounts[i] - amounts[i - 1])
    return None
