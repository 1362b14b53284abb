"""A training step in several processes: each computes its share of the batch, and all add up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from aeviz.device import autocast
from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder
from aeviz.training.cpu import microbatches
from aeviz.training.engine import Engine
from aeviz.training.parallel.group import Group
from aeviz.training.parallel.layers import Share, WholeBatch, computing_with


@contextlib.contextmanager
def parallel_engine(
    model: Autoencoder,
    optimizer: torch.optim.Optimizer,
    noise: torch.Generator,
    precision: str,
    group: Group,
) -> Iterator[Engine]:
    """An engine that computes this process's share of each batch."""
    batch = WholeBatch(group.sum)
    with computing_with(batch, model):
        yield _ParallelEngine(model, optimizer, noise, precision, group, batch)


class _ParallelEngine(Engine):
    """`forward` runs both passes and adds the results of all processes, in one message besides
    those of the layers. Every process then takes the same step."""

    def __init__(
        self,
        model: Autoencoder,
        optimizer: torch.optim.Optimizer,
        noise: torch.Generator,
        precision: str,
        group: Group,
        batch: WholeBatch,
    ) -> None:
        super().__init__(model, optimizer, noise, precision)
        self._group, self._batch = group, batch

    def forward(self, x: Tensor, x_in: Tensor, beta: float | Tensor) -> Terms:
        share = Share.of(len(x), self._group.rank, self._group.size)
        self._batch.share, self._batch.generators = share, self._generators()
        x, x_in = x[share.rows], x_in[share.rows]
        self.model.zero_grad(set_to_none=True)
        with autocast(x.device, self.precision):
            out = self.model(x_in, self.noise)
        free_bits = self.model.config.loss.free_bits
        terms = self.model.loss(out, x, x_in, beta, free_bits, self._batch.mean)
        (share.weight * terms.total).backward()
        return self._added([share.weight * term.detach() for term in terms])

    def backward(self, total: Tensor) -> None:
        del total  # `forward` has put the gradients there

    def _added(self, terms: list[Tensor]) -> Terms:
        """Add gradients, terms and the leader's wish to stop over all processes."""
        weights = [each for each in self.model.parameters() if each.grad is not None]
        stop = terms[0].new_tensor(float(self._group.rank == 0 and self._group.should_stop()))
        parts = [*(each.grad for each in weights if each.grad is not None), *terms, stop]
        flat = torch.cat([part.flatten() for part in parts])
        self._group.sum(flat)
        *gradients, total, reconstruction, kl, penalty, stop = flat.split(
            [part.numel() for part in parts]
        )
        for each, gradient in zip(weights, gradients, strict=True):
            each.grad = gradient.view_as(each)
        self._group.stopped = bool(stop.item())
        return Terms(*(term.squeeze(0) for term in (total, reconstruction, kl, penalty)))

    def _generators(self) -> list[torch.Generator]:
        """What draws eps: `noise`, or one generator for each of the micro-batches with which one
        process with all the threads would train."""
        if not self._group.microbatches:
            return [self.noise]
        seeds = microbatches.seeds(self._group.microbatches, self.noise)
        return [torch.Generator().manual_seed(seed) for seed in seeds]
