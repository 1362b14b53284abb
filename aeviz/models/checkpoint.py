"""One model = one .safetensors file: weights, RunConfig, card and gallery. See
docs/checkpoint-format.md.

Files are untrusted: nothing in them is executed, every size is checked in the header before memory
is allocated, and every failure is a UserError that says what is wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors import safe_open
from torch import Tensor

from aeviz import limits
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import atomic, checksums, json_file
from aeviz.models.header import (
    FORMAT,
    Summary,
    is_restorer,
    read_header,
    summary_of,
)
from aeviz.nn.model import Autoencoder
from aeviz.nn.unet import Restorer

MAX_GALLERY = 20_000
MAX_CLASSES = 1_000
MAX_CLASS_NAME = 80
HALF = torch.finfo(torch.float16).max

_FLOATS = ("F16", "BF16", "F32", "F64")
_DTYPES = {
    "latents": _FLOATS,
    "logvar": _FLOATS,
    "labels": ("I16", "I32", "I64"),
    "sprite": ("U8",),
    "pca": _FLOATS,
    "tsne": _FLOATS,
    "umap": _FLOATS,
}
_OPTIONAL = ("logvar", "tsne", "umap")


@dataclass(frozen=True)
class Gallery:
    """Held-out images and their codes, so that pages open without the data set.

    latents (N, d): float32, the means of Gaussian codes; logvar (N, d): for Gaussian codes only;
    labels (N,): int64; sprite: a lossless sheet of the images, row-major, ceil(sqrt(N)) columns;
    pca, tsne, umap: (N, 2).
    """

    latents: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    sprite: bytes
    pca: Tensor
    tsne: Tensor | None = None
    logvar: Tensor | None = None
    umap: Tensor | None = None


@dataclass(frozen=True)
class Loaded:
    """A model file in memory: the network in eval mode, its card and its gallery."""

    model: Autoencoder
    card: dict[str, Any] = field(default_factory=dict)
    gallery: Gallery | None = None

    @property
    def config(self) -> RunConfig:
        return self.model.config


@dataclass(frozen=True)
class LoadedRestorer:
    """A restorer's file in memory: the network in eval mode, and its card."""

    model: Restorer
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> RunConfig:
        return self.model.config


def save(
    path: Path,
    model: Autoencoder | Restorer,
    card: dict[str, Any],
    gallery: Gallery | None,
    half: bool = False,
) -> None:
    """Write the model file to `path`, atomically."""
    atomic.write_bytes(path, to_bytes(model, card, gallery, half))


def to_bytes(
    model: Autoencoder | Restorer,
    card: dict[str, Any],
    gallery: Gallery | None,
    half: bool = False,
) -> bytes:
    """The model file as bytes; `half` stores the weights in half precision."""
    tensors = {f"model.{k}": v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    if half:
        tensors = {k: _half(v) if v.is_floating_point() else v for k, v in tensors.items()}
    metadata = {
        "format": "aeviz",
        "format_version": str(FORMAT),
        "config": model.config.to_json(),
        "image_shape": json.dumps(model.image_shape),
        "card": json.dumps(card),
    }
    if gallery is not None:
        metadata["class_names"] = json.dumps(gallery.class_names)
        tensors |= _gallery_tensors(gallery)
    return checksums.save(tensors, metadata)


def _gallery_tensors(gallery: Gallery) -> dict[str, Tensor]:
    parts = {
        "latents": _half(gallery.latents),
        "logvar": None if gallery.logvar is None else _half(gallery.logvar),
        "labels": gallery.labels.to(torch.int16),
        "sprite": torch.frombuffer(bytearray(gallery.sprite), dtype=torch.uint8),
        "pca": _half(gallery.pca),
        "tsne": None if gallery.tsne is None else _half(gallery.tsne),
        "umap": None if gallery.umap is None else _half(gallery.umap),
    }
    return {f"gallery.{k}": v.contiguous() for k, v in parts.items() if v is not None}


def _half(values: Tensor) -> Tensor:
    return values.clamp(-HALF, HALF).half()  # values beyond its range would become inf


def read_summary(path: Path) -> Summary:
    """Config, image shape and card from the header, without reading a weight."""
    return summary_of(read_header(path))


def load(path: Path, device: torch.device | str = "cpu", display_name: str = "") -> Loaded:
    """Read and check the model file of an autoencoder; UserError if it is invalid, or a restorer's.
    `display_name`: the file's name in error messages; its own by default."""
    display_name = display_name or path.name
    header = read_header(path, display_name)
    summary = summary_of(header)
    if is_restorer(summary.config):
        raise UserError(f"{display_name} restores photographs: use it on the Restore page.")
    with torch.device("meta"):
        expected = Autoencoder(summary.config, summary.image_shape).state_dict()
    _check_weights(display_name, header, expected)
    if "gallery.latents" in header:
        _check_gallery(header, summary)
    weights, gallery = _read(path, display_name, header, expected)
    model = Autoencoder(summary.config, summary.image_shape)
    model.load_state_dict(weights)
    model.to(device).eval().requires_grad_(False)
    return Loaded(model, summary.card, gallery)


def load_restorer(path: Path, device: torch.device | str = "cpu") -> LoadedRestorer:
    """Read and check the file of a restorer of photographs; UserError as for `load`."""
    header = read_header(path)
    summary = summary_of(header)
    with torch.device("meta"):
        expected = Restorer(summary.config).state_dict()
    _check_weights(path.name, header, expected)
    if "gallery.latents" in header:
        raise UserError(f"{path.name} is damaged: a restorer has no gallery.")
    weights, _ = _read(path, path.name, header, expected)
    model = Restorer(summary.config)
    model.load_state_dict(weights)
    model.to(device).eval().requires_grad_(False)
    # Convolutions are faster on channels-last images.
    model.to(memory_format=torch.channels_last)
    return LoadedRestorer(model, summary.card)


def _read(
    path: Path, display_name: str, header: dict[str, Any], expected: dict[str, Tensor]
) -> tuple[dict[str, Tensor], Gallery | None]:
    """The weights, and the gallery if there is one; their names and shapes are checked already."""
    damaged = f"{display_name} is damaged or truncated: download it again."
    checksums.check(path, damaged)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            weights = {k: file.get_tensor(f"model.{k}").to(v.dtype) for k, v in expected.items()}
            gallery = _read_gallery(file, header) if "gallery.latents" in header else None
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(damaged) from error
    for key, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise UserError(
                f"{display_name} has weights that are not finite ({key}): train it again."
            )
    return weights, gallery


def _check_weights(display_name: str, header: dict[str, Any], expected: dict[str, Tensor]) -> None:
    """Compare the weights' names, shapes and types with those of the configured network."""
    given = {k: (v["shape"], v["dtype"]) for k, v in header.items() if k.startswith("model.")}
    fits = given.keys() == {f"model.{k}" for k in expected} and all(
        given[f"model.{k}"][0] == list(v.shape)
        and given[f"model.{k}"][1] in (_FLOATS if v.is_floating_point() else ("I64",))
        for k, v in expected.items()
    )
    if not fits:
        raise UserError(
            f"{display_name} does not match its own description: its weights do not have the "
            "shapes of the network that it describes. Export it again."
        )


def _check_gallery(header: dict[str, Any], summary: Summary) -> None:
    """Check that the gallery's sizes match, before any of it is read."""
    n = (header["gallery.latents"]["shape"] + [0])[0]
    d = summary.config.bottleneck.latent_dim
    shapes = {"latents": [n, d], "logvar": [n, d], "labels": [n]}
    shapes |= {key: [n, 2] for key in ("pca", "tsne", "umap")}
    if not 0 < n <= min(MAX_GALLERY, limits.GALLERY_VALUES // d):
        raise UserError(f"The model file's gallery is damaged: it has {n} images.")
    for key, dtypes in _DTYPES.items():
        entry = header.get(f"gallery.{key}")
        if entry is None:
            if key in _OPTIONAL:
                continue
            raise UserError(f"The model file's gallery is damaged: it has no {key}.")
        flat = key == "sprite" and len(entry["shape"]) == 1
        if not (flat or entry["shape"] == shapes.get(key)) or entry["dtype"] not in dtypes:
            raise UserError(f"The model file's gallery is damaged: {key} has the wrong shape.")


def _read_gallery(file: Any, header: dict[str, Any]) -> Gallery:
    """Read the gallery and check its values; its shapes are checked already."""
    keys = [key for key in _DTYPES if f"gallery.{key}" in header]
    tensors = {key: file.get_tensor(f"gallery.{key}") for key in keys}
    for key, dtypes in _DTYPES.items():
        if key in tensors and dtypes is _FLOATS:
            tensors[key] = tensors[key].float()
            if not (tensors[key].abs() <= HALF).all():  # also if one is NaN
                raise UserError(f"The model file's gallery is damaged: {key} is out of range.")
    labels = tensors["labels"].long()
    names = _class_names(header["__metadata__"])
    if labels.min() < 0 or labels.max() >= len(names):
        raise UserError("The model file's gallery is damaged: it has labels without a name.")
    return Gallery(
        tensors["latents"],
        labels,
        names,
        tensors["sprite"].numpy().tobytes(),
        tensors["pca"],
        tensors.get("tsne"),
        tensors.get("logvar"),
        tensors.get("umap"),
    )


def _class_names(metadata: dict[str, str]) -> tuple[str, ...]:
    try:
        names = json_file.parse(metadata.get("class_names", "[]"))
    except ValueError:
        names = None
    if (
        not isinstance(names, list)
        or len(names) > MAX_CLASSES
        or not all(json_file.is_text(name, MAX_CLASS_NAME) for name in names)
    ):
        raise UserError("The model file's gallery is damaged: its class names are unreadable.")
    return tuple(names)
