"""Black and white copies of a data set."""

from __future__ import annotations

import pytest
import torch

from aeviz import datasets
from aeviz.datasets.binarised import binarised, is_binary


def test_pixels_are_black_or_white_and_the_rest_stays() -> None:
    grey = datasets.load("digits")
    assert not is_binary(grey.train)
    found = [binarised(grey, how) for how in ("drawn", "threshold")]  # type: ignore[arg-type]
    for one in found:
        assert all(map(is_binary, (one.train, one.validation, one.test)))
        assert torch.equal(one.test.labels, grey.test.labels)
        assert one.image_shape == grey.image_shape
        assert one.name == grey.name
    assert len({grey.sha256, *(one.sha256 for one in found)}) == 3


def test_a_grey_pixel_is_white_as_often_as_it_is_bright() -> None:
    grey = datasets.load("digits")
    drawn = binarised(grey, "drawn").train.images.double() / 255
    want = grey.train.images.double() / 255
    assert drawn.mean().item() == pytest.approx(want.mean().item(), abs=0.005)
    middle = (want > 0.4) & (want < 0.6)
    assert drawn[middle].mean().item() == pytest.approx(want[middle].mean().item(), abs=0.02)
    assert drawn[want == 0].sum() == 0
    assert (drawn[want == 1] == 1).all()


def test_the_same_draw_each_time_and_another_for_another_seed() -> None:
    grey = datasets.load("digits")
    first = binarised(grey, "drawn")
    assert binarised(grey, "drawn").sha256 == first.sha256
    assert binarised(grey, "drawn", seed=1).sha256 != first.sha256


def test_the_threshold_is_the_middle() -> None:
    grey = datasets.load("digits")
    found = binarised(grey, "threshold").train.images
    assert torch.equal(found == 255, grey.train.images >= 128)
