"""Safetensors files with a SHA-256 checksum.

The format itself has no checksum: a flipped bit in a weight is just another weight. `save` adds to
the metadata, under `sha256`, the SHA-256 (hex) of the whole file, computed with 64 zeros in its
place. Other programs can read the file and ignore it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

import safetensors.torch
from torch import Tensor

from aeviz.errors import UserError

_MARK = b'"sha256":"'  # inside a JSON string its quotes would be escaped
_ZEROS = b"0" * 64
_BLOCK = 1 << 20
_MAX_HEADER = 100 << 20  # as much as safetensors itself reads


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The file as bytes, with its checksum."""
    data = safetensors.torch.save(tensors, (metadata or {}) | {"sha256": _ZEROS.decode()})
    at = data.index(_MARK + _ZEROS) + len(_MARK)
    total = hashlib.sha256(data).hexdigest().encode()
    view = memoryview(data)
    return b"".join((view[:at], total, view[at + len(_ZEROS) :]))


def check(path: Path, complaint: str) -> None:
    """Raise UserError(`complaint`) if the file does not match its checksum, or cannot be read. A
    file without one, from an older version or another program, passes."""
    try:
        with path.open("rb") as file:
            whole = _is_whole(file)
    except OSError as error:
        raise UserError(complaint) from error
    if not whole:
        raise UserError(complaint)


def _is_whole(file: BinaryIO) -> bool:
    start = file.read(8)
    header = file.read(min(int.from_bytes(start, "little"), _MAX_HEADER))
    at = header.find(_MARK) + len(_MARK)
    expected = header[at : at + len(_ZEROS)]
    if at < len(_MARK) or len(expected) < len(_ZEROS):
        return True
    digest = hashlib.sha256(start + header[:at] + _ZEROS + header[at + len(_ZEROS) :])
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest().encode() == expected
