"""Early stopping: the best epoch so far, and when to wait no longer for a better one.

Training ends once the validation loss has not fallen below its least value for `training.patience`
epochs; what is kept is the best epoch (Goodfellow et al. 2016, "Deep Learning", algorithm 7.1).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from torch import Tensor

from aeviz.nn.model import Autoencoder


@dataclass(frozen=True)
class Best:
    """The epoch with the least validation loss so far: its number, the terms of its validation and
    its weights (all of the state dict, on the model's device)."""

    epoch: int
    validation: dict[str, float]
    weights: dict[str, Tensor]

    def restore(self, model: Autoencoder) -> None:
        """Gives the model this epoch's weights."""
        model.load_state_dict(self.weights)


def better(
    best: Best | None, model: Autoencoder, epoch: int, validation: dict[str, float]
) -> Best | None:
    """The best epoch now that `epoch` is over; None where the configuration has no patience.

    Of two epochs with the same loss the earlier one is the best.
    """
    if not model.config.training.patience:
        return None
    if best is not None and validation["loss"] >= best.validation["loss"]:
        return best
    return Best(epoch, dict(validation), copy.deepcopy(model.state_dict()))


def spent(best: Best | None, epoch: int, patience: int) -> bool:
    """Whether `patience` epochs have gone by since the best one."""
    return best is not None and epoch - best.epoch >= patience
