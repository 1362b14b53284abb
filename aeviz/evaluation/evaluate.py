"""All evaluation figures of a model on a test split, for the command line and for cards."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aeviz.config import CorruptionConfig, CorruptionKind
from aeviz.datasets import Dataset, Split
from aeviz.errors import UserError
from aeviz.evaluation import disentanglement, metrics
from aeviz.evaluation.validation import batch_rows, to_float, validate
from aeviz.nn.corruptions import corrupt
from aeviz.nn.losses import contractive
from aeviz.nn.model import Autoencoder

ACTIVE = 1e-3
"""A unit of a sparse code counts as active above this."""

EXACT_PIXELS = 4096
"""For images of up to so many values, PCA and kNN on pixels use all images; for larger ones, only
so many images that they have PIXEL_VALUES values together."""
PIXEL_VALUES = 32_000_000

CATEGORIES = ("shape",)
"""Categorical factors, whose values have no order."""

NOISES: tuple[tuple[CorruptionKind, float], ...] = (
    ("gaussian", 0.5),
    ("salt-and-pepper", 0.3),
    ("masking", 0.5),
)
"""Kinds and amounts of noise on a denoiser's card."""


@torch.no_grad()
def evaluate(model: Autoencoder, dataset: Dataset) -> dict[str, Any]:
    """Figures on the test split; those that do not apply to the model's type are left out.

    loss, recon, kl, penalty: per image, as trained (see `validate`). The others are from mean codes
    of clean images: mse, bce_per_pixel, mae, psnr (dB), ssim, and pca_mse, the error of PCA with as
    many components. Raises UserError if the data set's images have another shape than the model's.
    """
    if dataset.image_shape != model.image_shape:
        have, want = ("x".join(map(str, s)) for s in (dataset.image_shape, model.image_shape))
        raise UserError(
            f"{dataset.title} has images of {have}, but the model takes {want}: "
            "choose another data set."
        )
    config = model.config
    model.eval()
    x = to_float(dataset.test.images)
    z, _logvar = encode_all(model, dataset.test)
    x_hat = decode_all(model, z)

    terms = validate(model, dataset.test)
    figures: dict[str, Any] = {"loss": terms["loss"], "recon": terms["recon"]}
    if model.is_gaussian:
        figures["kl"] = terms["kl"]
    if config.loss.penalty != "none":
        figures["penalty"] = terms["penalty"]
    clipped = x_hat.clamp(0, 1)
    figures |= {
        "mse": terms["mse"],
        "mae": metrics.mae(x, x_hat).mean().item(),
        "psnr": metrics.psnr_value(x, clipped),
        "ssim": _ssim(x, clipped),
        "pca_mse": metrics.pca_error(
            to_float(_few_enough(dataset.train.images)), x, config.bottleneck.latent_dim
        ),
    }
    if config.network.output == "sigmoid":
        figures["bce_per_pixel"] = _bce_per_pixel(x, x_hat)
        figures["bce_floor_per_pixel"] = metrics.entropy_floor(x)
    if len(set(dataset.test.labels.tolist())) > 1:
        figures["knn_accuracy"] = _knn(dataset, encode_all(model, _neighbours(dataset))[0], z)
        pixels = to_float(_few_enough(_neighbours(dataset).images)).flatten(1)
        figures["knn_accuracy_pixels"] = _knn(dataset, pixels, x.flatten(1))
    return figures | _of_type(model, dataset, x, z)


def _of_type(model: Autoencoder, dataset: Dataset, x: Tensor, z: Tensor) -> dict[str, Any]:
    """The figures that belong to one type of autoencoder."""
    config = model.config
    figures: dict[str, Any] = {}
    if model.is_gaussian:
        figures["active_units"] = metrics.active_units(z)
    if config.type == "linear" and config.network.kind == "dense" and not config.network.hidden:
        weight = next(p for n, p in model.decoder.named_parameters() if n.endswith("weight"))
        seen = to_float(_few_enough(dataset.train.images))
        basis = metrics.pca_subspace(seen, config.bottleneck.latent_dim)
        if basis.shape[1]:  # images that are all the same have no subspace
            angles = metrics.principal_angles(weight.cpu(), basis)
            figures["largest_angle_to_pca"] = angles[0].item()
    if config.bottleneck.activation == "relu" or config.loss.penalty == "l1":
        figures["active_fraction"] = metrics.active_fraction(z, ACTIVE)
    if config.loss.penalty == "contractive":
        figures["jacobian_norm"] = jacobian_norm(model, x[:1000])
    if config.corruption.kind != "none":
        figures["denoise"] = {
            f"{kind} {amount:g}": denoising(model, x, kind, amount) for kind, amount in NOISES
        }
    if dataset.test.factors is not None:
        figures |= _disentanglement(model, dataset, z)
    return figures


def _disentanglement(model: Autoencoder, dataset: Dataset, z: Tensor) -> dict[str, Any]:
    """How well the latent dimensions follow the true factors.

    A collapsed dimension of a Gaussian code counts as constant: its mean may still be correlated
    with a factor, but varies less than the noise of the code.
    """
    factors, names = _factors(dataset), dataset.factor_names
    if model.is_gaussian:
        z = torch.where(z.var(0, correction=0) > metrics.ACTIVE_VARIANCE, z, 0)
    found = disentanglement.followers(z, factors, names, CATEGORIES)
    return {
        "mig": sum(row["mig"] for row in found.values()) / len(found),
        "factor_scores": {name: row["score"] for name, row in found.items()},
        "factors": found,
    }


def _factors(dataset: Dataset) -> Tensor:
    """True factors of the test images (N, f); the shape is their class."""
    assert dataset.test.factors is not None
    columns = [
        dataset.test.labels.float() if name in CATEGORIES else column
        for name, column in zip(dataset.factor_names, dataset.test.factors.T, strict=True)
    ]
    return torch.stack(columns, 1)


@torch.no_grad()
def denoising(
    model: Autoencoder, x: Tensor, kind: CorruptionKind, amount: float
) -> dict[str, float]:
    """PSNR and SSIM of test images x (N, C, H, W) with this noise, before and after the model."""
    noise = torch.Generator().manual_seed(0)
    x_noisy = corrupt(x, CorruptionConfig(kind, amount), noise)
    x_hat = torch.cat([reconstruct(model, part) for part in x_noisy.split(500)])
    return {
        "psnr_noisy": metrics.psnr_value(x, x_noisy),
        "psnr": metrics.psnr_value(x, x_hat),
        "ssim_noisy": metrics.ssim(x, x_noisy).mean().item(),
        "ssim": metrics.ssim(x, x_hat).mean().item(),
    }


@torch.no_grad()
def reconstruct(model: Autoencoder, x: Tensor) -> Tensor:
    """x (N, C, H, W) in [0, 1] -> decode(encode(x)), clipped to [0, 1], on the CPU."""
    device = next(model.parameters()).device
    return model.decode(model.encode(x.to(device))).clamp(0, 1).cpu()


@torch.no_grad()
def encode_all(model: Autoencoder, split: Split) -> tuple[Tensor, Tensor | None]:
    """mu (N, d) and logvar (N, d) or None of a whole split, on the CPU."""
    device = next(model.parameters()).device
    mus, logvars = [], []
    for batch in split.images.split(500):
        mu, logvar = model.posterior(to_float(batch.to(device)))
        mus.append(mu.cpu())
        if logvar is not None:
            logvars.append(logvar.cpu())
    return torch.cat(mus), torch.cat(logvars) if logvars else None


@torch.no_grad()
def decode_all(model: Autoencoder, z: Tensor) -> Tensor:
    """z (N, d) -> x_hat (N, C, H, W), on the CPU; unbounded if the output is linear."""
    device = next(model.parameters()).device
    return torch.cat([model.decode(part.to(device)).cpu() for part in z.split(500)])


def jacobian_norm(model: Autoencoder, x: Tensor) -> float:
    """Mean squared Frobenius norm of the encoder's Jacobian over images x (N, C, H, W)."""
    device = next(model.parameters()).device
    parts = x.split(batch_rows(model))
    total = sum(contractive(model.encode, part.to(device)).item() * len(part) for part in parts)
    return total / len(x)


def _bce_per_pixel(x: Tensor, x_hat: Tensor) -> float:
    return torch.nn.functional.binary_cross_entropy(x_hat.clamp(0, 1), x).item()


def _neighbours(dataset: Dataset) -> Split:
    """The training images that vote in the kNN accuracy."""
    return dataset.train.take(slice(0, 10_000))


def _few_enough(images: Tensor) -> Tensor:
    """The first of these images (N, C, H, W), or all if they are small (EXACT_PIXELS)."""
    values = images[0].numel()
    return images if values <= EXACT_PIXELS else images[: PIXEL_VALUES // values]


def _ssim(x: Tensor, x_hat: Tensor) -> float:
    """Mean over all images, a few at a time, because it takes ten times their memory."""
    rows = max(1, PIXEL_VALUES // 4 // x[0].numel())
    parts = zip(x.split(rows), x_hat.split(rows), strict=True)
    return torch.cat([metrics.ssim(*part) for part in parts]).mean().item()


def _knn(dataset: Dataset, train_z: Tensor, test_z: Tensor) -> float:
    """kNN accuracy of up to 2,000 test codes (or pixels) with up to 10,000 training ones."""
    train_y, test_y = _neighbours(dataset).labels[: len(train_z)], dataset.test.labels
    return metrics.knn_accuracy(train_z, train_y, test_z[:2000], test_y[:2000], k=5)
