"""Which data sets are handwriting, and the style of their strokes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_models import digits
from written import MNIST, paper, photo, write

from aeviz import datasets
from aeviz.handwriting import read, style_of, style_of_gallery
from aeviz.images import encode_sprite
from aeviz.models import library


def test_mnist_is_handwriting_in_a_box_of_20() -> None:
    style = style_of(datasets.load("mnist-5k").test.images[:, 0].numpy())
    assert style is not None
    assert (style.height, style.width, style.box) == (28, 28, 20)
    assert 2 < style.stroke < 3


def test_scikit_learns_digits_fill_their_image() -> None:
    x = (255 * digits()[0][:, 0]).byte().numpy()
    style = style_of(x)
    assert style is not None
    assert (style.height, style.box) == (8, 8)
    assert 1 < style.stroke < 2


@pytest.mark.parametrize("name", ["shapes", "shapes-colour"])
def test_shapes_are_none(name: str) -> None:
    images = datasets.load(name).test.images[:300]
    shape = tuple(images.shape[1:])
    assert style_of_gallery(encode_sprite(images), len(images), shape) is None


def test_clothes_are_none_and_bundled_digits_are_all_alike() -> None:
    found = {}
    for info in library.models():
        if not info.bundled:
            continue
        gallery = library.load(info.name).gallery
        assert gallery is not None
        found[info.dataset] = style_of_gallery(
            gallery.sprite, len(gallery.latents), info.image_shape
        )
    assert found["fashion-mnist"] is None
    assert found["mnist"] is not None


def test_dark_on_light_blank_and_no_images_are_none() -> None:
    x = (255 * digits()[0][:50, 0]).byte().numpy()
    assert style_of(255 - x) is None
    assert style_of(np.zeros((5, 28, 28), np.uint8)) is None
    assert style_of(np.zeros((0, 28, 28), np.uint8)) is None
    assert style_of_gallery(b"", 0, (1, 28, 28)) is None


def test_what_is_read_is_in_the_style_it_is_read_in() -> None:
    made = []
    for digit in (4, 5, 7):
        sheet = paper()
        write(sheet, digit, 120, 180, 220)
        image = read(photo(sheet), MNIST).image
        assert image is not None
        made.append(image)
    style = style_of(np.stack(made))
    assert style is not None
    assert style.box == pytest.approx(MNIST.box, abs=1)
    assert style.stroke == pytest.approx(MNIST.stroke, rel=0.3)
    assert torch.from_numpy(made[0]).dtype == torch.uint8
