"""The images of custom data sets: reading, splitting and writing them (`aeviz.datasets.custom` has
the list of them and their headers)."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from aeviz.datasets import custom
from aeviz.datasets.base import Progress, Source, Split, Splits
from aeviz.datasets.custom import Description
from aeviz.datasets.splitting import SPLIT_SEED
from aeviz.errors import UserError
from aeviz.io import atomic


def read(source: Source, root: Path, progress: Progress) -> Splits:
    """The images of a data set, checked against its hash, in their three splits."""
    del root
    about, images, labels = load(custom.path_of(source.name), progress)
    return split_by_class(images, labels, len(about.class_names))


def load(
    path: Path, progress: Progress = lambda share, text: None
) -> tuple[Description, Tensor, Tensor]:
    """Description, images uint8 (N, C, H, W) and labels int64 (N,) in the order they were written.

    UserError if a single byte of them has changed.
    """
    about, text, digest = custom.read_header(path)
    progress(0.0, f"Reading {about.title}")
    try:
        with safe_open(path, framework="pt") as file:
            images, labels = file.get_tensor("images"), file.get_tensor("labels")
    except (SafetensorError, OSError) as error:
        raise custom.damaged(path) from error
    progress(0.5, f"Checking {about.title}")
    if content_hash(text, images, labels) != digest:
        raise custom.damaged(path)
    present, counts = labels.unique(return_counts=True)
    if present.tolist() != list(range(len(about.counts))) or counts.tolist() != list(about.counts):
        raise custom.damaged(path)
    return about, images, labels.long()


def examples(name: str, each: int) -> list[Tensor]:
    """The first of each class, uint8 (up to `each`, C, H, W), in the order of the classes."""
    _, images, labels = load(custom.path_of(name))
    classes = range(int(labels.max()) + 1)
    return [images[(labels == one).nonzero().flatten()[:each]] for one in classes]


def content_hash(text: str, images: Tensor, labels: Tensor) -> str:
    """SHA-256 (hex) over the description's text, the pixels and the labels."""
    digest = hashlib.sha256(text.encode())
    digest.update(images.contiguous().numpy().data)
    digest.update(labels.contiguous().numpy().astype("<i2").data)
    return digest.hexdigest()


def split_by_class(images: Tensor, labels: Tensor, classes: int, seed: int = SPLIT_SEED) -> Splits:
    """A tenth of each class for validation, a tenth for test, at least one each; the rest to train.

    Classes of one or two images are for training only. The same images give the same splits, each
    in its own order that mixes the classes.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    groups = [order[labels[order] == one] for one in range(classes)]
    if not any(custom.held_out(len(group)) for group in groups):
        groups = [order]
    parts: list[list[Tensor]] = [[], [], []]
    for group in groups:
        away = custom.held_out(len(group))
        for part, index in zip(
            parts, (group[2 * away :], group[:away], group[away : 2 * away]), strict=True
        ):
            part.append(index)
    everything = Split(images, labels)
    mixed = (_mixed(torch.cat(part), generator) for part in parts)
    return Splits(*(everything.take(index) for index in mixed))


def _mixed(index: Tensor, generator: torch.Generator) -> Tensor:
    return index[torch.randperm(len(index), generator=generator)]


def keep(
    title: str, images: Tensor, labels: Tensor, about: Mapping[str, Any], owner: str = ""
) -> str:
    """Write a new data set and return its name; images uint8 (N, C, H, W), labels (N,). `owner`:
    as in `aeviz.identity`; "" for none.

    `about`: class_names, and other fields of a Description. UserError if there are too few or too
    many images, or the disk is full.
    """
    custom.check_count(len(images))
    if len(images) > custom.MOST or images.numel() > custom.MAX_VALUES:
        raise UserError("These are too many images for their size: make them smaller.")
    names = tuple(about["class_names"])
    described = Description(
        **(
            dict(about)
            | {
                "title": title,
                "class_names": names,
                "counts": tuple(labels.bincount(minlength=len(names)).tolist()),
                "shape": tuple(images.shape[1:]),
                "created": time.time(),
            }
        )
    )
    text, labels = described.to_json(), labels.to(torch.int16)
    Description.from_json(text)  # never write what could not be read again
    metadata = {
        "format": "aeviz-images",
        "format_version": custom.FORMAT,
        "description": text,
        "sha256": content_hash(text, images, labels),
    }
    tensors = {"images": images.contiguous(), "labels": labels.contiguous()}
    path = custom.path_of(f"{custom.PREFIX}{_slug(title)}-{secrets.token_hex(3)}")
    try:
        if owner:
            atomic.write_bytes(path.with_name("owner"), owner.encode())
        data = safetensors.torch.save(tensors, metadata)
        atomic.write_bytes(path, data)  # last: now it is listed
    except UserError:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise
    return path.parent.name


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:32].strip("-") or "images"
