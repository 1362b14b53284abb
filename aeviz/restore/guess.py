"""How much the network that colours knows of a photograph: where it guesses one tint, nothing."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from aeviz.evaluation.restoration import chroma

SIDE = 256
"""Pixels of the small copy that is asked about."""
_UNSURE, _SURE = 0.35, 0.7
NOTE = "The network does not know the colours of this photo, and guesses hardly more than one tint"


def confidence(colours: Tensor) -> float:
    """0 to 1, by guessed colours (1, 3, H, W): how far they vary beside their mean.

    A network that does not know answers with the mean colour of all photographs, everywhere.
    """
    found = chroma(colours.float())[0].flatten(1)
    mean = found.mean(1, keepdim=True)
    spread = (found - mean).square().sum(0).mean().sqrt()
    ratio = (spread / mean.norm().clamp_min(1e-4)).item()
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
