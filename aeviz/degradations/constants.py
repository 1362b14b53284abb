"""Small constant tensors, copied to a device once: each copy makes the caller wait for it."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=256)
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """These values (n,) in float32 on `device`; the same tensor each time, so do not change it."""
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=torch.float32, device=device)
