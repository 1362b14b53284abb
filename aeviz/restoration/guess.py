"""Confidence of the colouring network: low if it guesses nearly one tint for the whole photo."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from aeviz.degradations.pixels import luminance
from aeviz.nn.unet import Restorer
from aeviz.restoration.inference import chroma, predict

SIDE = 256
"""Pixels of the longer side of the small copy on which confidence is measured."""
_UNSURE, _SURE = 0.2, 0.5
_LEVELS, _PLAIN = 17, 64
NOTE = "The network is not sure of this photo's colours and guesses little more than one tint"


def sure(model: Restorer, pixels: np.ndarray, precision: str) -> float:
    """The network's confidence in the colours of a photograph (H, W, C), 0 to 1."""
    device = next(model.parameters()).device
    x = luminance(small(pixels, model.MULTIPLE).to(device)).expand(-1, 3, -1, -1)
    levels = torch.linspace(0, 1, _LEVELS, device=device)
    flat = levels.view(-1, 1, 1, 1).expand(-1, 3, _PLAIN, _PLAIN)
    colours, plain = (
        chroma(predict(model, part, torch.zeros_like(part[:, :1]), precision).float())
        for part in (x, flat)
    )
    return confidence(x[:, :1], colours, plain[:, :, _PLAIN // 2, _PLAIN // 2])


def confidence(y: Tensor, found: Tensor, plain: Tensor) -> float:
    """Confidence, 0 to 1: the distance between the chroma (1, 2, H, W) guessed for luminance
    y (1, 1, H, W) and that guessed for plain grey from black to white (L, 2), relative to the mean
    chroma.

    A network that is not sure returns the mean colour of all photographs everywhere, stronger where
    the photo is brighter.
    """
    place = y.flatten() * (len(plain) - 1)
    below = place.long().clamp(max=len(plain) - 2)
    usual = torch.lerp(plain[below], plain[below + 1], (place - below)[:, None])
    found = found[0].flatten(1).T
    distance = (found - usual).square().sum(1).mean().sqrt()
    ratio = (distance / found.mean(0).norm().clamp_min(1e-4)).item()
    return min(max((ratio - _UNSURE) / (_SURE - _UNSURE), 0.0), 1.0)


def note(sure: float) -> str:
    """A sentence if the network is not sure, else ""."""
    if sure == 0:
        return f"{NOTE}, so it stays grey."
    return f"{NOTE}, so its colours are pale." if sure < 1 else ""


def small(pixels: np.ndarray, multiple: int) -> Tensor:
    """uint8 or uint16 (H, W, C) -> (1, 3, h, w) in [0, 1], the longer side about SIDE, both sides
    multiples of `multiple`."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    height, width = (max(1, round(side * scale / multiple)) * multiple for side in pixels.shape[:2])
    shrunk = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(shrunk.astype(np.float32) / np.iinfo(pixels.dtype).max)
    return x.reshape(height, width, -1).permute(2, 0, 1)[None].expand(-1, 3, -1, -1).contiguous()
