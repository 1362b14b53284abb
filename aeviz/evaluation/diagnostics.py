"""What a network's insides say while it trains: dead dimensions, sparse codes, Jacobians, filters.

Pure functions of codes, models and images; small answers, one set of them an epoch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aeviz.datasets import Split
from aeviz.evaluation.evaluate import ACTIVE, encode_all
from aeviz.evaluation.metrics import ACTIVE_VARIANCE
from aeviz.evaluation.validation import to_float
from aeviz.nn.corruptions import corrupt
from aeviz.nn.losses import kl_per_dimension
from aeviz.nn.model import Autoencoder

BINS = 40
JACOBIAN_IMAGES = 16
JACOBIAN_VALUES = 8_000_000
"""Numbers in the Jacobians of all images together: fewer images where they are large."""
FILTERS = 36
FILTER_SIDE = 64
NAMED = 8
"""Dimensions that a sentence lists by name."""
ON = 0.5
"""A unit behind a sigmoid counts as on above this."""


@dataclass(frozen=True)
class Diagnostics:
    """Of one epoch; those that do not apply to the type are None.

    kl (d,): nats of each dimension; variance (d,): of its mean over the data. histogram (BINS,):
    how many activations lie in even steps over bounds (2,); active (2,): share of activations that
    are on, and how many units are on for no image. singular_values (k,): of the encoder's Jacobian,
    largest first, mean over images. filters (F, C, h, w): of the first layer, float16.
    """

    kl: Tensor | None = None
    variance: Tensor | None = None
    histogram: Tensor | None = None
    bounds: Tensor | None = None
    active: Tensor | None = None
    singular_values: Tensor | None = None
    filters: Tensor | None = None

    def tensors(self) -> dict[str, Tensor]:
        """Those that there are, by name, to be stored."""
        fields = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return {name: value.contiguous() for name, value in fields if value is not None}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Diagnostics:
        """From what `tensors` gave, among others."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in tensors.items() if name in names})


@torch.no_grad()
def diagnose(
    model: Autoencoder, split: Split, codes: tuple[Tensor, Tensor | None] | None = None
) -> Diagnostics:
    """Of a model in eval mode, on the images of `split`; `codes` (mu, logvar) of them if known."""
    mu, logvar = codes or encode_all(model, split)
    config = model.config
    found: dict[str, Tensor] = {}
    if logvar is not None:
        found["kl"] = kl_per_dimension(mu, logvar)
        found["variance"] = mu.var(0, correction=0)
    if is_sparse(model):
        on = ON if config.bottleneck.activation == "sigmoid" else ACTIVE
        found["histogram"], found["bounds"] = histogram(mu)
        found["active"] = activity(mu, on)
    if config.loss.penalty == "contractive":
        images = min(JACOBIAN_IMAGES, JACOBIAN_VALUES // (mu.shape[1] * split.images[0].numel()))
        if images:
            x = to_float(split.images[:images])
            x = corrupt(x, config.corruption, torch.Generator().manual_seed(0))
            x = x.to(next(model.parameters()).device)
            found["singular_values"] = singular_values(model.encode, x)
    filters = first_filters(model)
    if filters is not None:
        found["filters"] = filters.half()
    return Diagnostics(**found)


def is_sparse(model: Autoencoder) -> bool:
    """Whether few units of the code are meant to be on at once."""
    penalty = model.config.loss.penalty in ("l1", "kl-sparsity")
    return penalty or model.config.bottleneck.activation != "none"


# ---- Gaussian codes ----------------------------------------------------------------------------


def active_dimensions(variance: Tensor) -> Tensor:
    """Which dimensions' means move with the data: variance above 0.01 (Burda et al. 2016, 5.2).

    `variance` (d,) is of mu over images; the answer is (d,) bool.
    """
    return variance > ACTIVE_VARIANCE


def collapse(active: Sequence[bool], beta: float, warmup: float = 0.0) -> str:
    """What to think of dimensions that carry nothing, in words; "" where all carry something.

    `beta`: the KL's weight as it is set; `warmup`: the share of training over which it rises.
    """
    dead = [i for i, on in enumerate(active) if not on]
    if not dead:
        return ""
    d = len(active)
    if len(dead) == d:
        said = (
            "**The posterior has collapsed.** No dimension of the code carries anything: the "
            "encoder says the same of every image, and the decoder draws the same for all of them."
        )
    elif 2 * len(dead) >= d:
        said = (
            f"**Much of the posterior has collapsed.** {len(dead)} of {d} dimensions carry "
            f"nothing ({_names(dead)}): there the encoder answers with the prior, whatever the "
            "image."
        )
    else:
        verb = "carries" if len(dead) == 1 else "carry"
        return (
            f"{len(dead)} of {d} dimensions {verb} nothing ({_names(dead)}). A VAE leaves out what "
            "does not pay for its KL; that is no fault unless images are blurred."
        )
    tries = [f"a smaller beta (it is {beta:g})"]
    if not warmup:
        tries.append("a warm-up, in which beta rises from 0")
    tries.append("free bits, so that the first nats of a dimension cost nothing")
    return f"{said} Try {', '.join(tries[:-1])}, or {tries[-1]}."


def _names(dimensions: Sequence[int]) -> str:
    names = [f"z{i}" for i in dimensions[:NAMED]]
    more = len(dimensions) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


# ---- sparse codes ------------------------------------------------------------------------------


def histogram(z: Tensor, bins: int = BINS) -> tuple[Tensor, Tensor]:
    """Activations z (N, d) counted: (bins,) int32, and the bounds (2,) they lie between.

    The bounds hold 0. Where all are one value the steps lie on either side of it.
    """
    low, high = min(0.0, z.min().item()), max(0.0, z.max().item())
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts = torch.histc(z.float(), bins, low, high)
    return counts.to(torch.int32), torch.tensor([low, high])


def activity(z: Tensor, on: float) -> Tensor:
    """(2,): the share of activations z (N, d) with |z| > `on`, and units that never are."""
    is_on = z.abs() > on
    return torch.stack([is_on.float().mean(), (~is_on.any(0)).sum().float()])


# ---- contractive codes -------------------------------------------------------------------------


def singular_values(encode: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Singular values of the encoder's Jacobian dz/dx, largest first, mean over images: (k,).

    x is (N, C, H, W); `encode` maps it to (N, d) and treats images independently; k is the smaller
    of d and C * H * W. Few large ones: the code follows few directions of the image (Rifai 2011).
    """

    def code_of_one(image: Tensor) -> Tensor:
        return encode(image[None])[0]

    with torch.enable_grad():
        jacobian = torch.func.vmap(torch.func.jacrev(code_of_one))(x)  # (N, d, C, H, W)
    return torch.linalg.svdvals(jacobian.detach().flatten(2).cpu()).mean(0)


# ---- first layer -------------------------------------------------------------------------------


def first_filters(model: Autoencoder, most: int = FILTERS) -> Tensor | None:
    """Weights of the first layer as images, (F, C, h, w), F at most `most`, in their own order.

    Dense: what each unit looks for in the image; conv: its kernels. Without a hidden layer they are
    the code's own. Large ones are made smaller.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            return layer.weight.detach()[:most].cpu()
        if isinstance(layer, nn.Linear):
            weight = layer.weight.detach()[:most].cpu().unflatten(1, model.image_shape)
            if max(weight.shape[2:]) > FILTER_SIDE:
                scale = FILTER_SIDE / max(weight.shape[2:])
                weight = nn.functional.interpolate(weight, scale_factor=scale, mode="area")
            return weight
    return None


def first_layer_width(model: Autoencoder) -> int:
    """How many filters the first layer has."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            return layer.weight.shape[0]
    return 0
