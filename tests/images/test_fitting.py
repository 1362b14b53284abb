"""Fitting a picture to a model's shape, and the sentence that says so."""

import numpy as np
import pytest
import torch

from aeviz.errors import UserError
from aeviz.images import Decoded, to_tensor


def picture(pixels: np.ndarray) -> Decoded:
    return Decoded(pixels.astype(np.uint8), None, ())


def test_the_exact_shape_passes_bit_for_bit_even_when_bright():
    for channels in (1, 3):
        pixels = np.random.default_rng(0).integers(200, 256, (28, 28, channels))
        x, notes = to_tensor(picture(pixels), (channels, 28, 28))
        assert x.dtype == torch.float32
        assert x.shape == (channels, 28, 28)
        assert torch.equal((x * 255).round().byte().permute(1, 2, 0), torch.tensor(pixels).byte())
        assert x.max() <= 1
        assert len(notes) == (channels == 1)  # which asks whether it is inverted


def test_a_bright_picture_of_the_right_size_is_inverted_where_any_size_is():
    bright, dark = np.full((8, 8, 1), 250), np.full((8, 8, 1), 5)
    x, notes = to_tensor(picture(bright), (1, 8, 8), invert="any size")
    assert x.max() < 0.05
    assert "Inverted" in notes[0]
    x, notes = to_tensor(picture(dark), (1, 8, 8), invert="any size")
    assert x.max() < 0.05
    assert notes == ()


def test_colour_of_the_right_size_turns_grey_by_luminance():
    pixels = np.zeros((4, 4, 3))
    pixels[0, 0] = 255, 0, 0
    pixels[0, 1] = 90, 90, 90
    x, notes = to_tensor(picture(pixels), (1, 4, 4))
    assert (x[0, 0, :3] * 255).round().tolist() == [76, 90, 0]  # 0.299 * 255 = 76.2
    assert notes == ("Turned grey.",)


def test_grey_becomes_colour():
    x, notes = to_tensor(picture(np.full((4, 4, 1), 51)), (3, 4, 4))
    assert torch.equal(x, torch.full((3, 4, 4), 0.2))
    assert notes == ("Turned from grey to colour.",)


def test_contain_keeps_the_aspect_and_pads_with_the_border():
    pixels = np.full((20, 40, 3), 40)
    pixels[5:15, 10:30] = 200
    x, notes = to_tensor(picture(pixels), (1, 28, 28))
    assert notes == ("Fitted from 40x20 to 28x28 and turned grey.",)
    assert (x[0, :7] * 255).round().unique().tolist() == [
        40
    ]  # 14 rows of picture, 7 + 7 of padding
    assert (x[0, 21:] * 255).round().unique().tolist() == [40]
    assert round(float(x[0, 14, 14]) * 255) == 200


def test_cover_cuts_the_middle():
    pixels = np.zeros((10, 30, 1))
    pixels[:, 6:24] = 250  # the middle third and what the filter reaches
    x, _ = to_tensor(picture(pixels), (1, 5, 5), fit="cover", invert=False)
    assert (x[0] * 255).round().unique().tolist() == [250]


def test_stretch_shows_all_of_it_and_fills_the_shape():
    pixels = np.zeros((10, 30, 1))
    pixels[:, 15:] = 255  # the right half, whatever the shape
    x, _ = to_tensor(picture(pixels), (1, 6, 6), fit="stretch", invert=False)
    assert x[0, :, :2].max() < 0.1
    assert x[0, :, 4:].min() > 0.9


def test_shrinking_is_antialiased():
    checks = np.indices((280, 280)).sum(axis=0)[:, :, None] % 2 * 255
    x, _ = to_tensor(picture(checks), (1, 28, 28), invert=False)
    assert (x - 0.5).abs().max() < 0.05


def test_dark_on_bright_is_inverted_for_a_grey_model_and_said():
    pixels = np.full((56, 56, 1), 255)
    pixels[20:36, 20:36] = 0
    x, notes = to_tensor(picture(pixels), (1, 28, 28))
    assert x[0, 0, 0] == 0
    assert x[0, 14, 14] == 1
    assert notes[0] == "Fitted from 56x56 to 28x28."
    assert notes[1].startswith("Inverted")
    kept, notes = to_tensor(picture(pixels), (1, 28, 28), invert=False)
    assert kept[0, 0, 0] == 1
    assert len(notes) == 1


def test_a_colour_model_never_inverts_by_itself_but_can_be_told_to():
    white = picture(np.full((8, 8, 3), 255))
    assert to_tensor(white, (3, 4, 4))[0].min() == 1
    assert to_tensor(white, (3, 8, 8), invert=True)[0].max() == 0


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (1, 1)])
@pytest.mark.parametrize("fit", ["contain", "cover"])
def test_one_pixel_wide(shape, fit):
    x, notes = to_tensor(picture(np.full((*shape, 1), 7)), (1, 28, 28), fit=fit)
    assert (x * 255).round().unique().tolist() == [7]
    assert notes


def test_refusals():
    with pytest.raises(UserError):
        to_tensor(picture(np.zeros((4, 4, 1))), (2, 4, 4))
    with pytest.raises(ValueError, match="fit"):
        to_tensor(picture(np.zeros((4, 4, 1))), (1, 4, 4), fit="tile")


def test_a_bright_picture_of_the_models_own_size_stays_with_a_note():
    digit = np.full((28, 28, 1), 255, np.uint8)
    digit[6:22, 13:15] = 0
    x, notes = to_tensor(Decoded(digit, None, ()), (1, 28, 28))
    assert x[0, 0, 0] == 1
    assert len(notes) == 1
    assert "invert the image" in notes[0]
    for pixels, shape, invert in (
        (255 - digit, (1, 28, 28), "auto"),
        (digit, (1, 28, 28), False),
        (digit.repeat(3, 2), (3, 28, 28), "auto"),
    ):
        assert to_tensor(Decoded(pixels, None, ()), shape, invert=invert)[1] == ()
