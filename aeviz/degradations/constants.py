"""Constants of the degradations; small tensors are cached per device, since each copy blocks."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in the luminance Y (ITU-R BT.601)."""


@lru_cache(maxsize=256)
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """These values (n,) in float32 on `device`; the same tensor each time, so do not change it."""
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=torch.float32, device=device)
