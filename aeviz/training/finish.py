"""From a trained network to a model file: its card and its gallery."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import aeviz
from aeviz import checkpoint
from aeviz.checkpoint import Gallery
from aeviz.datasets import Dataset, Split
from aeviz.device import describe
from aeviz.evaluation.evaluate import encode_all, evaluate
from aeviz.images import encode_sprite
from aeviz.latent.projection import PCA2, Cancelled, tsne_cached
from aeviz.library import runs_dir
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import count_parameters

MAX_IMAGES = 10_000
MAX_CODE_VALUES = 1_000_000

Progress = Callable[[float, str], None]


def finish(
    model: Autoencoder,
    dataset: Dataset,
    history: dict[str, Any],
    path: Path,
    progress: Progress,
    half: bool = False,
    gallery_size: int = MAX_IMAGES,
    hurry: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Evaluates, builds card and gallery, and writes the model file. Answers the card.

    `history` (epochs, seconds, images_per_second, ...) goes onto the card as it is. With `half`
    the weights are stored, and therefore measured, in half precision. The file is whole before the
    t-SNE layout, the slowest part, begins; `hurry` is asked now and then whether to leave it out.
    """
    if half:
        model.half().float()
    progress(0.0, "Measuring on the test images")
    card = make_card(model, dataset) | history
    gallery = make_gallery(model, dataset, gallery_size)
    checkpoint.save(path, model, card, gallery, half)
    if model.latent_dim > 2 and not hurry():
        with contextlib.suppress(Cancelled):
            layout = tsne_cached(
                gallery.latents,
                runs_dir() / ".tsne",
                progress=_between(progress, 0.3, 0.95),
                cancelled=hurry,
            )
            gallery = replace(gallery, tsne=torch.as_tensor(layout))
            checkpoint.save(path, model, card, gallery, half)
    return card


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
