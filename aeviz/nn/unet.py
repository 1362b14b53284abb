"""Restorer: an autoencoder for photographs of any size, which gives back what it saw, mended.

The network is fully convolutional. Its first step folds each 2 x 2 pixels into channels (Shi et al.
2016), so that the widest maps have half the photograph's sides; each further level halves them
again. The code is the coarsest map. With skips (Ronneberger et al. 2015) the encoder's maps, and
the picture itself, are added on the decoder's side, so the network only has to say what to change;
without them all has to pass through the code. Of a mark that was blended in it says only how far
that covers each pixel, the matte; the rest is algebra (`aeviz.restoration.watermark.estimate`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.nn import losses
from aeviz.nn.networks import ResidualBlock, initialise


class Restorer(nn.Module):
    """Photographs (N, 3, H, W) in [0, 1], as a RunConfig with a unet describes it.

    Weights are drawn from `config.training.seed` alone. Raises UserError for another network.
    """

    MULTIPLE: ClassVar[int] = 8
    """`forward` takes sides that are multiples of it; `restore` takes any."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        network, widths = config.network, config.network.channels
        if network.kind != "unet":
            raise UserError("This model works on small images: it does not restore photographs.")
        self.config = config
        self.skips = network.skips == "all"
        self.head = nn.Conv2d(4 * (3 + 1), widths[0], 3, padding=1)
        self.encoders = nn.ModuleList(self._blocks(width) for width in widths)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairwise(widths))
        code = config.bottleneck.latent_dim
        self.to_code = nn.Conv2d(widths[-1], code, 1)
        self.from_code = nn.Conv2d(code, widths[-1], 1)
        self.ups = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in pairwise(widths))
        self.decoders = nn.ModuleList(self._blocks(width) for width in widths)
        self.matte = network.change == "matte"
        self.tail = nn.Conv2d(widths[0], 4 * (1 if self.matte else 3), 3, padding=1)
        if next(self.parameters()).device.type != "meta":
            initialise(self, network.init, torch.Generator().manual_seed(config.training.seed))
            self._start_as_identity()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """The squares that it learnt from; it takes any other size as well."""
        return (3, self.config.training.crop, self.config.training.crop)

    def _blocks(self, width: int) -> nn.Sequential:
        network = self.config.network
        return nn.Sequential(*(ResidualBlock(width, network) for _ in range(network.residual)))

    def _start_as_identity(self) -> None:
        """Each residual block adds nothing at first, and with skips neither does the network; a
        matte is 1/2 everywhere."""
        last = [m.body[-1] for m in self.modules() if isinstance(m, ResidualBlock)]
        for layer in (*last, *([self.tail] if self.skips else [])):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        """x (N, 3, H, W) in [0, 1], H and W multiples of 8 -> x_hat (N, 3, H, W), not clipped; or
        the logits of a matte (N, 1, H, W).

        known (N, 1, H, W): what is known of the damage: the noise's sigma / 255 (0 where it is
        not), or 1 in a hole; None stands for zeros.
        """
        known = torch.zeros_like(x[:, :1]) if known is None else known
        y = self.head(F.pixel_unshuffle(torch.cat([x, known], 1), 2))
        kept: list[Tensor] = []
        for encoder, down in zip(self.encoders, [*self.downs, None], strict=True):
            y = encoder(y)
            if down is not None:
                kept.append(y)
                y = down(y)
        y = self.decoders[-1](self.from_code(self.to_code(y)))
        for up, decoder in zip(reversed(self.ups), reversed(self.decoders[:-1]), strict=True):
            y = up(y)
            y = decoder(y + kept.pop() if self.skips else y)
        y = F.pixel_shuffle(self.tail(y), 2)
        return x + y if self.skips and not self.matte else y

    def restore(self, x: Tensor, known: Tensor | None = None) -> Tensor:
        """As `forward`, of any size: edges are repeated up to a multiple of 8. In [0, 1], a matte,
        too."""
        h, w = x.shape[-2:]
        pad = (0, -w % self.MULTIPLE, 0, -h % self.MULTIPLE)
        x = F.pad(x, pad, mode="replicate")
        known = None if known is None else F.pad(known, pad, mode="replicate")
        y = losses.pixels(self(x, known)[..., :h, :w].float(), self.config.network.output)
        return y.clamp(0, 1)

    def loss(self, answer: Tensor, target: Tensor) -> Tensor:
        """The configured reconstruction loss of what `forward` answers: against the clean picture,
        or against the mark's true matte."""
        loss = losses.RECONSTRUCTIONS[self.config.loss.reconstruction]
        return loss(answer.float(), target, self.config.network.output)
