"""Find a watermark on a small copy of a photograph, and remove it at full size.

In the copy, marks have about the size that the restorer was trained on, whatever the photograph's
size, and the whole photograph is seen at once, on which a mark has one opacity and one ink.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.images.photo import Photo
from aeviz.nn.unet import Restorer
from aeviz.restoration.inference import predict
from aeviz.restoration.tiles import Box
from aeviz.restoration.watermark import estimate, unblend

LOOK_SIDE = 640
LOOK_PIXELS = 1_000_000
"""Upper bounds for the copy's shorter side and its number of pixels."""


@dataclass(frozen=True)
class Watermark:
    """A watermark on a photograph of height x width pixels: the matte (1, h, w) of the small copy,
    and the mark, None if none was found."""

    matte: Tensor
    mark: unblend.Mark | None
    height: int
    width: int

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes to show beside the result."""
        nothing = self.mark is None or not self.matte.any()
        return ("No watermark was found, so nothing was changed.",) if nothing else ()

    def remove(self, y: Tensor, boxes: list[Box]) -> Tensor:
        """The windows y (N, 3, h, w) in [0, 1] under these boxes, without the watermark."""
        if self.mark is None:
            return y
        zoom = self.height / self.matte.shape[1]
        parts = [
            unblend.remove(one, self._matte_under(box), self.mark, zoom)
            for one, box in zip(y, boxes, strict=True)
        ]
        return torch.stack(parts)

    def _matte_under(self, box: Box) -> Tensor:
        """The matte (1, h, w) under this box, mirrored beyond the photograph's edges."""
        device = self.matte.device
        across = (torch.arange(box.left, box.right, device=device) + 0.5) / self.width * 2 - 1
        down = (torch.arange(box.top, box.bottom, device=device) + 0.5) / self.height * 2 - 1
        places = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1)[None]
        return F.grid_sample(
            self.matte[None], places, padding_mode="reflection", align_corners=False
        )[0]


def find(model: Restorer, photo: Photo, precision: str = "auto") -> Watermark:
    """The watermark on this photograph, found on the model's device."""
    height, width = photo.pixels.shape[:2]
    y = _small(photo.pixels).to(next(model.parameters()).device)
    matte = predict(model, y, torch.zeros_like(y[:, :1]), precision)[0]
    return Watermark(*estimate.find(y[0], matte), height, width)


def _small(pixels: np.ndarray) -> Tensor:
    """uint8 or uint16 (H, W, C) -> (1, 3, h, w) in [0, 1], shrunk to LOOK_SIDE and LOOK_PIXELS."""
    height, width = pixels.shape[:2]
    scale = min(1.0, LOOK_SIDE / min(height, width), math.sqrt(LOOK_PIXELS / (height * width)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    x = torch.from_numpy(pixels.reshape(size[1], size[0], -1).astype(np.float32))
    return (x / np.iinfo(pixels.dtype).max).permute(2, 0, 1)[None].expand(-1, 3, -1, -1)
