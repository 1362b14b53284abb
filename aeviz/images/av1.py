"""Image sizes in AV1 data, from its sequence headers (AV1 specification, 5.5)."""

from collections.abc import Iterator

from aeviz.images.containers import CorruptFile

_SEQUENCE_HEADER = 1


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), 8 * len(data)

    def read(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise CorruptFile
        return self._value >> self._left & (1 << count) - 1

    def skip_variable(self) -> None:
        zeros = 0
        while not self.read(1):
            zeros += 1
        self.read(zeros)


def coded_sizes(data: bytes, max_pixels: int) -> Iterator[tuple[int, int]]:
    """Width and height in each sequence header of AV1 data. CorruptFile if there is none, or if
    frames may set far larger sizes of their own."""
    at, found = 0, False
    while at < len(data):
        head = data[at]
        at += 2 if head & 4 else 1
        size = len(data) - at
        if head & 2:
            size, at = _leb128(data, at)
        if size > len(data) - at:
            raise CorruptFile
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            found = True
            yield _size(_Bits(data[at : at + min(size, 1024)]), max_pixels)
        at += size
    if not found:
        raise CorruptFile


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(8):
        byte = data[at + i]
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value, at + i + 1
    raise CorruptFile


def _size(bits: _Bits, max_pixels: int) -> tuple[int, int]:
    bits.read(4)  # profile, still picture
    reduced = bits.read(1)
    if reduced:
        bits.read(5)
    else:
        _skip_operating_points(bits)
    across, down = bits.read(4) + 1, bits.read(4) + 1
    if not reduced and 1 << across + down > 4 * max_pixels:
        raise CorruptFile
    return bits.read(across) + 1, bits.read(down) + 1


def _skip_operating_points(bits: _Bits) -> None:
    model, delay = 0, 0
    if bits.read(1):  # timing info
        bits.read(64)
        if bits.read(1):
            bits.skip_variable()
        model = bits.read(1)
        if model:
            delay = bits.read(5) + 1
            bits.read(42)
    display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if model and bits.read(1):
            bits.read(2 * delay + 1)
        if display_delay and bits.read(1):
            bits.read(4)
