"""The claims about each type of autoencoder, as checks of a trained model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import encode_all, evaluate
from aeviz.evaluation.validation import to_float
from aeviz.latent.plane import PRIOR_EXTENT, quantiles
from aeviz.nn.model import Autoencoder
from benchmarks.digit_judge import Judge

ON = 0.5
"""A unit after a sigmoid counts as active above this value."""
DRAWS = 2000
GRID = 20
"""Images along each side of a manifold."""


@dataclass(frozen=True)
class Claim:
    """A measured value and its bound; `at_most` says whether the bound is an upper bound."""

    text: str
    value: float
    bound: float
    at_most: bool = True

    @property
    def holds(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound


@dataclass(frozen=True)
class Trained:
    """A model, its training data, its metrics on the test images, and how to train another."""

    model: Autoencoder
    dataset: Dataset
    figures: dict[str, Any]
    train: Callable[[RunConfig], Autoencoder]

    @property
    def config(self) -> RunConfig:
        return self.model.config

    @property
    def of_pca(self) -> float:
        """Its squared error as a share of that of PCA with as many components."""
        return self.figures["mse"] / self.figures["pca_mse"]


def measure(
    model: Autoencoder, dataset: Dataset, train: Callable[[RunConfig], Autoencoder]
) -> Trained:
    return Trained(model, dataset, evaluate(model, dataset), train)


def claims(trained: Trained) -> list[Claim]:
    """The claims of the model's type that can be tested on its data."""
    return list(CLAIMS[trained.config.type](trained))


def _beats_pca(trained: Trained) -> Iterator[Claim]:
    yield Claim("error / PCA's", trained.of_pca, 0.8)


def _linear(trained: Trained) -> Iterator[Claim]:
    yield Claim("error / PCA's", trained.of_pca, 1.02)
    yield Claim("largest angle to PCA, degrees", trained.figures["largest_angle_to_pca"], 5.0)


def _overcomplete(trained: Trained) -> Iterator[Claim]:
    yield Claim("error / variance", _relative_error(trained.model, trained.dataset), 0.1)
    if trained.dataset.name == "mnist-5k" and datasets.available("fashion-mnist"):
        clothes = _relative_error(trained.model, datasets.load("fashion-mnist"))
        yield Claim("error on clothes / their variance", clothes, 0.1)


def _relative_error(model: Autoencoder, dataset: Dataset) -> float:
    """Squared error as a share of the images' variance around their mean image."""
    x = to_float(dataset.test.images[:1000])
    with torch.no_grad():
        x_hat = model.decode(model.encode(x))
    return (metrics.mse(x, x_hat).mean() / (x - x.mean(0)).square().mean()).item()


def _sparse(trained: Trained) -> Iterator[Claim]:
    z, _ = encode_all(trained.model, trained.dataset.test)
    threshold = ON if trained.config.bottleneck.activation == "sigmoid" else 1e-3
    share = metrics.active_fraction(z, threshold)
    train, test = (to_float(s.images) for s in (trained.dataset.train, trained.dataset.test))
    like = metrics.pca_error(train, test, max(1, round(share * z.shape[1])))
    yield Claim("share of active units", share, 0.1)
    yield Claim("error / PCA's with as many as are active", trained.figures["mse"] / like, 1.0)


def _contractive(trained: Trained) -> Iterator[Claim]:
    free = trained.train(trained.config.replace(**{"loss.weight": 0.0}))
    norms = (trained.figures["jacobian_norm"], evaluate(free, trained.dataset)["jacobian_norm"])
    yield Claim("Jacobian's norm / without penalty", (norms[0] / norms[1]) ** 0.5, 0.5)
    yield Claim("error / PCA's", trained.of_pca, 1.0)


def _denoising(trained: Trained) -> Iterator[Claim]:
    for noise, figures in trained.figures["denoise"].items():
        gain = figures["psnr"] - figures["psnr_noisy"]
        yield Claim(f"dB gained, {noise}", gain, 4.0, at_most=False)


def _vae(trained: Trained) -> Iterator[Claim]:
    yield Claim("error / PCA's", trained.of_pca, 1.0)
    if trained.dataset.name != "mnist-5k":
        return
    judge = _judge()
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(DRAWS, trained.model.latent_dim, generator=generator)
    with torch.no_grad():
        x = trained.model.decode(z)
    yield Claim("share of draws judged digits", judge.share(x), 0.8, at_most=False)
    flat = trained.config.replace(**{"bottleneck.latent_dim": 2})
    model = trained.train(flat)
    knn = evaluate(model, trained.dataset)["knn_accuracy"]
    yield Claim("with 2 numbers: kNN accuracy", knn, 0.75, at_most=False)
    line = torch.from_numpy(quantiles(GRID, PRIOR_EXTENT)).float()
    with torch.no_grad():
        found, sure = judge.classes(model.decode(torch.cartesian_prod(line, line)))
    digits = len(set(found[sure].tolist()))
    yield Claim("with 2 numbers: digits on the manifold", digits, 10, at_most=False)


def _beta_vae(trained: Trained) -> Iterator[Claim]:
    """A higher error in exchange for a code that follows the true factors, if they are known."""
    for factor in ("x", "y"):
        score = trained.figures.get("factor_scores", {}).get(factor)
        if score is not None:
            yield Claim(f"best correlation with {factor}", score, 0.8, at_most=False)


@cache
def _judge() -> Judge:
    judge = Judge(datasets.load("mnist" if datasets.available("mnist") else "mnist-5k"))
    print("judged digits:", {name: f"{share:.1%}" for name, share in judge.controls().items()})
    return judge


CLAIMS: dict[str, Callable[[Trained], Iterator[Claim]]] = {
    "standard": _beats_pca,
    "linear": _linear,
    "deep": _beats_pca,
    "convolutional": _beats_pca,
    "overcomplete": _overcomplete,
    "sparse": _sparse,
    "sparse-kl": _sparse,
    "contractive": _contractive,
    "denoising": _denoising,
    "vae": _vae,
    "beta-vae": _beta_vae,
}
