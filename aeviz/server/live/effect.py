"""How much each latent dimension changes the image, which shows the ones that a decoder uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

if TYPE_CHECKING:
    from aeviz.nn.model import Autoencoder

CODES: Final = 8  # codes that each dimension is moved from
BATCH: Final = 512  # images decoded at a time
SEED: Final = 0


@torch.inference_mode()
def effects(model: Autoencoder, latents: Tensor) -> Tensor:
    """Mean squared change of the image as each element of z moves by its standard deviation, (d,).

    Averaged over up to 8 of the codes (N, d). The scale of the codes does not matter: codes z / c
    with a decoder that multiplies them by c have the same effects.
    """
    count = len(latents)
    device = next(model.parameters()).device
    order = torch.randperm(count, generator=torch.Generator().manual_seed(SEED))
    z = latents[order[:CODES]].to(device)
    steps = torch.diag(latents.std(0, correction=0)).to(device)
    x_hat = model.decode(z)
    found = []
    for chunk in steps.split(max(1, BATCH // len(z))):
        moved = model.decode((z + chunk[:, None]).flatten(0, 1)).unflatten(0, (len(chunk), len(z)))
        found.append((moved - x_hat).square().flatten(1).mean(1))
    return torch.cat(found).nan_to_num(0.0).cpu()
