"""Engine: the forward pass, the backward pass and the optimizer step of one training step.

This is the plain one. `aeviz.training.cpu.microbatches` and `aeviz.training.graphs` have engines
that do the same faster where they can; `aeviz.training.loop` chooses.
"""

from __future__ import annotations

import torch
from torch import Tensor

from aeviz.device import autocast
from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder
from aeviz.training.cpu.dynamo import plain_step


class Engine:
    """Trains `model` with `optimizer`; `noise` draws eps on the model's device."""

    def __init__(
        self,
        model: Autoencoder,
        optimizer: torch.optim.Optimizer,
        noise: torch.Generator,
        precision: str,
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self.noise, self.precision = noise, precision
        self._step = plain_step(optimizer)

    def forward(self, x: Tensor, x_in: Tensor, beta: float | Tensor) -> Terms:
        """The terms of the loss of a batch: x_in is what the network gets, x what it should
        reconstruct, both (N, C, H, W) in [0, 1]."""
        self.model.zero_grad(set_to_none=True)
        with autocast(x.device, self.precision):
            out = self.model(x_in, self.noise)
        return self.model.loss(out, x, x_in, beta, self.model.config.loss.free_bits)

    def backward(self, total: Tensor) -> None:
        """Put the gradients of the total that `forward` returned into the weights' `.grad`. Other
        engines may have computed them in `forward` already."""
        total.backward()

    def step(self) -> None:
        """Update the weights with the gradients in their `.grad`."""
        self._step()
