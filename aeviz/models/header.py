"""The header of a model file: its sizes and its description of the model. Both are checked before
anything else is read or allocated. See docs/checkpoint-format.md."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aeviz import limits
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import json_file
from aeviz.models import card as model_card
from aeviz.nn.networks import ImageShape

FORMAT = 1
MAX_HEADER = 1 << 20
MAX_FILE = 512 << 20
MAX_SIDE = 10_000

_PICKLES = (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # PK: a zip of one


@dataclass(frozen=True)
class Summary:
    """The facts that a list of models shows; they are read from the header alone."""

    config: RunConfig
    image_shape: ImageShape
    card: dict[str, Any]


def read_header(path: Path, display_name: str = "") -> dict[str, Any]:
    """The safetensors header as JSON, its sizes checked before anything is allocated.
    `display_name`: the file's name in error messages; its own by default."""
    display_name = display_name or path.name
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else -1
            brace = file.read(1) == b"{"  # the first bytes of a length may look like a pickle's
            if not brace and start.startswith(_PICKLES):
                raise UserError(
                    f"{display_name} is a pickle, which can run code, so aeviz does not open it: "
                    "save the weights as .safetensors."
                )
            if size > MAX_FILE:
                raise UserError(f"{display_name} is larger than {MAX_FILE >> 20} MB.")
            if not (brace and 2 <= length <= min(MAX_HEADER, size - 8)):
                raise UserError(f"{display_name} is not an aeviz model file, or it is truncated.")
            text = b"{" + file.read(length - 1)
    except OSError as error:
        raise UserError(f"{display_name} cannot be read: {error.strerror}.") from error
    try:
        header = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{display_name} is not an aeviz model file: its header is damaged."
        ) from error
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict):
        raise UserError(f"{display_name} is not an aeviz model file: it has no description.")
    texts = all(isinstance(value, str) for value in metadata.values())
    if not (texts and all(map(_is_entry, header.values()))):
        raise UserError(f"{display_name} is not an aeviz model file: its header is damaged.")
    return header | {"__metadata__": metadata}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without repeated keys: readers differ in which of their values they take."""
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


def summary_of(header: dict[str, Any]) -> Summary:
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
            f"This model's images are {shape[1]} x {shape[2]}, too large: they may have at most "
            f"{limits.MODEL_VALUES:,} numbers, as many as 256 x 256 in colour."
        )
    return Summary(config, (shape[0], shape[1], shape[2]), model_card.checked(card))


def is_restorer(config: RunConfig) -> bool:
    """Whether a model of this configuration restores photographs of any size."""
    return config.network.kind == "unet"
