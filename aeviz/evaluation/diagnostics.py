"""Diagnostics of a network during training: inactive dimensions, sparse codes, Jacobians, filters.

Pure functions of codes, models and images. Their results are small, and stored once an epoch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
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
"""Limit of the numbers in the Jacobians of all images: fewer images if they are large."""
FILTERS = 36
FILTER_SIDE = 64
ON = 0.5
"""A sigmoid unit counts as on above this."""


@dataclass(frozen=True)
class Diagnostics:
    """Diagnostics of one epoch; those that do not apply to the type are None.

    kl (d,): KL of each dimension in nats; variance (d,): variance of its mean over the data.
    histogram (BINS,): counts of activations in equal bins over bounds (2,); active (2,): share of
    activations that are on, and number of units that are never on. singular_values (k,): of the
    encoder's Jacobian, largest first, mean over images. filters (F, C, h, w): of the first layer,
    float16.
    """

    kl: Tensor | None = None
    variance: Tensor | None = None
    histogram: Tensor | None = None
    bounds: Tensor | None = None
    active: Tensor | None = None
    singular_values: Tensor | None = None
    filters: Tensor | None = None

    def tensors(self) -> dict[str, Tensor]:
        """The tensors that are not None, by name, for storing."""
        fields = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return {name: value.contiguous() for name, value in fields if value is not None}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Diagnostics:
        """The inverse of `tensors`; ignores other names."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in tensors.items() if name in names})


@torch.no_grad()
def diagnose(
    model: Autoencoder, split: Split, codes: tuple[Tensor, Tensor | None] | None = None
) -> Diagnostics:
    """Diagnostics of a model in eval mode on the images of `split`; `codes`: their (mu, logvar), if
    already computed."""
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
    """Whether the code is meant to be sparse."""
    penalty = model.config.loss.penalty in ("l1", "kl-sparsity")
    return penalty or model.config.bottleneck.activation != "none"


# ---- Gaussian codes ----------------------------------------------------------------------------


def active_dimensions(variance: Tensor) -> Tensor:
    """Active dimensions, bool (d,): the mean mu varies over the images by more than 0.01 (Burda et
    al. 2016, section 5.2). `variance` (d,) is that of mu."""
    return variance > ACTIVE_VARIANCE


# ---- sparse codes ------------------------------------------------------------------------------


def histogram(z: Tensor, bins: int = BINS) -> tuple[Tensor, Tensor]:
    """Counts (bins,) int32 of the activations z (N, d) in equal bins, and their bounds (2,).

    The bounds include 0. If all activations are 0, they are -0.5 and 0.5.
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


def first_filters(model: Autoencoder, count: int = FILTERS) -> Tensor | None:
    """The first weights of the first layer as images, (F, C, h, w), F at most `count`.

    Dense: the pattern that each unit responds to; conv: its kernels. Without a hidden layer they
    are those of the code. Large ones are downscaled.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            return layer.weight.detach()[:count].cpu()
        if isinstance(layer, nn.Linear):
            weight = layer.weight.detach()[:count].cpu().unflatten(1, model.image_shape)
            if max(weight.shape[2:]) > FILTER_SIDE:
                scale = FILTER_SIDE / max(weight.shape[2:])
                weight = nn.functional.interpolate(weight, scale_factor=scale, mode="area")
            return weight
    return None


def first_layer_width(model: Autoencoder) -> int:
    """The number of filters in the first layer."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            return layer.weight.shape[0]
    return 0
