"""Distinguishing images of the model's kind from others."""

from __future__ import annotations

import pytest
import torch
from small_models import digits, pca_denoiser

from aeviz.config import CorruptionConfig
from aeviz.evaluation.evaluate import reconstruct
from aeviz.nn.corruptions import corrupt
from aeviz.restoration.out_of_distribution import STRANGE, Signs, calibrate, signs


def test_a_constant_that_is_taken_away_is_all_smooth() -> None:
    found = signs(torch.full((1, 1, 8, 8), 0.5), torch.full((1, 1, 8, 8), 0.2))
    assert found.fine.item() == pytest.approx(0, abs=1e-12)
    assert found.smooth.item() == pytest.approx(0.09)
    assert found.contrast.item() == pytest.approx(0, abs=1e-12)


def test_a_pattern_finer_than_the_window_is_nearly_all_fine() -> None:
    rows = torch.arange(10)
    x = ((rows[:, None] + rows) % 2).float()[None, None]  # a chessboard, 0.5 around its mean
    found = signs(x, torch.full_like(x, 0.5))
    assert found.fine.item() > 0.23
    assert found.smooth.item() < 0.002


def test_contrast_is_the_variance_of_the_answer() -> None:
    x_hat = torch.zeros(1, 1, 2, 2)
    x_hat[0, 0, 0] = 1
    assert signs(x_hat, x_hat).contrast.item() == pytest.approx(0.25)


def test_strangeness_by_hand() -> None:
    known = Signs(torch.full((4,), 0.01), torch.full((4,), 0.04), torch.full((4,), 0.1))
    x = torch.zeros(1, 1, 8, 8)
    x_hat = torch.zeros(1, 1, 8, 8)
    x_hat[..., :4] = 1  # a contrast of 0.25, so it is not faint
    smooth = signs(x, x_hat).smooth.item()
    assert known.strangeness(x, x_hat).item() == pytest.approx(smooth / 0.04 / 1.2)
    # Nothing taken away, and next to nothing drawn: faint beyond all bounds.
    assert known.strangeness(x, x).item() == pytest.approx(0.1 / 1e-8 / 1.6, rel=1e-3)


def test_own_digits_are_known_with_and_without_noise_and_inverted_ones_are_not() -> None:
    model, x = pca_denoiser(), digits()[0]
    known = calibrate(model, x[1400:1550])
    held_out, noise = x[1550:], torch.Generator().manual_seed(1)
    for amount in (0.0, 0.2, 0.4):
        for images, few, many in ((held_out, 0, 0.1), (1 - held_out, 0.9, 1)):
            noisy = corrupt(images, CorruptionConfig("gaussian", amount), noise)
            strange = known.strangeness(noisy, reconstruct(model, noisy)) > STRANGE
            assert few <= strange.float().mean().item() <= many
