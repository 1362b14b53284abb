"""A batch's gradients and the step that follows; of a conv network on a CPU in pieces, each on a
thread of its own.

Left to itself PyTorch divides every convolution among the processors, and each waits, spinning, for
the slowest. With one of two cores taken by something else a step of `vae-mnist`'s network took 2.1
seconds, undisturbed 0.06. Pieces meet twice a step, and asleep: 0.07, and undisturbed 0.04.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.device import autocast
from aeviz.nn.losses import Terms
from aeviz.nn.model import Autoencoder
from aeviz.training import graphs
from aeviz.training.cpu.optimizer_step import stepper

MOST = 4
"""Each has gradients of its own: as much memory as the weights."""
MIN_IMAGES = 16
"""In a piece. Below it, what a piece costs whatever its size is more than its images do."""

Learn = Callable[[Tensor, Tensor, float], Terms]
"""x, x_in (N, C, H, W) in [0, 1] and beta -> the detached terms of the loss; the gradients of
its total are then in the `.grad` of the weights."""
Apply = Callable[[], None]
"""The optimiser's step, by the gradients that are there."""


def separable(config: RunConfig) -> bool:
    """Whether a batch's loss is the mean of its pieces': nothing in it is a measure of the whole
    batch, or draws from a generator that all threads share."""
    return (
        config.network.norm == "none"
        and not config.network.dropout
        and not config.loss.free_bits
        and config.loss.penalty in ("none", "l1")
    )


def pieces_of(config: RunConfig, threads: int) -> int:
    """Into how many pieces batches are divided where so many threads of a CPU train."""
    if config.network.kind != "conv" or not separable(config):
        return 1
    return max(1, min(threads, MOST, config.training.batch_size // MIN_IMAGES))


@contextlib.contextmanager
def learner(
    model: Autoencoder, optimizer: torch.optim.Optimizer, noise: torch.Generator, precision: str
) -> Iterator[tuple[Learn, Apply]]:
    """What finds a batch's gradients for `model`, and what applies them, in pieces where that
    helps; `noise` draws eps. While it lasts PyTorch then computes on one thread in the caller's
    thread too: its others would spin, and what spins is missing to the pieces.

    How many pieces there are follows from the configuration and `torch.get_num_threads()`, and the
    results from how many there are: on a busy machine they are the same to the bit.
    """
    device = next(model.parameters()).device
    if model.config.network.kind != "conv" or device.type != "cpu":

        def whole(x: Tensor, x_in: Tensor, beta: float | Tensor) -> Terms:
            return gradients(model, x, x_in, noise, beta, precision)

        learn = graphs.recorded(whole, model, noise) if graphs.wanted(device) else whole
        yield learn, stepper(optimizer)
        return
    threads = torch.get_num_threads()
    number = pieces_of(model.config, threads)
    # even a single piece has a thread that does not wait for others, which PyTorch's own do
    with ThreadPoolExecutor(number, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        torch.set_num_threads(1)
        try:
            yield (
                _learn_in_pieces(model, noise, precision, number, pool),
                _apply_in_pieces(optimizer, number, pool),
            )
        finally:
            torch.set_num_threads(threads)


def gradients(
    model: Autoencoder,
    x: Tensor,
    x_in: Tensor,
    noise: torch.Generator,
    beta: float | Tensor,
    precision: str,
    share: float = 1.0,
) -> Terms:
    """The terms of the loss of a batch, detached; puts the gradients of `share` of its total into
    the weights of `model`."""
    model.zero_grad(set_to_none=True)
    with autocast(x.device, precision):
        out = model(x_in, noise)
    terms = model.loss(out, x, x_in, beta, model.config.loss.free_bits)
    (terms.total * share).backward()
    return Terms(*(term.detach() for term in terms))


def _learn_in_pieces(
    model: Autoencoder,
    noise: torch.Generator,
    precision: str,
    number: int,
    pool: ThreadPoolExecutor,
) -> Learn:
    models = [model, *(_sharing_weights(model) for _ in range(number - 1))]
    draws = [torch.Generator() for _ in models]

    def piece(i: int, x: Tensor, x_in: Tensor, beta: float, share: float) -> Terms:
        return gradients(models[i], x, x_in, draws[i], beta, precision, share)

    def learn(x: Tensor, x_in: Tensor, beta: float) -> Terms:
        for draw, seed in zip(draws, _seeds(number, noise), strict=True):
            draw.manual_seed(seed)
        parts = list(zip(x.chunk(number), x_in.chunk(number), strict=True))
        shares = [len(part) / len(x) for part, _ in parts]
        futures = [
            pool.submit(piece, i, *part, beta, share)
            for i, (part, share) in enumerate(zip(parts, shares, strict=True))
        ]
        found = [future.result() for future in futures]
        summed = _gradients_of(model)
        for other in models[1 : len(parts)]:
            torch._foreach_add_(summed, _gradients_of(other))
        return Terms(
            *(
                sum(share * term for share, term in zip(shares, terms, strict=True))
                for terms in zip(*found, strict=True)
            )
        )

    return learn


def _apply_in_pieces(
    optimizer: torch.optim.Optimizer, number: int, pool: ThreadPoolExecutor
) -> Apply:
    """Each thread takes some of the weights, of all together about as many numbers."""
    (group,) = optimizer.param_groups
    shares: list[list[Tensor]] = [[] for _ in range(number)]
    for weights in sorted(group["params"], key=Tensor.numel, reverse=True):
        min(shares, key=lambda share: sum(map(Tensor.numel, share))).append(weights)
    parts = [copy.copy(optimizer) for _ in shares]  # their state is the very state of the whole

    def step(part: torch.optim.Optimizer, share: list[Tensor]) -> None:
        part.param_groups = [group | {"params": share}]  # the learning rate is of now
        stepper(part)()

    def apply() -> None:
        for done in [pool.submit(step, *each) for each in zip(parts, shares, strict=True)]:
            done.result()

    return apply


def _sharing_weights(model: Autoencoder) -> Autoencoder:
    """A copy that has gradients of its own, and the very weights of `model`."""
    twin = copy.deepcopy(model)
    for own, weights in zip(twin.parameters(), model.parameters(), strict=True):
        own.data = weights.data
    return twin


def _gradients_of(model: Autoencoder) -> list[Tensor]:
    """Those of all weights that have one."""
    return [weights.grad for weights in model.parameters() if weights.grad is not None]


def _seeds(number: int, noise: torch.Generator) -> list[int]:
    return torch.randint(2**62, (number,), generator=noise).tolist()
