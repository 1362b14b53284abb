"""A watermark found on a small copy of a photograph, and taken off the photograph itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from small_restorer import tiny
from torch import Tensor

from aeviz.images.photo import Photo
from aeviz.nn.unet import Restorer
from aeviz.restoration import photo as engine
from aeviz.restoration.photo import restore_photo
from aeviz.restoration.tasks import TASKS
from aeviz.restoration.watermark import find


def scene(height: int, width: int) -> np.ndarray:
    """Smooth patches of colour, float (H, W, 3) in [0, 1]."""
    coarse = np.random.default_rng(0).uniform(0.1, 0.9, (6, 8, 3))
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def bars(height: int, width: int) -> np.ndarray:
    """Five vertical bars, symmetric: float (H, W) of 0 and 1."""
    return np.broadcast_to((np.arange(width) * 11 // width) % 2, (height, width)).astype(float)


def marked(height: int, width: int, dtype: type = np.uint8) -> tuple[np.ndarray, Photo]:
    """A photograph, and the same under white bars of 50 %."""
    x, matte = scene(height, width), bars(height, width)[:, :, None]
    most = np.iinfo(dtype).max
    y = x + 0.5 * matte * (1 - x)
    return np.rint(x * most).astype(dtype), Photo(np.rint(y * most).astype(dtype))


def seer(saw: list[tuple[int, ...]] | None = None) -> Restorer:
    """A restorer that knows the bars, in any orientation of the photograph."""
    model = Restorer(tiny("restore-watermark")).eval()

    def restore(x: Tensor, known: Tensor | None = None) -> Tensor:
        if saw is not None:
            saw.append(tuple(x.shape))
        height, width = x.shape[2:]
        turned = height > width
        matte = torch.from_numpy(bars(min(height, width), max(height, width)).copy()).float()
        return (matte.T if turned else matte).expand(len(x), 1, height, width)

    model.restore = restore  # type: ignore[method-assign]
    return model


def gain(clean: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """The gain in dB of `after` towards `clean`."""
    first, last = (np.square(part.astype(float) - clean).mean() for part in (before, after))
    return float(10 * np.log10(first / last))


@pytest.mark.parametrize(
    ("size", "least"), [((96, 128), 12.0), ((700, 1001), 12.0), ((1300, 1800), 12.0)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_it_comes_off_a_photo_of_any_size_and_depth(
    size: tuple[int, int], least: float, dtype: type
) -> None:
    clean, photo = marked(*size, dtype)
    saw: list[tuple[int, ...]] = []
    result = restore_photo(seer(saw), TASKS["watermark"], photo, precision="fp32")
    assert result.pixels.dtype == dtype
    assert result.pixels.shape == clean.shape
    assert gain(clean, photo.pixels, result.pixels) > least
    assert not result.notes
    assert len(saw) == 4  # its views of one small copy, not one for each tile
    assert max(min(shape[2:]) for shape in saw) <= find.LOOK_SIDE


def test_a_photo_without_a_mark_stays_as_it_is() -> None:
    _, photo = marked(96, 128)
    model = Restorer(tiny("restore-watermark")).eval()  # its output is 1/2 everywhere
    result = restore_photo(model, TASKS["watermark"], photo, precision="fp32")
    assert np.array_equal(result.pixels, photo.pixels)
    assert result.notes == ("No watermark was found, so nothing was changed.",)


def test_tiles_meet_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    _, photo = marked(700, 1001, np.uint16)
    whole = restore_photo(seer(), TASKS["watermark"], photo, precision="fp32").pixels
    monkeypatch.setattr(engine, "SIDE", 384)
    tiled = restore_photo(seer(), TASKS["watermark"], photo, precision="fp32").pixels
    assert np.abs(whole.astype(float) - tiled).max() < 65535 / 255


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (5000, 3), (3, 2)])
def test_photos_of_odd_shapes_are_looked_at(size: tuple[int, int]) -> None:
    photo = Photo(np.full((*size, 1), 99, np.uint8))
    model = Restorer(tiny("restore-watermark")).eval()
    found = find.find(model, photo, "fp32")
    assert found.mark is None
    assert found.matte.numel() <= find.LOOK_PIXELS
