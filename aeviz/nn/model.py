"""Autoencoder: encode, decode and the terms of the loss, the same for every type."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.nn import losses
from aeviz.nn.bottlenecks import BOTTLENECKS, Code
from aeviz.nn.networks import (
    ImageShape,
    build_decoder,
    build_trunk,
    count_parameters,
    initialise,
)

MAX_PARAMETERS = 100_000_000


class Output(NamedTuple):
    """raw (N, C, H, W): logits or linear outputs; z, mu (N, d); logvar (N, d) or None."""

    raw: Tensor
    z: Tensor
    mu: Tensor
    logvar: Tensor | None


class Autoencoder(nn.Module):
    """An autoencoder of images (N, C, H, W) in [0, 1], as a RunConfig describes it.

    The initial weights depend on `config.training.seed` alone. Raises UserError if the image is too
    small for the conv stack or the network would not fit into memory.
    """

    def __init__(self, config: RunConfig, image_shape: ImageShape) -> None:
        super().__init__()
        check_size(config, image_shape)
        self.config = config
        self.image_shape = image_shape
        self.latent_dim = config.bottleneck.latent_dim
        self.trunk, width = build_trunk(config.network, image_shape)
        self.bottleneck = BOTTLENECKS[config.bottleneck.kind](width, config.bottleneck)
        self.decoder = build_decoder(config.network, self.latent_dim, image_shape)
        if next(self.parameters()).device.type != "meta":
            generator = torch.Generator().manual_seed(config.training.seed)
            initialise(self, config.network.init, generator)

    @property
    def is_gaussian(self) -> bool:
        return self.config.bottleneck.kind == "gaussian"

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """x (N, C, H, W) in [0, 1] -> mu (N, d) and logvar (N, d), None if deterministic."""
        code = self.bottleneck(self.trunk(x), sample=False)
        return code.mu, code.logvar

    def encode(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) in [0, 1] -> its code (N, d); the mean mu for a Gaussian code."""
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        """z (N, d) -> x_hat (N, C, H, W): in [0, 1], or unbounded if the output is linear."""
        return losses.pixels(self.decoder(z), self.config.network.output)

    def forward(
        self, x: Tensor, generator: torch.Generator | None = None, sample: bool = True
    ) -> Output:
        """x (N, C, H, W) in [0, 1] -> Output. A Gaussian code is drawn if `sample`, else z = mu."""
        code: Code = self.bottleneck(self.trunk(x), generator, sample)
        return Output(self.decoder(code.z), *code)

    def loss(
        self,
        out: Output,
        x: Tensor,
        x_in: Tensor,
        beta: float | Tensor,
        free_bits: float = 0.0,
        over_batch: Callable[[Tensor], Tensor] = losses.unchanged,
    ) -> losses.Terms:
        """The terms of the loss (`losses`) of `out` = self(x_in) against the clean x.

        Set `free_bits` in training only. `over_batch`: makes the mean over a batch from that over
        x, if x is a part of it. Terms that are means over images are then those of x.
        """
        config = self.config.loss
        recon = losses.RECONSTRUCTIONS[config.reconstruction](
            out.raw.float(), x, self.config.network.output
        )
        zero = recon.new_zeros(())
        kl = trained_kl = zero
        if out.logvar is not None:
            per_dimension = losses.kl_per_dimension(out.mu.float(), out.logvar.float())
            kl = trained_kl = per_dimension.sum()
            if free_bits:
                trained_kl = losses.free_bits_kl(over_batch(per_dimension), free_bits)
        code = Code(out.z.float(), out.mu, out.logvar)
        penalty = losses.penalty(config, code, self.encode, x_in, over_batch)
        total = recon + beta * trained_kl + config.weight * penalty
        return losses.Terms(total, recon, kl, penalty)


def check_size(config: RunConfig, image_shape: ImageShape) -> int:
    """The number of parameters the network will have; UserError if it cannot be built.

    Counted on the meta device, without allocating memory.
    """
    _, h, w = image_shape
    if config.network.kind == "unet":
        raise UserError("A U-Net restores photographs: train it with a `restore-...` preset.")
    if min(h, w) < 8 and config.network.kind == "conv":
        raise UserError(f"A conv network needs images of at least 8x8 pixels; these are {h}x{w}.")
    if config.network.kind == "conv" and len(config.network.channels) > max(h, w).bit_length():
        raise UserError(
            f"Images of {h}x{w} pixels cannot be halved {len(config.network.channels)} times: "
            "use fewer conv layers."
        )
    if config.loss.penalty == "contractive" and config.network.norm == "batch":
        raise UserError(
            "The contractive penalty needs each image on its own. Use no normalisation.",
            "network.norm",
        )
    with torch.device("meta"):
        trunk, width = build_trunk(config.network, image_shape)
        head = BOTTLENECKS[config.bottleneck.kind](width, config.bottleneck)
        decoder = build_decoder(config.network, config.bottleneck.latent_dim, image_shape)
    count = sum(map(count_parameters, (trunk, head, decoder)))
    if count > MAX_PARAMETERS:
        raise UserError(
            f"This network would have {count / 1e6:,.0f} million parameters, more than the "
            f"limit of {MAX_PARAMETERS // 10**6} million. "
            "Use a smaller code, or fewer or narrower layers."
        )
    return count
