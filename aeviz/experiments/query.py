"""A person's own image: what an experiment computes for it after the run, with a stored network.

A task of the first seed stores its network as a model file, and, if the experiment needs it, some
of the images that the network learnt from. The job keeps both in its folder, so the network is also
a model for every other page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors
from safetensors import safe_open
from torch import Tensor

from aeviz.datasets import Dataset, Split
from aeviz.errors import UserError
from aeviz.io import checksums
from aeviz.models import checkpoint
from aeviz.models.checkpoint import Loaded
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import count_parameters
from aeviz.training.finish import make_gallery

if TYPE_CHECKING:
    from aeviz.experiments.base import Chart, Result, Task

GALLERY = 500
"""Held-out images in a stored model file."""
CORPUS_VALUES = 8_000_000
"""Numbers in all stored images that a network learnt from."""


@dataclass(frozen=True)
class Stored:
    """A network that outlives its task, as a model file; its name in lists; and, as a safetensors
    file, images that it learnt from with their labels."""

    name: str
    model: bytes
    corpus: bytes = b""


@dataclass(frozen=True)
class Shelf:
    """Images (N, C, H, W) in [0, 1] in a row, each with a label. `wrong`: the places of those that
    have another class than the person's image."""

    title: str
    detail: str
    images: Tensor
    labels: tuple[str, ...]
    wrong: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Answer:
    """What is computed for one image. `chart`: a chart of the result, with the image's place as a
    mark."""

    headline: str
    sentence: str
    shelves: tuple[Shelf, ...]
    note: str = ""
    chart: Chart | None = None


Respond = Callable[[Tensor, str], Answer]
"""An image (C, H, W) in [0, 1] and its class, "" if that is not known -> the answer."""


@dataclass(frozen=True)
class Query:
    """The part of an experiment about a person's own image.

    `text`: what can be done, in one or two sentences. `choose`: what is chosen if several networks
    are stored. `prepare(result, task, loaded, corpus)`: the function for the network that this task
    has stored; `corpus` is None if there are no images with it.
    """

    text: str
    choose: str
    prepare: Callable[[Result, Task, Loaded, Split | None], Respond]


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
