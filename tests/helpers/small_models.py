"""Models whose outputs are known without training: linear ones, with weights set by hand."""

from __future__ import annotations

from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from aeviz.evaluation.metrics import pca_subspace
from aeviz.images import encode_sprite
from aeviz.models import checkpoint
from aeviz.models.checkpoint import Gallery
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import preset

SHAPE = (1, 8, 8)


def linear_model(basis: Tensor, mean: Tensor, **settings: object) -> Autoencoder:
    """z = B'(x - mean), x_hat = mean + B z, with basis B (64, d) and mean (64,); images 8 x 8."""
    config = preset("linear").config.replace(
        **{"bottleneck.latent_dim": basis.shape[1]}, **settings
    )
    model = Autoencoder(config, SHAPE).eval().requires_grad_(False)
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    encoder, decoder = layers
    encoder.weight.copy_(basis.T)
    encoder.bias.copy_(-(basis.T @ mean))
    decoder.weight.copy_(basis)
    decoder.bias.copy_(mean)
    return model


def identity_model(**settings: object) -> Autoencoder:
    """x_hat = x, for images 8 x 8: nothing is lost and no noise is removed."""
    return linear_model(torch.eye(64), torch.zeros(64), **settings)


def digits() -> tuple[Tensor, Tensor]:
    """scikit-learn's digits (1797, 1, 8, 8) in [0, 1], and their labels."""
    data = load_digits()
    x = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16
    return x, torch.tensor(data.target)


def pca_denoiser(**changes: object) -> Autoencoder:
    """Projects onto 12 principal components of the first 1,400 digits: a weak denoiser."""
    train = digits()[0][:1400]
    basis = pca_subspace(train, 12).float()
    settings = {"type": "denoising", "corruption.kind": "gaussian", "corruption.amount": 0.3}
    return linear_model(basis, train.flatten(1).mean(0), **(settings | changes))


def save(path: Path, model: Autoencoder, gallery: bool = True, **card: object) -> None:
    """Writes the model, with the last 300 digits as its gallery."""
    x, labels = (part[-300:] for part in digits())
    z = model.encode(x)
    images = (x * 255).round().to(torch.uint8)
    names = tuple(str(i) for i in range(10))
    places = torch.nn.functional.pad(z, (0, 2 - z.shape[1]))  # its first two numbers, or 0
    pictures = Gallery(z, labels, names, encode_sprite(images), places.contiguous())
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(path, model, card, pictures if gallery else None)
