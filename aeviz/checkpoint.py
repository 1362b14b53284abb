"""One model = one .safetensors file: weights, RunConfig, card and gallery. See
docs/checkpoint-format.md.

A file may come from a stranger: nothing in it is executed, every size is checked against the header
before memory is asked for, and every failure is a UserError that says what is wrong.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor

from aeviz import atomic
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import ImageShape

FORMAT = 1
MAX_HEADER = 1 << 20
MAX_FILE = 512 << 20
MAX_PIXELS = 3 * 1024 * 1024
MAX_GALLERY = 20_000


@dataclass(frozen=True)
class Gallery:
    """Held-out images and their codes: what lets a page open without the data set.

    latents (N, d) float32, the means where codes are Gaussian, then logvar (N, d); labels (N,)
    int64; sprite: a lossless image sheet, row-major, ceil(sqrt(N)) columns; pca, tsne (N, 2).
    """

    latents: Tensor
    labels: Tensor
    class_names: tuple[str, ...]
    sprite: bytes
    pca: Tensor
    tsne: Tensor | None = None
    logvar: Tensor | None = None


@dataclass(frozen=True)
class Loaded:
    """A model file in memory: the network in eval mode, and what the file says of it."""

    model: Autoencoder
    card: dict[str, Any] = field(default_factory=dict)
    gallery: Gallery | None = None

    @property
    def config(self) -> RunConfig:
        return self.model.config


@dataclass(frozen=True)
class Summary:
    """What a list of models shows, read from the header alone."""

    config: RunConfig
    image_shape: ImageShape
    card: dict[str, Any]


def save(path: Path, model: Autoencoder, card: dict[str, Any], gallery: Gallery | None) -> None:
    """Writes the whole model to `path`, atomically."""
    atomic.write_bytes(path, to_bytes(model, card, gallery))


def to_bytes(model: Autoencoder, card: dict[str, Any], gallery: Gallery | None) -> bytes:
    """The model file as bytes."""
    tensors = {f"model.{k}": v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
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
    return safetensors.torch.save(tensors, metadata)


def _gallery_tensors(gallery: Gallery) -> dict[str, Tensor]:
    parts = {
        "latents": gallery.latents.half(),
        "logvar": None if gallery.logvar is None else gallery.logvar.half(),
        "labels": gallery.labels.to(torch.int16),
        "sprite": torch.frombuffer(bytearray(gallery.sprite), dtype=torch.uint8),
        "pca": gallery.pca.half(),
        "tsne": None if gallery.tsne is None else gallery.tsne.half(),
    }
    return {f"gallery.{k}": v.contiguous() for k, v in parts.items() if v is not None}


def read_summary(path: Path) -> Summary:
    """Config, image shape and card from the header, without reading a weight."""
    return _summary(_read_header(path))


def load(path: Path, device: torch.device | str = "cpu") -> Loaded:
    """Reads and validates a model file. Raises UserError with one sentence where it is not one."""
    header = _read_header(path)
    summary = _summary(header)
    with torch.device("meta"):
        expected = Autoencoder(summary.config, summary.image_shape).state_dict()
    shapes = {k: tuple(v["shape"]) for k, v in header.items() if k.startswith("model.")}
    wanted = {f"model.{k}": tuple(v.shape) for k, v in expected.items()}
    if shapes != wanted:
        raise UserError(
            f"{path.name} does not fit its own description: its weights have other shapes than "
            "its configuration asks for. Export it again."
        )
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            weights = {k.removeprefix("model."): file.get_tensor(k) for k in wanted}
            gallery = _read_gallery(file, header, summary) if "gallery.latents" in header else None
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(f"{path.name} is damaged or truncated: download it again.") from error
    for key, weight in weights.items():
        if weight.is_floating_point() and not torch.isfinite(weight).all():
            raise UserError(f"{path.name} holds weights that are not numbers ({key}).")
        if weight.dtype != expected[key].dtype:
            weights[key] = weight.to(expected[key].dtype)
    model = Autoencoder(summary.config, summary.image_shape)
    model.load_state_dict(weights)
    model.to(device).eval().requires_grad_(False)
    return Loaded(model, summary.card, gallery)


def _read_header(path: Path) -> dict[str, Any]:
    """The safetensors header as JSON, its sizes checked before anything is allocated."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
            if start[:2] in (b"PK", b"\x80\x02", b"\x80\x04", b"\x80\x05"):
                raise UserError(
                    f"{path.name} is a pickle, which can run code, so aeviz does not open it: "
                    "save the weights as .safetensors."
                )
            if size > MAX_FILE:
                raise UserError(f"{path.name} is larger than {MAX_FILE >> 20} MB.")
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                raise UserError(f"{path.name} is no model file of aeviz, or it is truncated.")
            header = json.loads(file.read(length))
    except OSError as error:
        raise UserError(f"{path.name} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path.name} is no model file of aeviz: its header is damaged.") from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__"), dict):
        raise UserError(f"{path.name} is no model file of aeviz: it has no description.")
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
            raise UserError(f"{path.name} is no model file of aeviz: its header is damaged.")
    return header


def _summary(header: dict[str, Any]) -> Summary:
    metadata = header["__metadata__"]
    version = metadata.get("format_version")
    if metadata.get("format") != "aeviz":
        raise UserError("This .safetensors file was not written by aeviz.")
    if version != str(FORMAT):
        raise UserError(
            f"This model has format version {version!s:.20}; this aeviz reads version {FORMAT}: "
            "update aeviz."
        )
    config = RunConfig.from_json(metadata.get("config", ""))
    try:
        shape = json.loads(metadata.get("image_shape", ""))
        card = json.loads(metadata.get("card", "{}"))
    except (ValueError, RecursionError) as error:
        raise UserError("The model file's description is damaged.") from error
    if not (
        isinstance(shape, list)
        and len(shape) == 3
        and all(type(n) is int and n > 0 for n in shape)
        and shape[0] in (1, 3)
        and math.prod(shape) <= MAX_PIXELS
        and isinstance(card, dict)
    ):
        raise UserError("The model file's description is damaged: its image shape is impossible.")
    return Summary(config, (shape[0], shape[1], shape[2]), card)


def _read_gallery(file: Any, header: dict[str, Any], summary: Summary) -> Gallery:
    """The gallery, its tensors checked against one another before use."""
    n = (header["gallery.latents"]["shape"] + [0])[0]
    d = summary.config.bottleneck.latent_dim
    wanted = {"latents": [n, d], "logvar": [n, d], "labels": [n], "pca": [n, 2], "tsne": [n, 2]}
    tensors: dict[str, Tensor] = {}
    for key in (*wanted, "sprite"):
        name = f"gallery.{key}"
        if name not in header:
            if key in ("logvar", "tsne"):
                continue
            raise UserError(f"The model file's gallery is damaged: it has no {key}.")
        if key != "sprite" and header[name]["shape"] != wanted[key]:
            raise UserError(f"The model file's gallery is damaged: {key} has the wrong shape.")
        tensors[key] = file.get_tensor(name)
        if not torch.isfinite(tensors[key]).all():
            raise UserError(f"The model file's gallery is damaged: {key} is not all numbers.")
    names = json.loads(header["__metadata__"].get("class_names", "[]"))
    labels = tensors["labels"].long()
    if (
        not 0 < n <= MAX_GALLERY
        or not isinstance(names, list)
        or not all(isinstance(name, str) and len(name) <= 80 for name in names)
        or labels.min() < 0
        or labels.max() >= len(names)
        or tensors["sprite"].dtype != torch.uint8
        or tensors["sprite"].dim() != 1
    ):
        raise UserError("The model file's gallery is damaged: labels or thumbnails do not fit.")
    return Gallery(
        tensors["latents"].float(),
        labels,
        tuple(names),
        tensors["sprite"].numpy().tobytes(),
        tensors["pca"].float(),
        tensors["tsne"].float() if "tsne" in tensors else None,
        tensors["logvar"].float() if "logvar" in tensors else None,
    )


def with_name(config: RunConfig, name: str) -> RunConfig:
    return replace(config, name=name)
