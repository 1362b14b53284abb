"""Networks that outlive the tasks that trained them.

A task of the first seed stores its network as a model file, and, if the experiment needs it, some
of the images that the network learned from. The job keeps both in its folder, so the network is
also a model for every other page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
from safetensors import safe_open

from aeviz.datasets import Dataset, Split
from aeviz.errors import UserError
from aeviz.io import checksums
from aeviz.models import checkpoint
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import count_parameters
from aeviz.training.finish import make_gallery

GALLERY = 500
"""Held-out images in a stored model file."""
CORPUS_VALUES = 8_000_000
"""Numbers in all stored images that a network learned from."""


@dataclass(frozen=True)
class Stored:
    """A network that outlives its task, as a model file; its name in lists; and, as a safetensors
    file, images that it learned from with their labels."""

    name: str
    model: bytes
    corpus: bytes = b""


def stored(
    name: str,
    model: Autoencoder,
    dataset: Dataset,
    card: Mapping[str, Any] | None = None,
    corpus: Split | None = None,
) -> Stored:
    """The model file with a gallery of the data set's test images, and the first images of the
    corpus. The weights are in half precision."""
    about = {
        "dataset": dataset.name,
        "dataset_title": dataset.title,
        "dataset_sha256": dataset.sha256,
        "parameters": count_parameters(model),
        **(card or {}),
    }
    gallery = make_gallery(model, dataset, GALLERY)
    data = checkpoint.to_bytes(model, about, gallery, half=True)
    return Stored(name, data, b"" if corpus is None else _to_bytes(corpus))


def with_test(dataset: Dataset, test: Split, validation: Split) -> Dataset:
    """The data set with these held-out images."""
    return dataclasses.replace(dataset, test=test, validation=validation)


def _to_bytes(corpus: Split) -> bytes:
    most = max(1, CORPUS_VALUES // corpus.images[0].numel())
    images, labels = corpus.images[:most], corpus.labels[:most]
    return checksums.save({"images": images.contiguous(), "labels": labels.contiguous()})


def read_corpus(path: Path) -> Split | None:
    """The stored images of the file; None if there is none. UserError if it is damaged."""
    if not path.is_file():
        return None
    damaged = "The stored images of this result are damaged: run the experiment again."
    checksums.check(path, damaged)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return Split(file.get_tensor("images"), file.get_tensor("labels"))
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(damaged) from error
