"""Scores of the simple methods and of the networks, higher for anomalies."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Split
from aeviz.evaluation import anomaly
from aeviz.evaluation.evaluate import encode_all, reconstruct
from aeviz.evaluation.neighbours import nearest
from aeviz.evaluation.validation import to_float
from aeviz.experiments.anomaly.images import CLASSES, Trial
from aeviz.experiments.anomaly.parameters import SCORES, Parameters
from aeviz.experiments.fitting import fitted, pixels, with_splits
from aeviz.experiments.statistics import auc
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

COMPONENTS = (5, 10, 20, 40, 80)
NEIGHBOURS = (1, 3, 10)
LOF_NEIGHBOURS = (5, 10, 20)
GAMMAS = (0.25, 1.0, 4.0, 8.0)
"""Of the one-class SVM: the inverse of the mean squared distance of two normal images, times
this."""
SAMPLES = (64, 256)
"""Images that each of an isolation forest's 100 trees sees."""
MOST = 10_000
"""Normal images that methods on pixels are fitted to, which take the square of it."""
BATCH = 64
FOREST = 4
"""Place of the isolation forest among the simple methods."""

Scores = Iterator[tuple[str, str, Tensor, Tensor]]
"""Arm, its setting, and its scores of the validation and of the test images."""


def roc_area(scores: Tensor, y: Tensor) -> float:
    """The AUC of scores (N,), where y (N,) is 1 for an anomaly."""
    return auc(scores[~y].tolist(), scores[y].tolist()).mean


def _best(trial: Trial, arm: str, candidates: dict[str, tuple[Tensor, Tensor]]) -> Scores:
    """The setting whose scores of the validation images are best."""
    setting = max(candidates, key=lambda key: roc_area(candidates[key][0], trial.validation_y))
    yield arm, setting, *candidates[setting]


def _pair(values: list[Tensor]) -> tuple[Tensor, Tensor]:
    return values[0], values[1]


def _fitted(trial: Trial, model: object) -> tuple[Tensor, Tensor]:
    """The scores of a model of scikit-learn that is fitted to the normal images."""
    model.fit(pixels(trial.train)[:MOST].numpy())  # type: ignore[attr-defined]
    score = model.score_samples  # type: ignore[attr-defined]
    images = (pixels(trial.validation), pixels(trial.test))
    return _pair([-torch.from_numpy(score(x.numpy())).float() for x in images])


def simple_scores(trial: Trial, seed: int) -> Scores:
    """Of the methods without a network, each with its best setting on the validation images."""
    fixed = _fixed_scores(trial)
    yield from fixed[:FOREST]
    yield from _forest_scores(trial, seed)
    yield from fixed[FOREST:]


def _forest_scores(trial: Trial, seed: int) -> Scores:
    from sklearn.ensemble import IsolationForest  # scikit-learn takes a second to import

    few = min(len(trial.train), MOST)
    forests = {
        f"{samples} images per tree": _fitted(
            trial, IsolationForest(max_samples=min(samples, few), random_state=seed)
        )
        for samples in SAMPLES
    }
    yield from _best(trial, "isolation forest", forests)


@lru_cache(maxsize=CLASSES)
def _fixed_scores(trial: Trial) -> tuple[tuple[str, str, Tensor, Tensor], ...]:
    """Of the methods that do not depend on a seed."""
    return tuple(_compute_fixed(trial))


def _compute_fixed(trial: Trial) -> Scores:
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.svm import OneClassSVM

    train = pixels(trial.train)
    few = train[:MOST]
    images = (pixels(trial.validation), pixels(trial.test))

    def divided(candidates: dict[str, tuple[Tensor, Tensor]]) -> dict[str, tuple[Tensor, Tensor]]:
        return {
            key: _pair([anomaly.relative(s, x) for s, x in zip(both, images, strict=True)])
            for key, both in candidates.items()
        }

    errors = [anomaly.pca_errors(train, x, COMPONENTS) for x in images]
    pca = {f"{size} components": _pair([part[size] for part in errors]) for size in COMPONENTS}
    yield from _best(trial, "PCA error", pca)
    yield from _best(trial, "PCA relative error", divided(pca))
    near = [nearest(few, x, max(NEIGHBOURS))[0].square() for x in images]
    knn = {f"k = {k}": _pair([part[:, :k].mean(1) for part in near]) for k in NEIGHBOURS}
    yield from _best(trial, "kNN distance", knn)
    yield from _best(trial, "kNN relative distance", divided(knn))
    spread = 2 * train.var(0).sum().clamp(min=1e-9).item()  # mean squared distance of two images
    machines = {
        f"gamma = {factor / spread:.2g}": _fitted(trial, OneClassSVM(gamma=factor / spread, nu=0.1))
        for factor in GAMMAS
    }
    yield from _best(trial, "one-class SVM", machines)
    outliers = {
        f"k = {k}": _fitted(trial, LocalOutlierFactor(n_neighbors=k, novelty=True))
        for k in sorted({min(k, len(few) - 1) for k in LOF_NEIGHBOURS})
    }
    yield from _best(trial, "LOF", outliers)


def config(network: str, dataset: str, size: int) -> RunConfig:
    """The same dense network for each: a hidden layer of 128 units, the type's learning rate."""
    settings = settings_for({"VAE": "vae"}.get(network, "standard"), dataset)
    changes = {"network.hidden": [128], "bottleneck.latent_dim": size}
    if network == "DAE":
        changes |= {"corruption.kind": "gaussian", "corruption.amount": 0.3}
    return settings.replace(**changes)


def trained(trial: Trial, params: Parameters, network: str, seed: int) -> Autoencoder:
    """A network that learned from normal images only."""
    normal = trial.validation.take((~trial.validation_y).nonzero()[:, 0])
    settings = config(network, trial.dataset.name, params.size)
    batch = min(BATCH, 1 << ((len(trial.train) // 3).bit_length() - 1))
    settings = settings.replace(**{"training.batch_size": batch})
    return fitted(settings, with_splits(trial.dataset, trial.train, normal), params.steps, seed)


def network_scores(trial: Trial, params: Parameters, network: str, seed: int) -> Scores:
    """All scores of one network."""
    model = trained(trial, params, network, seed)
    train_z = encode_all(model, trial.train)[0]
    scores: dict[str, list[Tensor]] = {name: [] for name in SCORES[network]}
    for part in (trial.validation, trial.test):
        x, x_hat = pixels(part), reconstructions(model, part).flatten(1)
        mu, logvar = encode_all(model, part)
        error = (x - x_hat).square().sum(1)
        found_here = {
            "error": error,
            "relative error": anomaly.relative(error, x),
            "latent distance": anomaly.mahalanobis(train_z, mu),
        }
        if logvar is not None:
            bce = F.binary_cross_entropy(x_hat.clamp(1e-6, 1 - 1e-6), x, reduction="none").sum(1)
            kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(1)
            found_here["-ELBO"] = bce + kl
        for name in SCORES[network]:
            scores[name].append(found_here[name])
    for name, (validation, test) in scores.items():
        yield f"{network} {name}", f"d = {params.size}", validation, test


def heat_top(trial: Trial, model: Autoencoder) -> float:
    """The error that 0.5 % of the pixels of normal validation images exceed."""
    normal = trial.validation.take((~trial.validation_y).nonzero()[:500, 0])
    x = to_float(normal.images)
    usual = anomaly.error_maps(x, reconstructions(model, normal)).flatten()
    return usual.kthvalue(max(1, round(0.995 * len(usual)))).values.item()


def reconstructions(model: Autoencoder, part: Split) -> Tensor:
    """(N, C, H, W), in parts that fit into memory."""
    return torch.cat([reconstruct(model, to_float(batch)) for batch in part.images.split(1000)])
