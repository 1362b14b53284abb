"""Losses and penalties.

One reduction everywhere: **sum over pixels (and over latent dimensions), mean over the batch**, for
reconstruction, KL and penalties alike. With BCE, pixels that are black or white, and beta = 1 the
total is then the negative ELBO in nats per image. BCE of grey pixels is not a normalised
likelihood. MSE is, up to a constant, the negative log-likelihood of a Gaussian of variance 1/2, and
L1 that of a Laplace distribution of scale 1. Per-pixel figures are for display only, and labelled.

Free bits only change the training objective: the `total` of a training step contains the KL with
its floor, while `kl`, and the `total` of validation and test, stay the true ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.config import LossConfig
from aeviz.nn.bottlenecks import Code
from aeviz.nn.entropy import bce_with_logits

QUARTER_LEVEL = 0.25 / 255
"""An error too small to show in an 8-bit file."""


class Terms(NamedTuple):
    """Scalars: total = reconstruction + beta * kl + weight * penalty. With free bits the KL in the
    total is `free_bits_kl`; `kl` itself is the true one."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor
    penalty: Tensor


def bce(raw: Tensor, x: Tensor, output: str) -> Tensor:
    """Binary cross-entropy of logits `raw` against grey targets x in [0, 1]; nats per image."""
    del output
    if raw.device.type == "cpu":
        return bce_with_logits(raw, x) / x.shape[0]
    return F.binary_cross_entropy_with_logits(raw, x, reduction="sum") / x.shape[0]


def mse(raw: Tensor, x: Tensor, output: str) -> Tensor:
    """Squared error summed over an image's pixels, mean over the batch."""
    return F.mse_loss(pixels(raw, output), x, reduction="sum") / x.shape[0]


def l1(raw: Tensor, x: Tensor, output: str) -> Tensor:
    """Absolute error summed over an image's pixels, mean over the batch."""
    return F.l1_loss(pixels(raw, output), x, reduction="sum") / x.shape[0]


def log_mse(raw: Tensor, x: Tensor, output: str) -> Tensor:
    """D/2 log(mean squared error) of each image of D values, mean over the batch: up to a constant
    the nats of a Gaussian whose variance fits each image best (Rybkin et al. 2021, section 3.2).

    Minimising it maximises the mean PSNR: an image that is nearly right counts as much as one that
    is far off. Errors far below one of 256 grey levels no longer count.
    """
    error = (pixels(raw, output) - x).square().flatten(1).mean(1)
    return 0.5 * x[0].numel() * torch.log(error + QUARTER_LEVEL**2).mean()


def pixels(raw: Tensor, output: str) -> Tensor:
    """Raw decoder outputs as pixel values: the sigmoid of logits, unchanged if linear."""
    return torch.sigmoid(raw) if output == "sigmoid" else raw


RECONSTRUCTIONS: dict[str, Callable[[Tensor, Tensor, str], Tensor]] = {
    "bce": bce,
    "mse": mse,
    "l1": l1,
    "log-mse": log_mse,
}


def kl_per_dimension(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each latent dimension, mean over the batch; (d,) nats.

    0.5 (mu^2 + sigma^2 - 1 - log sigma^2): Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar).mean(0)


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(q(z|x) || N(0, I)): summed over latent dimensions, mean over the batch; nats."""
    return kl_per_dimension(mu, logvar).sum()


def free_bits_kl(per_dimension: Tensor, free_bits: float) -> Tensor:
    """sum_j max(free_bits, KL_j) with KL_j (d,) the mean over the batch; nats.

    Kingma et al. 2016, "Improving variational inference with inverse autoregressive flow", "free
    bits" in appendix C, with each latent dimension a group of its own. A dimension below the floor
    has the same cost whatever information it carries, so no gradient drives it to zero.
    """
    return per_dimension.clamp(min=free_bits).sum()


def l1_sparsity(z: Tensor) -> Tensor:
    """Sum of |z_j|, mean over the batch."""
    return z.abs().sum(1).mean()


def unchanged(mean: Tensor) -> Tensor:
    """The mean over a batch that is computed as one."""
    return mean


def kl_sparsity(
    z: Tensor, rho: float, over_batch: Callable[[Tensor], Tensor] = unchanged
) -> Tensor:
    """Sum over units j of KL(Bernoulli(rho) || Bernoulli(rho_hat_j)) (Ng 2011, CS294A notes).

    rho_hat_j is unit j's mean activation over the batch; z (N, d) in [0, 1]. `over_batch` makes it
    from the mean over z, if z has only a part of the batch.
    """
    rho_hat = over_batch(z.mean(0)).clamp(1e-6, 1 - 1e-6)
    on = rho * (torch.log(torch.tensor(rho)) - torch.log(rho_hat))
    off = (1 - rho) * (torch.log(torch.tensor(1 - rho)) - torch.log(1 - rho_hat))
    return (on + off).sum()


def contractive(encode: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Squared Frobenius norm of the encoder's Jacobian dz/dx, mean over the batch (Rifai 2011).

    Exact for any encoder: `torch.func` differentiates all d code units of every image at once.
    `encode` maps (N, C, H, W) to (N, d) and treats images independently.
    """

    def code_of_one(image: Tensor) -> Tensor:
        return encode(image[None])[0]

    # "different": with dropout each image gets its own mask, as in a plain forward pass
    jacobian = torch.func.vmap(torch.func.jacrev(code_of_one), randomness="different")(x)
    return jacobian.square().flatten(1).sum(1).mean()


def penalty(
    config: LossConfig,
    code: Code,
    encode: Callable[[Tensor], Tensor],
    x: Tensor,
    over_batch: Callable[[Tensor], Tensor] = unchanged,
) -> Tensor:
    """The configured penalty, unweighted; 0 if there is none. `over_batch`: see `kl_sparsity`."""
    if config.penalty == "l1":
        return l1_sparsity(code.z)
    if config.penalty == "kl-sparsity":
        return kl_sparsity(code.z, config.rho, over_batch)
    if config.penalty == "contractive":
        return contractive(encode, x)
    return x.new_zeros(())
