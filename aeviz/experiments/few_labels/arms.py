"""Methods that classify with few labels, each with its best setting on validation images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation import label_spreading, metrics
from aeviz.evaluation.neighbours import nearest
from aeviz.evaluation.validation import to_float
from aeviz.experiments.classifier import Classifier, learn, predicted
from aeviz.experiments.few_labels.images import Draw, limited, resized, share_wrong
from aeviz.experiments.few_labels.parameters import GROUPS, Parameters
from aeviz.experiments.fitting import codes, fitted, pixels, with_train
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

PRETRAININGS = 3
"""Pretrained encoders that the draws are divided among."""
WEIGHTS = (0.1, 1.0, 10.0)
"""Inverse L2 weights C of the logistic regression."""
COMPONENTS = (16, 48)
NEIGHBOURS = (1, 3, 5)
SPREAD_NEIGHBOURS = (5, 10)

Found = Iterator[tuple[str, str, Tensor, Tensor]]
"""Arm, setting, and the classes it gives the validation and the test images."""


def classified(params: Parameters, draw: Draw, group: str) -> Found:
    """Each method of a group, with the classes that it gives."""
    dataset = draw.dataset
    if group == "pixels":
        x = tuple(pixels(part) for part in (dataset.train, dataset.validation, dataset.test))
        yield "pixels + kNN", *_knn(x, draw)
        yield "pixels + logistic", *_logistic([("", x)], draw)
        yield "PCA + logistic", *_logistic(_pca(params.dataset, params.images), draw)
        yield "pixels + label spreading", *_spread("pixels", x, draw)
        return
    if group == "codes":
        model = pretrained(params, dataset, draw.seed)
        z = tuple(codes(model, part) for part in (dataset.train, dataset.validation, dataset.test))
        yield "code + logistic", *_logistic([("", z)], draw)
        yield "code + label spreading", *_spread(f"{model.config.to_json()}", z, draw)
        return
    settings = config(params.dataset, params.size)
    if group == "fine-tuned":
        encoder = pretrained(params, dataset, draw.seed)
    elif group == "transfer":
        encoder = pretrained(params, dataset, draw.seed, params.other)
    elif group == "dense":
        encoder = Autoencoder(settings.replace(**{"training.seed": draw.seed}), dataset.image_shape)
    else:
        if min(dataset.image_shape[1:]) < 8:
            return
        changes = {
            "network.kind": "conv",
            "network.channels": [16, 32],
            "network.hidden": [],
            "network.norm": "batch",
            "training.seed": draw.seed,
        }
        encoder = Autoencoder(settings.replace(**changes), dataset.image_shape)
    yield GROUPS[group][0], *_network(params, draw, encoder)


Parts = tuple[Tensor, ...]
"""Rows of the training, validation and test images."""


def _best(
    draw: Draw, candidates: dict[str, Callable[[], tuple[Tensor, Tensor]]]
) -> tuple[str, Tensor, Tensor]:
    """The setting with the fewest errors on the validation images."""
    answers = {key: answer() for key, answer in candidates.items()}
    setting = min(answers, key=lambda key: share_wrong(answers[key][0], draw.dataset.validation))
    return setting, *answers[setting]


def _knn(x: Parts, draw: Draw) -> tuple[str, Tensor, Tensor]:
    near = [
        torch.cdist(part, x[0][draw.index]).topk(
            min(max(NEIGHBOURS), len(draw.index)), largest=False
        )
        for part in x[1:]
    ]
    votes = F.one_hot(draw.y, draw.classes)

    def answer(k: int) -> tuple[Tensor, Tensor]:
        first, second = (votes[part.indices[:, :k]].sum(1).argmax(1) for part in near)
        return first, second

    return _best(draw, {f"k = {k}": lambda k=k: answer(k) for k in NEIGHBOURS})  # type: ignore[misc]


def _logistic(representations: list[tuple[str, Parts]], draw: Draw) -> tuple[str, Tensor, Tensor]:
    """The best C, and the best of these representations."""

    def answer(x: Parts, c: float) -> tuple[Tensor, Tensor]:
        # one scale for all numbers: a pixel that is nearly always black must not be blown up
        scale = x[0].std(0).square().mean().sqrt().clamp(min=1e-6) * x[0].shape[1] ** 0.5 / 4
        model = LogisticRegression(C=c, max_iter=100)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # further steps change no digit
            model.fit((x[0][draw.index] / scale).numpy(), draw.y.numpy())
        first, second = (torch.from_numpy(model.predict((part / scale).numpy())) for part in x[1:])
        return first, second

    return _best(
        draw,
        {
            f"{name} C = {c:g}".strip(): lambda x=x, c=c: answer(x, c)  # type: ignore[misc]
            for name, x in representations
            for c in WEIGHTS
        },
    )


@lru_cache(maxsize=1)
def _pca(name: str, images: int) -> list[tuple[str, Parts]]:
    dataset = limited(name, images)
    train = pixels(dataset.train)
    basis = metrics.pca_subspace(train, max(COMPONENTS)).float()
    parts = [
        (pixels(part) - train.mean(0)) @ basis
        for part in (dataset.train, dataset.validation, dataset.test)
    ]
    return [(f"{d} components,", tuple(part[:, :d] for part in parts)) for d in COMPONENTS]


class _Searched(NamedTuple):
    """The graph of the training images, and which of them are nearest to each validation and each
    test image."""

    graph: sparse.csr_array
    near: tuple[Tensor, Tensor]


_searched: dict[tuple[str, int], _Searched] = {}


def _search(key: str, x: Parts, k: int) -> _Searched:
    """Kept for the next draw: it does not depend on the labels."""
    if (key, k) not in _searched:
        while len(_searched) >= 2 * len(SPREAD_NEIGHBOURS):
            del _searched[next(iter(_searched))]
        near = (nearest(x[0], x[1], k)[1], nearest(x[0], x[2], k)[1])
        _searched[key, k] = _Searched(label_spreading.graph(x[0], k), near)
    return _searched[key, k]


def _spread(key: str, x: Parts, draw: Draw) -> tuple[str, Tensor, Tensor]:
    key = f"{draw.dataset.sha256} {len(x[0])} {key}"

    def answer(k: int) -> tuple[Tensor, Tensor]:
        graph, (validation, test) = _search(key, x, k)
        shares = label_spreading.spread(graph, draw.index, draw.y, draw.classes)
        # classes are equally frequent among the labels; make them so in what is spread
        shares = shares / shares.sum(0).clamp(min=1e-12)
        return label_spreading.at_new(shares, validation), label_spreading.at_new(shares, test)

    return _best(draw, {f"k = {k}": lambda k=k: answer(k) for k in SPREAD_NEIGHBOURS})  # type: ignore[misc]


def _network(params: Parameters, draw: Draw, encoder: Autoencoder) -> tuple[str, Tensor, Tensor]:
    dataset = draw.dataset
    validation, test = to_float(dataset.validation.images), to_float(dataset.test.images)
    x = to_float(dataset.train.images[draw.index])

    def error(model: Classifier) -> float:
        return share_wrong(predicted(model, validation), dataset.validation)

    model = learn(encoder.cpu(), x, draw.y, draw.classes, error, params.steps, draw.seed)
    return f"{params.steps} steps", predicted(model, validation), predicted(model, test)


def config(dataset: str, size: int) -> RunConfig:
    """The autoencoder whose encoder is used: a denoising one, whose codes say more about the class
    than those of a plain one. All else is as Train starts with."""
    changes = {"network.hidden": [256], "bottleneck.latent_dim": size}
    return settings_for("denoising", dataset).replace(**changes)


def pretrained(params: Parameters, dataset: Dataset, draw: int, other: str = "") -> Autoencoder:
    """The autoencoder of a draw, trained on these images or on those of another data set."""
    seed = draw * min(PRETRAININGS, params.draws) // params.draws
    settings = config(params.dataset, params.size)
    if other:
        dataset = resized(other, params.dataset, params.images)
    even = torch.arange(len(dataset.train) // 2 * 2)  # batch norm cannot take one image alone
    return fitted(settings, with_train(dataset, even), params.pretraining, seed)
