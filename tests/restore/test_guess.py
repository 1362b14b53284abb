"""Colours: grey where the network knows nothing, neutral at black and white, and a measure that one
tint fails."""

import numpy as np
import pytest
import torch

from aeviz.damage.table import Damaged
from aeviz.evaluation.restoration import correlation, figures, recoloured
from aeviz.restore import guess

HUES = torch.rand(1, 3, 40, 50, generator=torch.Generator().manual_seed(0))


def test_black_and_white_stay_neutral() -> None:
    wedge = torch.linspace(0, 1, 17).expand(1, 3, 1, 17)
    tint = torch.tensor([0.6, 0.5, 0.3]).view(1, 3, 1, 1).expand_as(wedge)
    out = recoloured(wedge, tint)[0, :, 0]
    apart = out.amax(0) - out.amin(0)
    assert apart[0] == apart[-1] == 0
    assert apart[8] == pytest.approx(0.3, abs=1e-4)


def test_one_tint_is_no_knowledge_and_hues_are() -> None:
    tint = torch.tensor([0.55, 0.5, 0.4]).view(1, 3, 1, 1).expand_as(HUES)
    assert guess.confidence(tint) == 0
    assert guess.confidence(tint + 0.002 * HUES) == 0
    assert guess.confidence(HUES) == 1
    assert "stays grey" in guess.note(0)
    assert "pale" in guess.note(0.5)
    assert guess.note(1) == ""


def test_a_constant_tint_fails_the_measure() -> None:
    grey = HUES.mean(1, keepdim=True).expand_as(HUES)
    tint = grey + (HUES - grey).mean((2, 3), keepdim=True)
    given = Damaged(grey, grey[:, :1] * 0, torch.ones_like(grey[:, :1]))
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
