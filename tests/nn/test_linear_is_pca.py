"""The linear autoencoder's optimum is PCA (Bourlard & Kamp 1988): same subspace, same error."""

from __future__ import annotations

import pytest
import torch

from aeviz.evaluation import metrics
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import PRESETS

DIM = 3


def data() -> torch.Tensor:
    """400 8x8 images around 0.5 from a Gaussian whose variances fall: (400, 1, 8, 8)."""
    generator = torch.Generator().manual_seed(0)
    directions = torch.linalg.qr(torch.randn(64, 64, generator=generator)).Q
    scales = torch.tensor([1.0, 0.8, 0.6] + [0.1] * 61)
    return (0.5 + torch.randn(400, 64, generator=generator) * scales @ directions).view(-1, 1, 8, 8)


def test_linear_autoencoder_finds_the_pca_subspace_and_its_error() -> None:
    x = data()
    config = PRESETS["linear"].config.replace(**{"bottleneck.latent_dim": DIM})
    model = Autoencoder(config, (1, 8, 8))
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        total = model.loss(model(x), x, x, 1.0).total
        total.backward()
        return total

    optimizer.step(closure)
    with torch.no_grad():
        error = metrics.mse(x, model.decode(model.encode(x))).mean().item()
    assert error == pytest.approx(metrics.pca_error(x, x, DIM), rel=1e-3)
    basis = metrics.pca_subspace(x, DIM)
    decoder = next(p for p in model.decoder.parameters() if p.dim() == 2)
    assert metrics.principal_angles(decoder, basis)[0].item() < 1.0
    encoder = model.get_parameter("bottleneck.code.weight")
    assert metrics.principal_angles(encoder.T, basis)[0].item() < 1.0


def test_a_smaller_code_does_worse() -> None:
    """The error in the test above is not due to easy data."""
    x = data()
    errors = [metrics.pca_error(x, x, d) for d in (1, 2, 3)]
    assert errors[0] > 1.5 * errors[1] > 2 * errors[2]
