"""A restorer with a few weights, for tests of the mechanism."""

from __future__ import annotations

from typing import Any

from aeviz.config import RunConfig
from aeviz.presets.restorers import RESTORERS

TINY: dict[str, Any] = {
    "network.channels": [4, 6, 8],
    "bottleneck.latent_dim": 8,
    "training.crop": 32,
    "training.epochs": 1,
    "training.batch_size": 4,
}


def tiny(name: str, **changes: Any) -> RunConfig:
    """The restorer `name` with a small network and short training."""
    return RESTORERS[name].replace(**TINY | changes)
