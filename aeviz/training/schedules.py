"""Schedules of beta and the learning rate, by the share of the training done.

`progress` runs from 0 (before the first step) to 1 (after the last one).
"""

from __future__ import annotations

import math

from aeviz.config import RunConfig, TrainingConfig


def beta_at(config: RunConfig, progress: float) -> float:
    """beta: in each of `cycles` equal parts of the training it changes linearly from `beta_start`
    to its value over the first `warmup` share of that part, then stays.

    From 0, one cycle is a warm-up (Sønderby et al. 2016); several are cyclical annealing (Fu et al.
    2019, whose M and R are `cycles` and `warmup`). From a larger value, the capacity of the code
    grows over time, so the factors that it encodes first stay on separate dimensions (Burgess et
    al. 2018, "Understanding disentangling in beta-VAE", who raise the KL itself).
    """
    loss = config.loss
    done = progress * loss.cycles
    within = done - min(int(done), loss.cycles - 1)
    share = min(1.0, within / loss.warmup) if loss.warmup else 1.0
    return loss.beta_start + (loss.beta - loss.beta_start) * share


def learning_rate(config: TrainingConfig, progress: float) -> float:
    """The learning rate at `progress` (0 to 1) of the training."""
    if config.schedule == "cosine":
        return config.lr * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "one-cycle":  # Smith 2018: up for 15 %, then down a cosine
        if progress < 0.15:
            return config.lr * (0.04 + 0.96 * progress / 0.15)
        return config.lr * 0.5 * (1 + math.cos(math.pi * (progress - 0.15) / 0.85))
    return config.lr
