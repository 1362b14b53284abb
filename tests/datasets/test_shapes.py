from math import pi

import pytest
import torch

from aeviz.datasets import load
from aeviz.datasets.shapes import (
    CLASS_NAMES,
    FACTORS,
    REACH,
    draw,
    hue_to_rgb,
    sample_factors,
)

SQUARE, ELLIPSE, HEART = range(3)


def one(shape: int, scale=1.0, rotation=0.0, x=0.5, y=0.5, colour=None) -> torch.Tensor:
    factors = [shape, scale, rotation, x, y] + ([] if colour is None else [colour])
    return draw(torch.tensor([factors]))[0].double() / 255


def centre_of_mass(image: torch.Tensor) -> tuple[float, float]:
    """(x, y) in pixels from the middle of the image, y downwards."""
    pixel = torch.arange(32, dtype=torch.float64) - 15.5
    mass = image.sum()
    return (image.sum(0) @ pixel / mass).item(), (image.sum(1) @ pixel / mass).item()


def test_an_upright_square_of_twelve_pixels():
    image = one(SQUARE)[0]
    expected = torch.zeros(32, 32, dtype=torch.float64)
    expected[10:22, 10:22] = 1
    assert torch.equal(image, expected)


@pytest.mark.parametrize("shape", [SQUARE, ELLIPSE, HEART])
@pytest.mark.parametrize("scale", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("rotation", [0.0, 30.0, 77.0])
def test_every_shape_has_the_area_its_scale_says_and_its_centre_where_x_and_y_say(
    shape, scale, rotation
):
    image = one(shape, scale, rotation, x=0.25, y=1.0)[0]
    assert image.sum().item() == pytest.approx((12 * scale) ** 2, rel=0.02)
    assert centre_of_mass(image) == pytest.approx((-REACH / 2, REACH), abs=0.1)


def test_rotation_turns_anticlockwise():
    ellipse = one(ELLIPSE, rotation=0.0)[0]
    assert torch.allclose(one(ELLIPSE, rotation=90.0)[0], ellipse.rot90(), atol=1 / 255)
    heart = one(HEART, rotation=0.0)[0]
    assert torch.allclose(one(HEART, rotation=90.0)[0], heart.rot90(), atol=1 / 255)
    assert not torch.allclose(heart.rot90(2), heart, atol=0.5)


def test_the_ellipse_is_as_long_as_its_axes():
    image = one(ELLIPSE)[0]
    assert image[15].sum().item() == pytest.approx(24 * (1.7 / pi) ** 0.5, abs=0.3)
    assert image[:, 15].sum().item() == pytest.approx(24 / (1.7 * pi) ** 0.5, abs=0.3)


def test_the_heart_is_symmetric_and_points_down():
    image = one(HEART)[0]
    assert torch.equal(image, image.flip(1))
    rows = image.sum(1).nonzero().flatten()
    assert image[rows[-1]].sum() < 2 < image[rows[1]].sum()


def test_edges_are_antialiased():
    tilted = one(SQUARE, rotation=20.0)
    assert ((tilted > 0) & (tilted < 1)).sum() > 20


def test_hues():
    hues = torch.tensor([0.0, 60.0, 120.0, 180.0, 240.0, 30.0])
    expected = [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0.5, 0]]
    assert torch.allclose(hue_to_rgb(hues), torch.tensor(expected))
    yellow = one(SQUARE, colour=60.0)
    assert yellow[:, 16, 16].tolist() == [1, 1, 0]
    assert yellow[:, 0, 0].tolist() == [0, 0, 0]


def test_no_shape_leaves_the_image():
    images = load("shapes").train.images
    border = torch.ones(32, 32, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    lit = images[:, 0][:, border].double().sum() / images.double().sum()
    assert lit < 1e-3
    low_corner = one(ELLIPSE, rotation=45.0, x=0.0, y=1.0)[0]
    assert low_corner.sum().item() == pytest.approx(144, rel=0.02)


def test_factors_are_uniform_and_independent():
    factors = load("shapes-colour").train.factors
    assert factors is not None
    assert factors.shape == (16_000, 6)
    correlation = torch.corrcoef(factors.T) - torch.eye(6)
    assert correlation.abs().max() < 0.03
    for column, (low, high) in enumerate(FACTORS.values(), start=1):
        values = (factors[:, column] - low) / (high - low)
        assert 0 <= values.min() < 0.01
        assert 0.99 < values.max() <= 1
        assert values.mean().item() == pytest.approx(0.5, abs=0.02)
        assert values.var().item() == pytest.approx(1 / 12, abs=0.005)
    assert factors[:, 0].long().bincount().min() > 16_000 / 3 * 0.95


def test_labels_are_the_shape_factor_and_colour_is_the_grey_set_tinted():
    grey, colour = load("shapes"), load("shapes-colour")
    assert grey.factor_names == ("shape", "scale", "rotation", "x", "y")
    assert colour.factor_names == (*grey.factor_names, "colour")
    assert grey.class_names == CLASS_NAMES
    assert colour.test.factors is not None
    assert torch.equal(colour.test.labels, colour.test.factors[:, 0].long())
    brightest = colour.test.images.amax(1, keepdim=True)
    assert torch.equal(brightest, grey.test.images)


def test_the_same_seed_draws_the_same_and_another_seed_others():
    dataset = load("shapes-colour")
    factors = sample_factors(20_000, colour=True)
    assert torch.equal(draw(factors[:300]), dataset.train.images[:300])
    assert torch.equal(draw(factors[-7:]), dataset.test.images[-7:])
    assert not torch.equal(sample_factors(50, True, seed=3), sample_factors(50, True, seed=4))
