"""Choose fp32 or bf16, whichever trains this network faster on this device."""

from __future__ import annotations

from typing import Literal

import torch

from aeviz.config import RunConfig
from aeviz.device import native_bf16
from aeviz.nn.networks import ImageShape, multiplications

BF16_WORK = 20e6
"""Multiplications in the encoder, for one batch, from which bf16 is faster.

Below it, casting costs as much as the faster products save. Steps of 28 networks (all types, dense
from 16 to 800 units wide, conv from 8 to 64 channels, batches of 32 to 512) on one core with
AVX-512 bf16: bf16 took 0.9 to 1.5 times as long as fp32 up to 14 million, between 0.95 and 1.14 of
it around 20, and 0.58 to 0.9 from 25 on.
"""


def choose(config: RunConfig, shape: ImageShape, device: torch.device) -> Literal["fp32", "bf16"]:
    """The configured precision; for `auto`, bf16 if the processor computes it natively and
    the network is large enough.

    A rule, not a stopwatch: the same run on the same machine is then the same to the bit, however
    busy that machine is. A contractive penalty's Jacobians are not faster in bf16.
    """
    training = config.training
    if training.precision != "auto":
        return training.precision
    one_way = multiplications(config.network, config.bottleneck.latent_dim, shape)
    large = one_way * training.batch_size >= BF16_WORK
    pays = large and config.loss.penalty != "contractive"
    return "bf16" if pays and native_bf16(device) else "fp32"
