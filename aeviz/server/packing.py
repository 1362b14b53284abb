"""Arrays with a description of them, as one blob for the browser (`static/packed.js` unpacks it).

Layout: uint32 little-endian n, then n bytes of JSON, then the arrays that the JSON lists under
`arrays` by name, each with dtype, shape and byte offset from the end of the JSON. The JSON is
padded with spaces so that every array starts at a multiple of 4 bytes.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> bytes:
    """The blob. Raises ValueError if the header holds NaN or infinity, which JSON cannot write."""
    layout: dict[str, Any] = {}
    chunks: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        layout[name] = {"dtype": str(array.dtype), "shape": list(array.shape), "offset": offset}
        chunks.append(data + b"\0" * (-len(data) % 4))
        offset += len(chunks[-1])
    text = json.dumps({**header, "arrays": layout}, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([struct.pack("<I", len(text)), text, *chunks])
