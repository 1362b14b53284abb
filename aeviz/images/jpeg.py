"""The structure of a JPEG file: segments, restart markers, and scans for every coefficient.

libjpeg fills missing parts with grey and only warns. Three checks refuse such files. Restart
markers must be in order and as many as the size requires (ITU-T T.81, B.2.1). Scans must contain
every coefficient of every component to full precision (G.1.1). And a file with one scan is passed
on without its end marker: if data is missing, the decoder then runs out of input, which is an
error, whereas meeting the end marker too early is not.

Between segments, libjpeg and all viewers skip to the next marker. Stray bytes there, left by a
wrong length of the previous segment, are removed. Two cases with a forged end marker are not
detected: a progressive file cut in its last scan, where only the last bit of detail is missing, and
a file cut by a few bits of its last block.
"""

import re
import struct
from dataclasses import dataclass, field
from math import ceil

from aeviz.images.containers import Container, CorruptFile, check_size

# Padding for the decoder's look-ahead: all ones is not a Huffman code, so it decodes to nothing.
_FILL = b"\xff\x00" * 8
_SCAN_END = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MARKER = re.compile(rb"\xff[\x01-\xfe]")
_MAX_SEGMENTS = 10_000
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_MAX_WORK = 1_500_000_000  # scans x pixels: 30 scans of 50 megapixels
_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_SEQUENTIAL, _PROGRESSIVE, _ARITHMETIC = (0xC0, 0xC1), (0xC2, 0xCA), (0xC9, 0xCA)


@dataclass
class _Frame:
    kind: int
    width: int
    height: int
    sampling: dict[int, tuple[int, int]]  # component -> horizontal, vertical
    missing: dict[int, list[int]] = field(default_factory=dict)  # component -> bits per coefficient

    def restarts(self, components: bytes, interval: int) -> int:
        """The number of restart markers in a scan of these components."""
        h_max = max(h for h, _ in self.sampling.values())
        v_max = max(v for _, v in self.sampling.values())
        h, v = self.sampling[components[0]] if len(components) == 1 else (1, 1)
        if len(components) == 1:  # one block per unit, in the component's own resolution
            across = ceil(ceil(self.width * h / h_max) / 8)
            down = ceil(ceil(self.height * v / v_max) / 8)
        else:
            across, down = ceil(self.width / (8 * h_max)), ceil(self.height / (8 * v_max))
        return ceil(across * down / interval) - 1 if interval else 0

    def complete(self) -> bool:
        return not any(any(bits) for bits in self.missing.values())


def walk_jpeg(data: bytes, max_pixels: int) -> Container:
    """Walk to the end of the last scan that the image needs; the rest is removed."""
    kept, pos, frame, interval, scans, segments = [b"\xff\xd8"], 2, None, 0, 0, 0
    while frame is None or not frame.complete():
        found = _MARKER.search(data, pos)
        segments += 1
        if found is None or segments > _MAX_SEGMENTS:
            raise CorruptFile
        start, marker = found.start(), data[found.start() + 1]
        pos = found.end()
        if marker in _ALONE:
            continue
        length = struct.unpack_from(">H", data, pos)[0]
        body = data[pos + 2 : pos + length]
        pos += max(2, length)
        ignored = marker == 0xFE or 0xE0 <= marker <= 0xEF  # comments and application data
        if marker in (0xD8, 0xD9) or len(body) < length - 2 or (length < 2 and not ignored):
            raise CorruptFile
        if length < 2:
            continue
        if marker == 0xDD:
            interval = struct.unpack(">H", body)[0]
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if frame is not None:
                raise CorruptFile
            frame = _frame(marker, body, max_pixels)
        elif marker == 0xDA:
            scans += 1
            if frame is None or scans * frame.width * frame.height > max(_MAX_WORK, max_pixels):
                raise CorruptFile
            pos = _scan(data, pos, body, frame, interval)
        if not ignored or _is_read(marker, body):
            kept.append(data[start:pos])
    without_end = scans == 1 and frame.kind in _SEQUENTIAL
    return Container("JPEG", b"".join([*kept, _FILL if without_end else b"\xff\xd9"]))


def _is_read(marker: int, body: bytes) -> bool:
    """Whether an application segment affects the look of the image, and is long enough."""
    known = {
        0xE0: ((b"JFIF\0", 14),),
        0xE1: ((b"Exif\0", 6), (b"http://ns.adobe.com/xap/1.0/\0", 29)),
        0xE2: ((b"ICC_PROFILE\0", 14),),
        0xEE: ((b"Adobe", 12),),
    }
    return any(body.startswith(key) and len(body) >= n for key, n in known.get(marker, ()))


def _frame(kind: int, body: bytes, max_pixels: int) -> _Frame:
    _, height, width, number = struct.unpack_from(">BHHB", body)
    check_size(width, height, max_pixels)
    if kind not in (*_SEQUENTIAL, *_PROGRESSIVE, *_ARITHMETIC) or not 1 <= number <= 4:
        raise CorruptFile
    sampling = {}
    for i in range(number):
        name, factors = body[6 + 3 * i], body[7 + 3 * i]
        sampling[name] = factors >> 4, factors & 15
        if not (1 <= factors >> 4 <= 4 and 1 <= factors & 15 <= 4):
            raise CorruptFile
    # 14 is more than any point transform, so a coefficient counts as missing until it is seen
    return _Frame(kind, width, height, sampling, {name: [14] * 64 for name in sampling})


def _scan(data: bytes, pos: int, header: bytes, frame: _Frame, interval: int) -> int:
    """Check one scan whose coded data starts at `pos`; returns where that data ends."""
    number = header[0]
    components = header[1 : 1 + 2 * number : 2]
    first, last, precision = header[1 + 2 * number : 4 + 2 * number]
    if frame.kind not in _PROGRESSIVE:
        first, last, precision = 0, 63, 0
    if not components or last > 63 or any(name not in frame.missing for name in components):
        raise CorruptFile
    for name in components:
        frame.missing[name][first : last + 1] = [precision & 15] * (last + 1 - first)
    found = _SCAN_END.search(data, pos)
    end = found.start() if found else len(data)
    markers = _RESTART.finditer(data, pos, end)
    if not interval and next(markers, None):
        raise CorruptFile
    for i in range(frame.restarts(components, interval)):
        marker = next(markers, None)
        if marker is None or marker.group()[1] != 0xD0 + i % 8:
            raise CorruptFile
    if not found:  # no marker follows: at least a few bits of the last block are missing
        raise CorruptFile
    return end
