"""How much the network that colours knows of a photograph: where it guesses one tint, nothing."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from aeviz.degradations.pixels import luminance
from aeviz.nn.unet import Restorer
from aeviz.restoration.inference import chroma, predict

SIDE = 256
"""Pixels of the small copy that is asked about."""
_UNSURE, _SURE = 0.2, 0.5
_LEVELS, _PLAIN = 17, 64
NOTE = "The network does not know the colours of this photo, and guesses hardly more than one tint"


def sure(model: Restorer, pixels: np.ndarray, precision: str) -> float:
    """How far the network knows the colours of a photograph (H, W, C), 0 to 1."""
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
    """0 to 1, by the chroma (1, 2, H, W) that is guessed for luminance y (1, 1, H, W), and for
    plain grey from black to white (L, 2): how far both are apart, beside the mean of what is found.

    A network that does not know answers with the mean colour of all photographs, everywhere; the
    brighter, the more of it.
    """
    place = y.flatten() * (len(plain) - 1)
    below = place.long().clamp(max=len(plain) - 2)
    usual = torch.lerp(plain[below], plain[below + 1], (place - below)[:, None])
    found = found[0].flatten(1).T
    apart = (found - usual).square().sum(1).mean().sqrt()
    ratio = (apart / found.mean(0).norm().clamp_min(1e-4)).item()
    return min(max((ratio - _UNSURE) / (_SURE - _UNSURE), 0.0), 1.0)


def note(sure: float) -> str:
    """A sentence where it is not sure."""
    if sure == 0:
        return f"{NOTE}: it stays grey."
    return f"{NOTE}: its colours are pale." if sure < 1 else ""


def small(pixels: np.ndarray, multiple: int) -> Tensor:
    """uint8 or uint16 (H, W, C) -> (1, 3, h, w) in [0, 1], about SIDE, sides of this multiple."""
    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    height, width = (max(1, round(side * scale / multiple)) * multiple for side in pixels.shape[:2])
    shrunk = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(shrunk.astype(np.float32) / np.iinfo(pixels.dtype).max)
    return x.reshape(height, width, -1).permute(2, 0, 1)[None].expand(-1, 3, -1, -1).contiguous()
