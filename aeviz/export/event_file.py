"""A run's curves as a TensorBoard event file, written without TensorBoard or protobuf.

The file is a series of records (a TFRecord file): length (uint64), its checksum, an `Event` as a
protocol buffer, its checksum; all numbers little-endian. A checksum is a CRC-32C (Castagnoli),
rotated right by 15 bits and added to a constant. The fields are those of TensorFlow's `event.proto`
and `summary.proto`: Event(1 wall_time, 2 step, 3 file_version, 5 summary), Summary(1 value),
Value(1 tag, 2 simple_value).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

TERMS = ("loss", "recon", "kl", "penalty")
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5  # wire types of protocol buffers


def curves(rows: Sequence[Mapping[str, Any]], created: float) -> bytes:
    """The lines of a run's `metrics.jsonl` as an event file.

    The tags are `loss/train`, `loss/train_epoch` (the mean over an epoch) and `loss/validation`,
    likewise for `recon`, `kl` and `penalty`, and `mse/validation`; a term that is always zero is
    left out. Lines without a `time`, from older versions, get the run's, `created`, in seconds
    since 1970.
    """
    seen = [(row, _values(row)) for row in rows]
    used = {tag.split("/")[0] for _, values in seen for tag, value in values.items() if value}
    records = [_record(_event(created, 0, _field(3, _BYTES, b"brain.Event:2")))]
    for row, values in seen:
        kept = {tag: value for tag, value in values.items() if tag.split("/")[0] in used}
        summary = _field(5, _BYTES, b"".join(_scalar(tag, kept[tag]) for tag in kept))
        records.append(_record(_event(row.get("time", created), int(row["step"]), summary)))
    return b"".join(records)


def name(run: str, created: float) -> str:
    """The file name by which TensorBoard recognises an event file."""
    return f"events.out.tfevents.{int(created)}.{run}"


def _values(row: Mapping[str, Any]) -> dict[str, float]:
    validation = row.get("validation")
    kind = "train" if validation is None else "train_epoch"
    own = {f"{term}/{kind}": float(row[term]) for term in TERMS if term in row}
    if validation is None:
        return own
    return own | {f"{term}/validation": float(validation[term]) for term in validation}


def _event(wall_time: float, step: int, what: bytes) -> bytes:
    return _field(1, _DOUBLE, struct.pack("<d", wall_time)) + _field(2, _VARINT, step) + what


def _scalar(tag: str, value: float) -> bytes:
    inside = _field(1, _BYTES, tag.encode()) + _field(2, _FLOAT, struct.pack("<f", value))
    return _field(1, _BYTES, inside)


def _field(number: int, wire: int, value: int | bytes) -> bytes:
    key = _varint(number << 3 | wire)
    if isinstance(value, int):
        return key + _varint(value)
    return key + (_varint(len(value)) if wire == _BYTES else b"") + value


def _varint(value: int) -> bytes:
    """Seven bits per byte, the lowest first; the eighth bit is set if more bytes follow."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def _checksum(data: bytes) -> bytes:
    crc = crc32c(data)
    rotated = crc >> 15 | crc << 17 & 0xFFFFFFFF
    return struct.pack("<I", rotated + 0xA282EAD8 & 0xFFFFFFFF)


def _table() -> Iterable[int]:
    for entry in range(256):
        for _ in range(8):
            entry = entry >> 1 ^ (0x82F63B78 if entry & 1 else 0)
        yield entry


_CRC = tuple(_table())


def crc32c(data: bytes) -> int:
    """CRC-32C (RFC 3720, appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF
