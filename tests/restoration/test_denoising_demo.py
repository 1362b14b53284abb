"""Noise added, restored and measured, against models whose outputs are known."""

from __future__ import annotations

import math

import pytest
import torch
from small_models import digits, identity_model, pca_denoiser

from aeviz.evaluation.metrics import PSNR_CAP
from aeviz.restoration.denoising_demo import Score, run_trial, score
from aeviz.restoration.filters import median


def test_a_model_that_copies_restores_nothing() -> None:
    trial = run_trial(identity_model(), digits()[0][:20], "gaussian", 0.3, seed=0)
    assert torch.allclose(trial.x_hat, trial.x_noisy, atol=1e-6)
    assert trial.restored.mean_psnr == pytest.approx(trial.noisy.mean_psnr, abs=1e-3)


def test_no_noise_leaves_the_clean_image() -> None:
    trial = run_trial(identity_model(), digits()[0][:5], "gaussian", 0.0, seed=0)
    assert torch.equal(trial.x_noisy, trial.x)
    assert all(math.isinf(value) for value in trial.noisy.psnr.tolist())
    assert trial.noisy.mean_psnr == PSNR_CAP
    assert trial.noisy.mean_ssim == pytest.approx(1)


def test_a_projection_takes_away_most_of_the_noise() -> None:
    trial = run_trial(pca_denoiser(), digits()[0][1500:1600], "gaussian", 0.3, seed=0)
    assert trial.restored.mean_psnr > trial.noisy.mean_psnr + 2
    assert trial.restored.mean_ssim > trial.noisy.mean_ssim


def test_the_seed_decides_the_noise() -> None:
    x = digits()[0][:5]
    noisy = [
        run_trial(identity_model(), x, "salt-and-pepper", 0.4, seed).x_noisy for seed in (1, 1, 2)
    ]
    assert torch.equal(noisy[0], noisy[1])
    assert not torch.equal(noisy[0], noisy[2])


def test_more_images_than_one_pass_takes() -> None:
    trial = run_trial(identity_model(), digits()[0][:701], "masking", 0.5, seed=0)
    assert torch.allclose(trial.x_hat, trial.x_noisy, atol=1e-6)


def test_a_score_by_hand() -> None:
    x = torch.zeros(2, 1, 8, 8)
    other = torch.stack([torch.full((1, 8, 8), 0.1), torch.full((1, 8, 8), 0.01)])
    found = score(x, other)
    assert found.psnr.tolist() == pytest.approx([20, 40], abs=1e-3)
    assert found.mean_psnr == pytest.approx(30, abs=1e-3)
    # Constant images: SSIM is c1 / (mu^2 + c1), as every variance is zero.
    assert found.ssim[0].item() == pytest.approx(1e-4 / (0.01 + 1e-4), rel=1e-2)


def test_the_mean_of_scores_is_not_drowned_by_one_perfect_image() -> None:
    both = Score(torch.tensor([math.inf, 20.0]), torch.tensor([1.0, 0.5]))
    assert both.mean_psnr == (PSNR_CAP + 20) / 2
    assert both.mean_ssim == 0.75


def test_the_median_filter_by_hand() -> None:
    x = torch.zeros(2, 1, 5, 5)
    x[0, 0, 2, 2] = 1  # one grain of salt
    x[1, 0, :, 3:] = 1  # an edge
    filtered = median(x)
    assert filtered[0].sum() == 0
    assert torch.equal(filtered[1], x[1])


def test_the_median_filter_mixes_neither_images_nor_channels() -> None:
    x = torch.stack([torch.zeros(3, 4, 4), torch.ones(3, 4, 4)])
    x[0, 1] = 0.5
    assert torch.equal(median(x), x)
