"""Safetensors files with a SHA-256 checksum.

The format itself has no checksum: a flipped bit in a weight is just another weight. A sealed file
has in its metadata, under `sha256`, the SHA-256 (hex) of the whole file, taken with 64 zeros in the
place of the sum itself. Whoever does not know of it reads the file as any other.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

import safetensors.torch
from torch import Tensor

from aeviz.errors import UserError

_MARK = b'"sha256":"'  # inside of a text its quotes would be escaped
_ZEROS = b"0" * 64
_BLOCK = 1 << 20
_MAX_HEADER = 100 << 20  # as much as safetensors itself reads


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The file as bytes, sealed."""
    data = safetensors.torch.save(tensors, (metadata or {}) | {"sha256": _ZEROS.decode()})
    at = data.index(_MARK + _ZEROS) + len(_MARK)
    total = hashlib.sha256(data).hexdigest().encode()
    view = memoryview(data)
    return b"".join((view[:at], total, view[at + len(_ZEROS) :]))


def check(path: Path, complaint: str) -> None:
    """Raises UserError(`complaint`) where the file is not as it was sealed, or cannot be read. One
    without a seal, from an older version or another program, has nothing to be checked."""
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
    said = header[at : at + len(_ZEROS)]
    if at < len(_MARK) or len(said) < len(_ZEROS):
        return True
    digest = hashlib.sha256(start + header[:at] + _ZEROS + header[at + len(_ZEROS) :])
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest().encode() == said
