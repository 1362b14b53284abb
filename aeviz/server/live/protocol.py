"""The bytes of the live protocol: parsing requests and packing replies, nothing else.

A message is an 8-byte header (uint32 little-endian request id, uint8 operation, three zero bytes)
and a body; see `docs/live-protocol.md`. All functions here are pure.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aeviz import limits

HEADER: Final = struct.Struct("<IB3s")
MAX_CODES: Final = 1024
CLOSE_BAD_REQUEST: Final = 4400
CLOSE_TOO_SLOW: Final = 4408
CLOSE_TOO_MANY: Final = 4429
CLOSE_FAILED: Final = 4500
_MAX_REASON_BYTES: Final = 123  # RFC 6455, 5.5: a control frame holds 125 bytes, two are the code


class BadMessageError(ValueError):
    """A message that breaks the protocol. Its text is the reason in the close frame."""


class Op(IntEnum):
    DECODE = 0
    ENCODE = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """The image and code size of a model, which its messages must match."""

    image: tuple[int, int, int]  # C, H, W
    latent_dim: int

    @property
    def pixels(self) -> tuple[int, int, int]:
        """Height, width, channels: the order of pixels on the wire."""
        channels, height, width = self.image
        return height, width, channels

    @property
    def image_bytes(self) -> int:
        """Bytes of one image in a reply."""
        return math.prod(self.image)

    @property
    def max_codes(self) -> int:
        """The most codes in one decode, so that its reply stays within `limits.REPLY`."""
        return max(1, min(MAX_CODES, (limits.REPLY - HEADER.size) // self.image_bytes))


@dataclass(frozen=True, slots=True)
class Request:
    """One message from a client.

    `values` is float32: (k, latent_dim) codes for a decode, (1, H, W, C) pixels for an encode.
    """

    id: int
    op: Op
    values: NDArray[np.float32]

    @property
    def rows(self) -> int:
        return len(self.values)


def parse(message: bytes, shape: Shape) -> Request:
    """Read one request for a model of `shape`; raises BadMessageError with the reason."""
    if len(message) < HEADER.size:
        raise BadMessageError(f"a message has {HEADER.size} bytes or more, not {len(message)}")
    request_id, op, padding = HEADER.unpack_from(message)
    if padding != b"\0\0\0":
        raise BadMessageError("bytes 5 to 7 of the header must be zero")
    if op == Op.DECODE:
        values = _codes(message, shape)
    elif op == Op.ENCODE:
        values = _image(message, shape)
    else:
        raise BadMessageError(f"unknown operation {op}: 0 decodes, 1 encodes")
    return Request(request_id, Op(op), values)


def reply_bytes(request: Request, shape: Shape) -> int:
    """How long the reply to this request will be."""
    code = 4 * shape.latent_dim if request.op is Op.ENCODE else 0
    return HEADER.size + code + request.rows * shape.image_bytes


def start_decode_reply(request: Request, image_bytes: int) -> bytearray:
    """The reply to a decode, to be filled with pixels: uint8 (k, H, W, C) behind the header."""
    reply = bytearray(HEADER.size + request.rows * image_bytes)
    HEADER.pack_into(reply, 0, request.id, Op.DECODE, b"\0\0\0")
    return reply


def pack_encoded(request_id: int, code: NDArray[np.float32], pixels: NDArray[np.uint8]) -> bytes:
    """Reply to an encode. `code`: float32 (latent_dim,); `pixels`: uint8 (H, W, C)."""
    header = HEADER.pack(request_id, Op.ENCODE, b"\0\0\0")
    return header + code.astype("<f4", copy=False).tobytes() + pixels.tobytes()


def close_reason(text: str) -> str:
    """`text` cut to what a WebSocket close frame can carry."""
    return text.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")


def _codes(message: bytes, shape: Shape) -> NDArray[np.float32]:
    code_bytes = 4 * shape.latent_dim
    count, rest = divmod(len(message) - HEADER.size, code_bytes)
    if rest:
        raise BadMessageError(f"a decode holds whole codes of {code_bytes} bytes, {rest} are left")
    if not 1 <= count <= shape.max_codes:
        raise BadMessageError(f"a decode holds 1 to {shape.max_codes} codes, this has {count}")
    codes = np.frombuffer(message, "<f4", offset=HEADER.size).reshape(count, shape.latent_dim)
    if not np.isfinite(codes).all():
        raise BadMessageError("a code holds NaN or infinity")
    return codes


def _image(message: bytes, shape: Shape) -> NDArray[np.float32]:
    height, width, channels = shape.pixels
    expected = 4 * height * width * channels
    if len(message) - HEADER.size != expected:
        raise BadMessageError(
            f"an encode holds one {height} x {width} x {channels} float32 image of {expected} "
            f"bytes, this has {len(message) - HEADER.size}"
        )
    image = np.frombuffer(message, "<f4", offset=HEADER.size).reshape(1, *shape.pixels)
    # Written so that NaN fails the check, too.
    if not ((image >= 0) & (image <= 1)).all():
        raise BadMessageError("pixel values must lie between 0 and 1")
    return image
