"""Squares of photographs in the shape of a small model's images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aeviz.experiments.photo_crops import SHRINK, photo_crops


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 8, 8)])
def test_crops_have_the_shape_that_was_asked_for(shape: tuple[int, int, int]) -> None:
    crops = photo_crops(shape)
    assert crops.shape[1:] == shape
    assert len(crops) == 2 * (427 // SHRINK // shape[1]) * (640 // SHRINK // shape[2])
    assert crops.min() >= 0
    assert crops.max() <= 1 + 1e-6
    assert crops.flatten(1).std(1).median() > 0.02


def test_the_first_crop_is_the_corner_of_the_first_photograph() -> None:
    from sklearn.datasets import load_sample_image

    corner = np.array(load_sample_image("china.jpg"))[: 8 * SHRINK, : 8 * SHRINK] / 255
    cells = torch.from_numpy(corner).reshape(8, SHRINK, 8, SHRINK, 3).mean((1, 3))
    assert torch.allclose(photo_crops((3, 8, 8))[0], cells.permute(2, 0, 1).float(), atol=1e-5)
