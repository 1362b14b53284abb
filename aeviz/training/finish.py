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
LAYOUTS = (("tsne", 0.3, 0.7), ("umap", 0.7, 0.95))  # and from which share of the bar to which

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
    """Evaluates, builds card and gallery, and writes the model file. Answers the card.

    `history` (epochs, seconds, images_per_second, ...) goes onto the card as it is. With `half`
    the weights are stored, and therefore measured, in half precision. The file is whole before the
    layouts of the map, the slowest part, begin, and again after each of them.
    """
    card, gallery = card_and_gallery(model, dataset, history, progress, half, gallery_size)
    for found in mapped(card, gallery, progress):
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
    """What a model file holds beside the weights, with the PCA map alone."""
    if half:
        model.half().float()
    progress(0.0, "Measuring on the test images")
    card = make_card(model, dataset) | history
    return card, make_gallery(model, dataset, gallery_size)


def mapped(
    card: dict[str, Any],
    gallery: Gallery,
    progress: Progress,
    hurry: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[dict[str, Any], Gallery]]:
    """Card and gallery with the PCA map, then with each layout that the gallery lacks and its codes
    need, one after another; the card says how far to trust each map.

    A layout whose library fails is left out: the model is worth more than its map. Raises
    Cancelled where `hurry` says so.
    """
    wide = gallery.latents.shape[1] > 2
    if wide:
        card = trusted(card, gallery, "pca")
    yield card, gallery
    for name, low, high in LAYOUTS:
        if not wide or getattr(gallery, name) is not None:
            continue
        report = _between(progress, low, high)
        try:
            places = cached(
                name, gallery.latents, runs_dir() / ".layouts", progress=report, cancelled=hurry
            )
        except (ImportError, RuntimeError, OSError) as error:
            log.warning("The model has no map by %s: %s", name, error)
            continue
        found: dict[str, Any] = {name: torch.as_tensor(places)}
        gallery = replace(gallery, **found)
        card = trusted(card, gallery, name)
        yield card, gallery


def trusted(card: dict[str, Any], gallery: Gallery, name: str) -> dict[str, Any]:
    """The card with the trustworthiness, 0 to 1, of one of the gallery's maps."""
    known = card.get("trustworthiness", {})
    return card | {"trustworthiness": known | {name: trust(gallery, name)}}


def trust(gallery: Gallery, name: str) -> float:
    """Trustworthiness, 0 to 1, of a map of the gallery as a file has it, in half precision."""
    return round(trustworthiness(gallery.latents, getattr(gallery, name).half().float()), 4)


def _between(progress: Progress, low: float, high: float) -> Callable[[float], None]:
    return lambda done: progress(low + (high - low) * done, "Laying out the latent map")


def make_card(model: Autoencoder, dataset: Dataset) -> dict[str, Any]:
    """What a model file says of itself: data, measures on the test split, versions, date."""
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
    """Codes and thumbnails of up to `size` held-out images, fewer where codes are wide, and their
    map by PCA."""
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
    """The first `most` images that no step has trained on: the test split, then validation."""
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
