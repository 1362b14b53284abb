"""Restorer: a U-Net that maps degraded photographs of any size to restored ones.

The network is fully convolutional. Its first step folds each 2 x 2 pixels into channels (Shi et al.
2016), so the largest feature maps have half the photograph's sides; each further level halves them
again. The code is the coarsest map. With skip connections (Ronneberger et al. 2015) the encoder's
maps, and the image itself, are added in the decoder, so the network only has to predict the change;
without them everything must pass through the code. For a watermark the network only predicts the
matte, how much of each pixel the mark covers; the rest is algebra
(`aeviz.restoration.watermark.estimate`).
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
    """A U-Net for photographs (N, 3, H, W) in [0, 1], as a RunConfig describes it.

    The initial weights depend on `config.training.seed` alone. Raises UserError for another
    network.
    """

    MULTIPLE: ClassVar[int] = 8
    """`forward` needs sides that are multiples of this; `restore` takes any size."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        network, widths = config.network, config.network.channels
        if network.kind != "unet":
            raise UserError("This model is for small images and cannot restore photographs.")
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
        """The shape of its training crops; it takes any other size, too."""
        return (3, self.config.training.crop, self.config.training.crop)

    def _blocks(self, width: int) -> nn.Sequential:
        network = self.config.network
        return nn.Sequential(*(ResidualBlock(width, network) for _ in range(network.residual)))

    def _start_as_identity(self) -> None:
        """Initialise each residual block, and with skips the whole network, as the identity; a
        matte starts at 1/2 everywhere."""
        last = [m.body[-1] for m in self.modules() if isinstance(m, ResidualBlock)]
        for layer in (*last, *([self.tail] if self.skips else [])):
            for parameter in layer.parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, conditioning: Tensor | None = None) -> Tensor:
        """x (N, 3, H, W) in [0, 1], H and W multiples of 8 -> x_hat (N, 3, H, W), not clipped; or
        the logits of a matte (N, 1, H, W).

        conditioning (N, 1, H, W): the noise's sigma / 255 (0 if it is unknown), or 1 in a hole;
        None stands for zeros.
        """
        conditioning = torch.zeros_like(x[:, :1]) if conditioning is None else conditioning
        y = self.head(F.pixel_unshuffle(torch.cat([x, conditioning], 1), 2))
        skips: list[Tensor] = []
        for encoder, down in zip(self.encoders, [*self.downs, None], strict=True):
            y = encoder(y)
            if down is not None:
                skips.append(y)
                y = down(y)
        y = self.decoders[-1](self.from_code(self.to_code(y)))
        for up, decoder in zip(reversed(self.ups), reversed(self.decoders[:-1]), strict=True):
            y = up(y)
            y = decoder(y + skips.pop() if self.skips else y)
        y = F.pixel_shuffle(self.tail(y), 2)
        return x + y if self.skips and not self.matte else y

    def restore(self, x: Tensor, conditioning: Tensor | None = None) -> Tensor:
        """As `forward`, but for any size (edges are repeated up to a multiple of 8) and with
        results in [0, 1], also for a matte."""
        h, w = x.shape[-2:]
        pad = (0, -w % self.MULTIPLE, 0, -h % self.MULTIPLE)
        x = F.pad(x, pad, mode="replicate")
        conditioning = None if conditioning is None else F.pad(conditioning, pad, mode="replicate")
        y = losses.pixels(self(x, conditioning)[..., :h, :w].float(), self.config.network.output)
        return y.clamp(0, 1)

    def loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """The configured reconstruction loss of the output `raw` of `forward` against the clean
        image, or against the mark's true matte."""
        loss = losses.RECONSTRUCTIONS[self.config.loss.reconstruction]
        return loss(raw.float(), target, self.config.network.output)
