"""Layers that compute with the whole batch while each process has a share of its images.

Each function replaces `forward` of one kind of layer. torch.nn.SyncBatchNorm does not work on CPUs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from aeviz.nn.bottlenecks import Code, Gaussian


@dataclass(frozen=True)
class Share:
    """The images `rows` of a batch of so many `images`. `weight`: how much their mean counts in
    that of the batch; all weights add up to 1."""

    images: int
    rows: slice
    weight: float

    @classmethod
    def of(cls, images: int, rank: int, size: int) -> Share:
        """This process's share: as many images as the others', or one more or fewer. If there is
        not one for each process, all of them compute the whole batch."""
        if images < size:
            return cls(images, slice(0, images), 1 / size)
        begin, end = images * rank // size, images * (rank + 1) // size
        return cls(images, slice(begin, end), (end - begin) / images)


class WholeBatch:
    """The batch of the current step, for the layers: set `share` before a forward pass."""

    share: Share
    generators: Sequence[torch.Generator]
    """They draw eps; each that of an equal part of the batch."""

    def __init__(self, add: Callable[[Tensor], None]) -> None:
        self._add = add  # over all processes, in place

    def mean(self, mean: Tensor) -> Tensor:
        """The mean over the batch from the mean over this process's images; differentiable."""
        total: Tensor = _Sum.apply(mean * self.share.weight, self._add)
        return total

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers of the shape of `like` (n, d): this process's rows of those for
        the whole batch."""
        whole = like.new_empty(self.share.images, *like.shape[1:])
        for part, generator in zip(
            whole.chunk(len(self.generators)), self.generators, strict=False
        ):
            part.normal_(generator=generator)
        return whole[self.share.rows]


class _Sum(torch.autograd.Function):
    """The sum over all processes of x, and of its gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, add: Callable[[Tensor], None]) -> Tensor:
        ctx.add = add
        total = x.clone(memory_format=torch.contiguous_format)
        add(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        total = gradient.clone(memory_format=torch.contiguous_format)
        ctx.add(total)
        return total, None


def batch_norm(layer: _BatchNorm, batch: WholeBatch, x: Tensor) -> Tensor:
    """Normalise x (n, C) or (n, C, H, W) with the statistics of the whole batch."""
    dims = [0, *range(2, x.dim())]
    shape = [1, -1, *[1] * (x.dim() - 2)]
    variance, mean = torch.var_mean(x.float(), dims, correction=0)
    assert layer.running_mean is not None
    shift = layer.running_mean.clone()  # a mean near 0 makes the difference of squares precise
    mean, square = batch.mean(torch.stack((mean - shift, variance + (mean - shift).square())))
    variance, mean = square - mean.square(), mean + shift
    scale = layer.weight * torch.rsqrt(variance.clamp(min=0) + layer.eps)
    y = x.float() * scale.view(shape) + (layer.bias - mean * scale).view(shape)
    count = batch.share.images * x[0, 0].numel()
    unbiased = variance * (count / (count - 1))
    with torch.no_grad():
        for running, new in ((layer.running_mean, mean), (layer.running_var, unbiased)):
            assert running is not None
            running.lerp_(new, layer.momentum or 0.0)
        assert layer.num_batches_tracked is not None
        layer.num_batches_tracked += 1
    return y.to(x.dtype)


def dropout(layer: nn.Dropout, batch: WholeBatch, x: Tensor) -> Tensor:
    """Zero the values that would be zeroed in the whole batch."""
    whole = F.dropout(x.new_ones(batch.share.images, *x.shape[1:]), layer.p)
    return x * whole[batch.share.rows]


def gaussian(
    layer: Gaussian,
    batch: WholeBatch,
    features: Tensor,
    generator: torch.Generator | None = None,
    sample: bool = True,
) -> Code:
    """A Gaussian code with the eps that its image would get in the whole batch."""
    del generator
    code = Gaussian.forward(layer, features, sample=False)
    if not sample:
        return code
    assert code.logvar is not None
    return code._replace(z=code.mu + torch.exp(0.5 * code.logvar) * batch.normal(code.mu))


_FORWARD: dict[type[nn.Module], Callable[..., Any]] = {
    nn.BatchNorm1d: batch_norm,
    nn.BatchNorm2d: batch_norm,
    nn.Dropout: dropout,
    Gaussian: gaussian,
}


@contextlib.contextmanager
def computing_with(batch: WholeBatch, model: nn.Module) -> Iterator[None]:
    """Let the layers of `model` compute with the whole batch."""
    layers = [layer for layer in model.modules() if type(layer) in _FORWARD]
    for layer in layers:
        layer.__dict__["forward"] = partial(_FORWARD[type(layer)], layer, batch)
    try:
        yield
    finally:
        for layer in layers:
            del layer.__dict__["forward"]
