"""Micro-batches: a conv network's batch divided over threads, each with its own piece (CPU only).

By default PyTorch divides every convolution over the processors, and each thread spins while it
waits for the slowest. If another process kept one of two cores busy, a step of `vae-mnist`'s
network took 2.1 seconds instead of 0.06. Threads with micro-batches synchronise twice a step, and
sleep while they wait: a step took 0.07 seconds then, and 0.04 on an idle machine.
docs/decisions/microbatches.md has more.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder
from aeviz.training.cpu import enabled
from aeviz.training.engine import Engine

SWITCH = "AEVIZ_MICROBATCHES"
MAX_PIECES = 4
"""Each has its own gradients, which take as much memory as the weights."""
MIN_IMAGES = 16
"""In a micro-batch. Below it, the fixed cost of a pass is more than that of its images."""


def divides(config: RunConfig, device: torch.device) -> bool:
    """Whether a training of this network on this device runs in threads of its own."""
    return enabled(SWITCH) and config.network.kind == "conv" and device.type == "cpu"


def separable(config: RunConfig) -> bool:
    """Whether a batch's loss is the mean of its micro-batches' losses: nothing in it measures the
    whole batch, or draws from a generator that all threads share."""
    return (
        config.network.norm == "none"
        and not config.network.dropout
        and not config.loss.free_bits
        and config.loss.penalty in ("none", "l1")
    )


def pieces_of(config: RunConfig, threads: int) -> int:
    """The number of micro-batches in a batch if so many threads of a CPU train."""
    if not divides(config, torch.device("cpu")) or not separable(config):
        return 1
    return max(1, min(threads, MAX_PIECES, config.training.batch_size // MIN_IMAGES))


@contextlib.contextmanager
def threaded_engine(
    model: Autoencoder, optimizer: torch.optim.Optimizer, noise: torch.Generator, precision: str
) -> Iterator[Engine]:
    """An engine whose micro-batches run in threads of their own. Until it is closed PyTorch uses
    one thread in the caller's thread too: its other threads would spin, and take the processors
    from the micro-batches.

    The number of micro-batches follows from the configuration and `torch.get_num_threads()`, and
    the results from that number: on a busy machine they are the same to the bit.
    """
    threads = torch.get_num_threads()
    number = pieces_of(model.config, threads)
    # even a single micro-batch gets a thread: it does not wait for others, as PyTorch's own do
    with ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        torch.set_num_threads(1)
        try:
            yield _ThreadedEngine(model, optimizer, noise, precision, number, pool)
        finally:
            torch.set_num_threads(threads)


class _ThreadedEngine(Engine):
    """An Engine for each micro-batch. All share the weights and the optimizer's state; each has its
    own gradients, its own generator, and some of the weights to update.

    `forward` runs both passes of each micro-batch: if the threads met between them, a step would
    take 17 % longer on a busy machine.
    """

    def __init__(
        self,
        model: Autoencoder,
        optimizer: torch.optim.Optimizer,
        noise: torch.Generator,
        precision: str,
        number: int,
        pool: ThreadPoolExecutor,
    ) -> None:
        super().__init__(model, optimizer, noise, precision)
        self._pool = pool
        models = [model, *(_sharing_weights(model) for _ in range(number - 1))]
        optimizers = [copy.copy(optimizer) for _ in models]  # shallow: the same state
        self._engines = [
            Engine(model, optimizer, torch.Generator(), precision)
            for model, optimizer in zip(models, optimizers, strict=True)
        ]
        self._weights = _equal_shares(optimizer.param_groups[0]["params"], number)
        self._used = 0

    def forward(self, x: Tensor, x_in: Tensor, beta: float | Tensor) -> Terms:
        number = len(self._engines)
        for engine, seed in zip(self._engines, seeds(number, self.noise), strict=True):
            engine.noise.manual_seed(seed)
        parts = list(zip(x.chunk(number), x_in.chunk(number), strict=True))  # maybe fewer
        shares = [len(part) / len(x) for part, _ in parts]
        self._used = len(parts)
        found = self._map(
            _both_passes, [(*part, beta, share) for part, share in zip(parts, shares, strict=True)]
        )
        return Terms(
            *(
                sum(share * term for share, term in zip(shares, terms, strict=True))
                for terms in zip(*found, strict=True)
            )
        )

    def backward(self, total: Tensor) -> None:
        """Add up the gradients of the micro-batches."""
        del total
        gradients = _gradients_of(self.model)
        for other in self._engines[1 : self._used]:
            torch._foreach_add_(gradients, _gradients_of(other.model))

    def step(self) -> None:
        (group,) = self.optimizer.param_groups
        for engine, weights in zip(self._engines, self._weights, strict=True):
            # in every step, as the learning rate changes
            engine.optimizer.param_groups = [group | {"params": weights}]
        self._map(Engine.step, [() for _ in self._engines])

    def _map(self, function: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> list[Any]:
        """Call the function with each engine and its arguments in a thread, and wait for all."""
        futures = [
            self._pool.submit(function, engine, *each)
            for engine, each in zip(self._engines, arguments, strict=False)
        ]
        return [future.result() for future in futures]


def seeds(number: int, noise: torch.Generator) -> list[int]:
    """The seeds of the eps of a batch's micro-batches."""
    return torch.randint(2**62, (number,), generator=noise).tolist()


def _both_passes(
    engine: Engine, x: Tensor, x_in: Tensor, beta: float | Tensor, share: float
) -> Terms:
    """The terms of a micro-batch, detached; its gradients are those of `share` of its total."""
    terms = engine.forward(x, x_in, beta)
    engine.backward(share * terms.total)
    return Terms(*(term.detach() for term in terms))


def _equal_shares(weights: list[Tensor], number: int) -> list[list[Tensor]]:
    """The weights in so many lists, each with about as many numbers."""
    shares: list[list[Tensor]] = [[] for _ in range(number)]
    for each in sorted(weights, key=Tensor.numel, reverse=True):
        min(shares, key=lambda share: sum(map(Tensor.numel, share))).append(each)
    return shares


def _sharing_weights(model: Autoencoder) -> Autoencoder:
    """A copy with its own gradients and the same weights in memory."""
    twin = copy.deepcopy(model)
    for own, weights in zip(twin.parameters(), model.parameters(), strict=True):
        own.data = weights.data
    return twin


def _gradients_of(model: Autoencoder) -> list[Tensor]:
    """The gradients of all weights that have one."""
    return [weights.grad for weights in model.parameters() if weights.grad is not None]
