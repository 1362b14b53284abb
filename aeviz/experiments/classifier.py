"""A classifier: an encoder, from scratch or pretrained, with one linear layer on its code."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from aeviz.nn.model import Autoencoder

LR = 3e-3
BATCH = 64
LOOKS = 6
"""How many times the validation error is measured; the best of these moments is kept."""


TURN = math.radians(10)
SCALE, SHIFT = 0.1, 0.07
"""Of a distorted image at most: its turn; its change in size; its shift as a share of its side."""


class Classifier(nn.Module):
    """Logits (N, classes) of images (N, C, H, W). The encoder is a copy: the original stays."""

    def __init__(self, encoder: Autoencoder, classes: int, seed: int) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(encoder).requires_grad_(True)
        self.head = nn.Linear(encoder.latent_dim, classes)
        with torch.no_grad():
            bound = encoder.latent_dim**-0.5
            generator = torch.Generator().manual_seed(seed)
            self.head.weight.uniform_(-bound, bound, generator=generator)
            self.head.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.encoder.encode(x))
        return logits


def learn(
    encoder: Autoencoder,
    x: Tensor,
    y: Tensor,
    classes: int,
    error: Callable[[Classifier], float],
    steps: int,
    seed: int = 0,
) -> Classifier:
    """Trains all weights on images x (N, C, H, W) in [0, 1] with labels y (N,), with Adam.

    Each step distorts its images at random: with few images, a network without distortions
    memorises them. Keeps the weights with the smallest `error` of a few moments, the last of them
    if equal.
    """
    model = Classifier(encoder, classes, seed).train()
    optimizer = torch.optim.Adam(model.parameters(), LR)
    generator = torch.Generator().manual_seed(seed + 1)
    every = max(1, steps // LOOKS)
    best, kept = float("inf"), copy.deepcopy(model.state_dict())
    order = torch.empty(0, dtype=torch.int64)
    for step in range(1, steps + 1):
        if len(order) < min(BATCH, len(x)):
            order = torch.cat([order, torch.randperm(len(x), generator=generator)])
        index, order = order[:BATCH], order[BATCH:]
        loss = F.cross_entropy(model(distorted(x[index], generator)), y[index])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % every == 0 or step == steps:
            model.eval()
            reached = error(model)
            model.train()
            if reached <= best:
                best, kept = reached, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return model.eval()


def distorted(x: Tensor, generator: torch.Generator) -> Tensor:
    """Each image of x (B, C, H, W) turned, scaled and shifted a little, at random; what comes in
    from outside is 0."""
    turn, scale, right, down = 2 * torch.rand(4, len(x), generator=generator) - 1
    turn, scale = TURN * turn, 1 + SCALE * scale
    cos, sin = turn.cos() * scale, turn.sin() * scale
    # of the range -1 to 1 that a side has in a grid
    right, down = 2 * SHIFT * right, 2 * SHIFT * down
    matrix = torch.stack((cos, -sin, right, sin, cos, down), 1).reshape(-1, 2, 3)
    grid = F.affine_grid(matrix, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


@torch.no_grad()
def predicted(model: Classifier, x: Tensor) -> Tensor:
    """Classes (N,) of images x (N, C, H, W) in [0, 1]."""
    return torch.cat([model(part).argmax(1) for part in x.split(1000)])
