"""What changes while it trains: beta and the learning rate, by the share of the training done.

`progress` runs from 0 (before the first step) to 1 (after the last one).
"""

from __future__ import annotations

import math

from aeviz.config import RunConfig, TrainingConfig


def beta_at(config: RunConfig, progress: float) -> float:
    """beta: in each of `cycles` equal parts of the training it rises linearly from 0 over the first
    `warmup` share of that part, and then stays.

    One cycle is a warm-up (Sønderby et al. 2016); several are cyclical annealing (Fu et al. 2019,
    whose M and R are `cycles` and `warmup`).
    """
    cycles, warmup = config.loss.cycles, config.loss.warmup
    done = progress * cycles
    within = done - min(int(done), cycles - 1)
    return config.loss.beta * min(1.0, within / warmup if warmup else 1.0)


def learning_rate(config: TrainingConfig, progress: float) -> float:
    """The learning rate at `progress` (0 to 1) of the training."""
    if config.schedule == "cosine":
        return config.lr * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "one-cycle":  # Smith 2018: up for 15 %, then down a cosine
        if progress < 0.15:
            return config.lr * (0.04 + 0.96 * progress / 0.15)
        return config.lr * 0.5 * (1 + math.cos(math.pi * (progress - 0.15) / 0.85))
    return config.lr
