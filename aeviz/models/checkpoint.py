"""One model = one .safetensors file: weights, RunConfig, card and gallery. See
docs/checkpoint-format.md.

A file may come from a stranger: nothing in it is executed, every size is checked against the header
before memory is asked for, and every failure is a UserError that says what is wrong.
"""

from __future__ import annotations

import json
import math
import struct
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
from aeviz.models import card as model_card
from aeviz.nn.model import Autoencoder
from aeviz.nn.networks import ImageShape
from aeviz.nn.unet import Restorer

FORMAT = 1
MAX_HEADER = 1 << 20
MAX_FILE = 512 << 20
MAX_GALLERY = 20_000
MAX_CLASSES = 1_000
MAX_CLASS_NAME = 80
MAX_SIDE = 10_000
HALF = torch.finfo(torch.float16).max

_PICKLES = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # PK: a zip of one
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
    """Held-out images and their codes: what lets a page open without the data set.

    latents (N, d) float32, the means where codes are Gaussian, then logvar (N, d); labels (N,)
    int64; sprite: a lossless image sheet, row-major, ceil(sqrt(N)) columns; pca, tsne, umap
    (N, 2).
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
    """A model file in memory: the network in eval mode, and what the file says of it."""

    model: Autoencoder
    card: dict[str, Any] = field(default_factory=dict)
    gallery: Gallery | None = None

    @property
    def config(self) -> RunConfig:
        return self.model.config


@dataclass(frozen=True)
class LoadedRestorer:
    """A restorer's file in memory: the network in eval mode, and what the file says of it."""

    model: Restorer
    card: dict[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> RunConfig:
        return self.model.config


@dataclass(frozen=True)
class Summary:
    """What a list of models shows, read from the header alone."""

    config: RunConfig
    image_shape: ImageShape
    card: dict[str, Any]


def save(
    path: Path,
    model: Autoencoder | Restorer,
    card: dict[str, Any],
    gallery: Gallery | None,
    half: bool = False,
) -> None:
    """Writes the whole model to `path`, atomically."""
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
    return values.clamp(-HALF, HALF).half()  # beyond its range half precision says inf


def read_summary(path: Path) -> Summary:
    """Config, image shape and card from the header, without reading a weight."""
    return _summary(_read_header(path))


def load(path: Path, device: torch.device | str = "cpu") -> Loaded:
    """Reads and validates a model file. Raises UserError with one sentence where it is not one, or
    is one of a restorer."""
    header = _read_header(path)
    summary = _summary(header)
    if is_restorer(summary.config):
        raise UserError(f"{path.name} restores photographs: use it on the Restore page.")
    with torch.device("meta"):
        expected = Autoencoder(summary.config, summary.image_shape).state_dict()
    _check_weights(path, header, expected)
    if "gallery.latents" in header:
        _check_gallery(header, summary)
    weights, gallery = _read(path, header, expected)
    model = Autoencoder(summary.config, summary.image_shape)
    model.load_state_dict(weights)
    model.to(device).eval().requires_grad_(False)
    return Loaded(model, summary.card, gallery)


def load_restorer(path: Path, device: torch.device | str = "cpu") -> LoadedRestorer:
    """As `load`, for the file of a restorer of photographs."""
    header = _read_header(path)
    summary = _summary(header)
    with torch.device("meta"):
        expected = Restorer(summary.config).state_dict()
    _check_weights(path, header, expected)
    if "gallery.latents" in header:
        raise UserError(f"{path.name} is damaged: a restorer has no gallery.")
    weights, _ = _read(path, header, expected)
    model = Restorer(summary.config)
    model.load_state_dict(weights)
    model.to(device).eval().requires_grad_(False)
    # Convolutions over channels-last pictures are the faster ones.
    model.to(memory_format=torch.channels_last)
    return LoadedRestorer(model, summary.card)


def is_restorer(config: RunConfig) -> bool:
    """Whether a model of this configuration restores photographs of any size."""
    return config.network.kind == "unet"


def _read(
    path: Path, header: dict[str, Any], expected: dict[str, Tensor]
) -> tuple[dict[str, Tensor], Gallery | None]:
    """The weights and the gallery, where there is one, of checked names and shapes."""
    damaged = f"{path.name} is damaged or truncated: download it again."
    checksums.check(path, damaged)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            weights = {k: file.get_tensor(f"model.{k}").to(v.dtype) for k, v in expected.items()}
            gallery = _read_gallery(file, header) if "gallery.latents" in header else None
    except (safetensors.SafetensorError, OSError) as error:
        raise UserError(damaged) from error
    for key, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise UserError(f"{path.name} holds weights that are not numbers ({key}).")
    return weights, gallery


def _check_weights(path: Path, header: dict[str, Any], expected: dict[str, Tensor]) -> None:
    """Compares names, shapes and kinds of number with what the configuration asks for."""
    given = {k: (v["shape"], v["dtype"]) for k, v in header.items() if k.startswith("model.")}
    fits = given.keys() == {f"model.{k}" for k in expected} and all(
        given[f"model.{k}"][0] == list(v.shape)
        and given[f"model.{k}"][1] in (_FLOATS if v.is_floating_point() else ("I64",))
        for k, v in expected.items()
    )
    if not fits:
        raise UserError(
            f"{path.name} does not fit its own description, as its weights have other shapes than "
            "its configuration asks for: export it again."
        )


def _read_header(path: Path) -> dict[str, Any]:
    """The safetensors header as JSON, its sizes checked before anything is allocated."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
            brace = file.read(1) == b"{"  # two bytes of a length may well look like a pickle's
            if not brace and start.startswith(_PICKLES):
                raise UserError(
                    f"{path.name} is a pickle, which can run code, so aeviz does not open it: "
                    "save the weights as .safetensors."
                )
            if size > MAX_FILE:
                raise UserError(f"{path.name} is larger than {MAX_FILE >> 20} MB.")
            if not (brace and 2 <= length <= min(MAX_HEADER, size - 8)):
                raise UserError(f"{path.name} is no model file of aeviz, or it is truncated.")
            text = b"{" + file.read(length - 1)
    except OSError as error:
        raise UserError(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        header = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path.name} is no model file of aeviz: its header is damaged.") from error
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict):
        raise UserError(f"{path.name} is no model file of aeviz: it has no description.")
    texts = all(isinstance(value, str) for value in metadata.values())
    if not (texts and all(map(_is_entry, header.values()))):
        raise UserError(f"{path.name} is no model file of aeviz: its header is damaged.")
    return header | {"__metadata__": metadata}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object of which every reader sees the same: a repeated key is an error."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("repeated key")
    return dict(pairs)


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("dtype"), str)
        and isinstance(entry.get("shape"), list)
        and all(type(n) is int and n >= 0 for n in entry["shape"])
    )


def _summary(header: dict[str, Any]) -> Summary:
    metadata = header["__metadata__"]
    version = metadata.get("format_version")
    if metadata.get("format") != "aeviz":
        raise UserError("This .safetensors file was not written by aeviz.")
    if version != str(FORMAT):
        raise UserError(
            f"This model has format version {version!r:.20}; this aeviz reads version {FORMAT}: "
            "update aeviz."
        )
    config = RunConfig.from_json(metadata.get("config", ""))
    try:
        shape = json_file.parse(metadata.get("image_shape", ""))
        card = json_file.parse(metadata.get("card", "{}"))
    except ValueError as error:
        raise UserError("The model file's description is damaged: export it again.") from error
    if not (
        isinstance(shape, list)
        and len(shape) == 3
        and all(type(n) is int and 0 < n <= MAX_SIDE for n in shape)
        and shape[0] in (1, 3)
        and isinstance(card, dict)
    ):
        raise UserError("The model file's description is damaged: its image shape is impossible.")
    if math.prod(shape) > limits.MODEL_VALUES and not is_restorer(config):
        raise UserError(
            f"This model's images are {shape[1]} x {shape[2]}: here a model's images may have "
            f"{limits.MODEL_VALUES:,} numbers, as many as 256 x 256 in colour."
        )
    return Summary(config, (shape[0], shape[1], shape[2]), model_card.checked(card))


def _check_gallery(header: dict[str, Any], summary: Summary) -> None:
    """Compares the gallery's sizes with one another, before any of it is read."""
    n = (header["gallery.latents"]["shape"] + [0])[0]
    d = summary.config.bottleneck.latent_dim
    shapes = {"latents": [n, d], "logvar": [n, d], "labels": [n]}
    shapes |= {key: [n, 2] for key in ("pca", "tsne", "umap")}
    if not 0 < n <= min(MAX_GALLERY, limits.GALLERY_VALUES // d):
        raise UserError(f"The model file's gallery is damaged: it holds {n} images.")
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
    """The gallery, of checked shapes; its values are checked here."""
    keys = [key for key in _DTYPES if f"gallery.{key}" in header]
    tensors = {key: file.get_tensor(f"gallery.{key}") for key in keys}
    for key, dtypes in _DTYPES.items():
        if key in tensors and dtypes is _FLOATS:
            tensors[key] = tensors[key].float()
            if not (tensors[key].abs() <= HALF).all():  # nor is NaN
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
