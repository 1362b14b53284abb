"""From a trained network to a model file: its card and its gallery."""

from __future__ import annotations

import logging
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import aeviz
from aeviz.datasets import Dataset, Split
from aeviz.device import describe
from aeviz.evaluation.evaluate import encode_all, evaluate
from aeviz.images import encode_sprite
from aeviz.io.paths import runs_dir
from aeviz.latent.layout_cache import cached
from aeviz.latent.projection import PCA2, trustworthiness
from aeviz.models import checkpoint
from aeviz.models.checkpoint import Gallery
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import count_parameters

log = logging.getLogger(__name__)

MAX_IMAGES = 10_000
MAX_CODE_VALUES = 1_000_000
LAYOUTS = (("tsne", 0.3, 0.7), ("umap", 0.7, 0.95))  # name, and its part of the progress bar

Progress = Callable[[float, str], None]


def finish(
    model: Autoencoder,
    dataset: Dataset,
    history: dict[str, Any],
    path: Path,
    progress: Progress,
    half: bool = False,
    gallery_size: int = MAX_IMAGES,
) -> dict[str, Any]:
    """Evaluate, build card and gallery, and write the model file. Returns the card.

    `history` (epochs, seconds, images_per_second, ...) is copied to the card. With `half` the
    weights are stored, and therefore measured, in half precision. The file is complete before the
    slowest part, the layouts of the map, and is replaced after each of them.
    """
    card, gallery = card_and_gallery(model, dataset, history, progress, half, gallery_size)
    for found in with_maps(card, gallery, progress):
        card, gallery = found
        checkpoint.save(path, model, card, gallery, half)
    return card


def card_and_gallery(
    model: Autoencoder,
    dataset: Dataset,
    history: dict[str, Any],
    progress: Progress,
    half: bool = False,
    gallery_size: int = MAX_IMAGES,
) -> tuple[dict[str, Any], Gallery]:
    """The contents of a model file besides the weights. Of the maps, only PCA's is computed."""
    if half:
        model.half().float()
    progress(0.0, "Measuring on the test images")
    card = make_card(model, dataset) | history
    return card, make_gallery(model, dataset, gallery_size)


def with_maps(
    card: dict[str, Any],
    gallery: Gallery,
    progress: Progress,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[dict[str, Any], Gallery]]:
    """Card and gallery with the PCA map, then after each layout (t-SNE, UMAP) that the gallery does
    not have yet. Codes of one or two numbers need none. The card has each map's trustworthiness.

    A layout whose library fails is left out, so that the model is saved. Raises Cancelled if
    `cancelled` returns True.
    """
    wide = gallery.latents.shape[1] > 2
    if wide:
        card = _with_trustworthiness(card, gallery, "pca")
    yield card, gallery
    for name, low, high in LAYOUTS:
        if not wide or getattr(gallery, name) is not None:
            continue
        report = _between(progress, low, high)
        try:
            places = cached(
                name, gallery.latents, runs_dir() / ".layouts", progress=report, cancelled=cancelled
            )
        except (ImportError, RuntimeError, OSError) as error:
            log.warning("The model has no map by %s: %s", name, error)
            continue
        found: dict[str, Any] = {name: torch.as_tensor(places)}
        gallery = replace(gallery, **found)
        card = _with_trustworthiness(card, gallery, name)
        yield card, gallery


def _with_trustworthiness(card: dict[str, Any], gallery: Gallery, name: str) -> dict[str, Any]:
    """The card with the trustworthiness (0 to 1) of one of the gallery's maps. The map is rounded
    to half precision, as in the file."""
    value = trustworthiness(gallery.latents, getattr(gallery, name).half().float())
    known = card.get("trustworthiness", {})
    return card | {"trustworthiness": known | {name: round(value, 4)}}


def _between(progress: Progress, low: float, high: float) -> Callable[[float], None]:
    return lambda done: progress(low + (high - low) * done, "Laying out the latent map")


def make_card(model: Autoencoder, dataset: Dataset) -> dict[str, Any]:
    """The card: data set, metrics on the test split, versions, date."""
    return {
        "dataset": dataset.name,
        "dataset_title": dataset.title,
        "dataset_sha256": dataset.sha256,
        "test_images": len(dataset.test),
        "metrics": evaluate(model, dataset),
        "parameters": count_parameters(model),
        "device": describe(next(model.parameters()).device),
        "versions": {
            "aeviz": aeviz.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
        "date": time.strftime("%Y-%m-%d"),
    }


def make_gallery(model: Autoencoder, dataset: Dataset, size: int = MAX_IMAGES) -> Gallery:
    """Codes, thumbnails and PCA map of up to `size` held-out images; fewer if codes are wide."""
    split = held_out(dataset, min(size, MAX_CODE_VALUES // model.latent_dim))
    z, logvar = encode_all(model, split)
    return Gallery(
        latents=z,
        labels=split.labels,
        class_names=dataset.class_names,
        sprite=encode_sprite(split.images),
        pca=torch.as_tensor(PCA2.fit(z).project(z)),
        logvar=logvar,
    )


def held_out(dataset: Dataset, most: int) -> Split:
    """The first `most` images that were not trained on: the test split, then validation."""
    test, validation = dataset.test, dataset.validation
    factors = None
    if test.factors is not None and validation.factors is not None:
        factors = torch.cat([test.factors, validation.factors])
    both = Split(
        torch.cat([test.images, validation.images]),
        torch.cat([test.labels, validation.labels]),
        factors,
    )
    return both.take(slice(0, most))
