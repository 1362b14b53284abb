"""Colours: grey if the network is unsure, neutral at black and white, and a metric that a uniform
tint fails."""

import numpy as np
import pytest
import torch
from small_restorer import tiny

from aeviz.degradations.pixels import luminance
from aeviz.degradations.table import Degraded
from aeviz.nn.unet import Restorer
from aeviz.restoration import guess
from aeviz.restoration.inference import chroma, correlation, figures, recoloured

HUES = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))


def test_black_and_white_stay_neutral_and_so_does_what_is_near_them() -> None:
    levels = torch.tensor([0, 8, 30, 128, 225, 243, 255])
    wedge = (levels / 255).expand(1, 3, 1, 7)
    tint = torch.tensor([0.6, 0.58, 0.5]).view(1, 3, 1, 1).expand_as(wedge)
    out = 255 * recoloured(wedge, tint)[0, :, 0]
    apart = out.amax(0) - out.amin(0)
    assert apart[[0, 1, 6]].tolist() == [0, 0, 0]
    assert apart[5] < 4  # 243
    assert apart[[2, 3, 4]].tolist() == pytest.approx([25.5] * 3, abs=0.1)


def test_the_tint_of_plain_grey_is_no_knowledge_and_hues_are() -> None:
    y = luminance(HUES)
    plain = torch.linspace(0, 0.06, 17)[:, None] * torch.tensor([-1.0, 0.3])
    tint = y * 0.06 * torch.tensor([-1.0, 0.3]).view(1, 2, 1, 1)  # the brighter, the more of it
    assert guess.confidence(y, tint, plain) == 0
    assert guess.confidence(y, tint + 0.01 * chroma(HUES), plain) == 0
    assert 0 < guess.confidence(y, tint + 0.04 * chroma(HUES), plain) < 1
    assert guess.confidence(y, chroma(HUES), plain) == 1
    assert "stays grey" in guess.note(0)
    assert "pale" in guess.note(0.5)
    assert guess.note(1) == ""


def test_a_network_that_colours_all_alike_is_not_sure() -> None:
    model = Restorer(tiny("restore-colour")).eval()  # adds nothing yet
    with torch.no_grad():
        model.tail.bias[:4] += 0.1  # red, everywhere
    pixels = np.random.default_rng(0).integers(60, 190, (64, 64, 1)).astype(np.uint8)
    assert guess.sure(model, pixels, "fp32") == 0


def test_a_constant_tint_fails_the_measure() -> None:
    grey = HUES.mean(1, keepdim=True).expand_as(HUES)
    tint = grey + (HUES - grey).mean((2, 3), keepdim=True)
    given = Degraded(grey, grey[:, :1] * 0, torch.ones_like(grey[:, :1]))
    of_tint, of_truth = (figures("grey", HUES, given, x) for x in (tint, HUES))
    assert of_tint["correlation"] == pytest.approx(0, abs=0.02)
    assert of_tint["psnr"] == pytest.approx(of_tint["psnr_tint"], abs=0.5)
    assert of_truth["correlation"] == pytest.approx(1)
    assert of_truth["psnr"] > of_truth["psnr_tint"] + 20
    assert correlation(HUES, -HUES) == pytest.approx(-1)


@pytest.mark.parametrize("size", [(1, 1), (900, 20), (300, 400)])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_small_copy_fits_the_network(size: tuple[int, int], channels: int) -> None:
    x = guess.small(np.full((*size, channels), 65535, np.uint16), 8)
    assert x.shape[1] == 3
    assert x.shape[2] % 8 == x.shape[3] % 8 == 0
    assert max(x.shape[2:]) <= 256
    assert (x == 1).all()
