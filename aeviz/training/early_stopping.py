"""Early stopping: keep the best epoch, stop after `training.patience` epochs without improvement.

The best epoch has the lowest validation loss (Goodfellow et al. 2016, "Deep Learning",
algorithm 7.1).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from torch import Tensor

from aeviz.nn.model import Autoencoder


@dataclass(frozen=True)
class Best:
    """The epoch with the lowest validation loss so far: its number, the terms of its validation and
    its weights (all of the state dict, on the model's device)."""

    epoch: int
    validation: dict[str, float]
    weights: dict[str, Tensor]

    def restore(self, model: Autoencoder) -> None:
        """Put this epoch's weights into the model."""
        model.load_state_dict(self.weights)


def best_so_far(
    best: Best | None, model: Autoencoder, epoch: int, validation: dict[str, float]
) -> Best | None:
    """The best epoch after `epoch`; None if the configuration has no patience.

    Of two epochs with the same loss the earlier one is better.
    """
    if not model.config.training.patience:
        return None
    if best is not None and validation["loss"] >= best.validation["loss"]:
        return best
    return Best(epoch, dict(validation), copy.deepcopy(model.state_dict()))


def out_of_patience(best: Best | None, epoch: int, patience: int) -> bool:
    """Whether `patience` epochs have passed since the best one."""
    return best is not None and epoch - best.epoch >= patience
