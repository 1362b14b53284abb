"""The child process of test_fuzz.py: mutated files through `read_photo`, one line for each.

A crash of a decoder written in C ends this process; the last line, begun before
the file is read, says which file did it. `python tests/helpers/fuzzing.py --write FILE SEED`, run
in the project's root, writes that file: keep it in tests/helpers/reproducers/.
"""

import io
import itertools
import resource
import signal
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from aeviz.errors import UserError
from aeviz.images import Photo, read_photo, write_photo
from aeviz.images.png import SIGNATURE, make_chunk
from tests.images.test_bad_files import SAMPLES, mutate
from tests.images.test_photo import tiff

MAX_PIXELS = 1_000_000
REPRODUCERS = Path(__file__).parent / "reproducers"
SECONDS = 5  # of work: a file that takes longer hangs; most take a thousandth of it
_NUMBERS = [0, 1, 2, 3, 4, 8, 16, 17, 127, 128, 255, 256, 257, 65535, 1 << 24, (1 << 31) - 1,
            1 << 31, (1 << 32) - 1]  # fmt: skip


def seeds() -> dict[str, bytes]:
    """A small file of every format, layout and depth."""
    rng = np.random.default_rng(11)
    colour = rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)
    deep = rng.integers(0, 65535, (12, 10, 4), dtype=np.uint16)
    im = Image.fromarray(colour)

    def saved(im: Image.Image, kind: str, **options) -> bytes:
        buffer = io.BytesIO()
        im.save(buffer, kind, **options)
        return buffer.getvalue()

    exif = Image.Exif()
    exif[0x0112] = 6
    more = {
        "png-deep": write_photo(Photo(deep[:, :, :3])),
        "png-deep-alpha": write_photo(Photo(deep[:, :, :3], deep[:, :, 3])),
        "png-deep-grey-alpha": write_photo(Photo(deep[:, :, :1], deep[:, :, 3])),
        "png-interlaced": _interlaced(im),
        "png-one-bit": saved(im.convert("1"), "PNG"),
        "jpeg-exif": saved(im, "JPEG", exif=exif),
        "jpeg-444": saved(im, "JPEG", subsampling=0, optimize=True),
        "jpeg-grey-progressive": saved(im.convert("L"), "JPEG", progressive=True),
        "webp-alpha": saved(im.convert("RGBA"), "WEBP", exif=exif),
        "jpeg-stray": saved(im, "JPEG").replace(b"\xff\xdb", b"stray\xff\xdb", 1),
        "avif": saved(im, "AVIF"),
        "avif-alpha": saved(im.convert("RGBA"), "AVIF", exif=exif),
        "avif-film": saved(im, "AVIF", save_all=True, append_images=[im.rotate(180)]),
        "jp2": saved(im, "JPEG2000", irreversible=True),
        "jp2-alpha": saved(im.convert("RGBA"), "JPEG2000"),
        "jp2-deep": saved(Image.fromarray(deep[:, :, 0]), "JPEG2000"),
        "j2k-tiles": saved(im, "JPEG2000", no_jp2=True, tile_size=(16, 16)),
        "j2k-precincts": saved(
            im, "JPEG2000", no_jp2=True, precinct_size=(16, 16), quality_layers=[20, 5, 0]
        ),
        "bmp-4444": bmp_fields(deep[:, :, 0], (0xF00, 0xF0, 0xF, 0xF000)),
        "bmp-palette": saved(im.quantize(16), "BMP"),
        "bmp-one-bit": saved(im.convert("1"), "BMP"),
        "tiff-deep": tiff(deep[:, :, :3]),
        "tiff-deep-alpha": tiff(deep, ">", packed=True, extra=1),
        "tiff-deep-grey": tiff(deep[:, :, :1], ">"),
        "tiff-planes": tiff(colour, planes=True),
        "tiff-planes-deflate": tiff(deep[:, :, :3], packed=True, planes=True),
        "tiff-deflate": saved(im, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-tiled": _tiled(colour),
        "tiff-palette": saved(im.quantize(16), "TIFF", compression="packbits"),
        "tiff-fax": saved(im.convert("1"), "TIFF", compression="group4"),
        "tiff-cmyk": saved(im.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        "tiff-long": saved(Image.fromarray(colour[:, :, 0].astype(np.int32)), "TIFF"),
        "tiff-big": saved(im, "TIFF", big_tiff=True),
    }
    return {**SAMPLES, **more}


def bmp_fields(values: np.ndarray, masks: tuple[int, int, int, int]) -> bytes:
    """uint16 (H, W), an even W, as a BMP of BITFIELDS, the top row first."""
    height, width = values.shape
    header = struct.pack("<IiiHHIIiiII", 108, width, -height, 1, 16, 3, 0, 0, 0, 0, 0)
    header += struct.pack("<IIII", *masks) + bytes(52)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 122) + header + values.astype("<u2").tobytes()


def _interlaced(im: Image.Image) -> bytes:
    """A PNG in seven passes (Adam7), as Pillow writes none."""
    pixels, raw = np.array(im), b""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
              (0, 1, 1, 2))  # fmt: skip
    for x, y, dx, dy in passes:
        raw += b"".join(b"\0" + row.tobytes() for row in pixels[y::dy, x::dx])
    header = struct.pack(">IIBBBBB", im.width, im.height, 8, 2, 0, 0, 1)
    body = make_chunk(b"IHDR", header) + make_chunk(b"IDAT", zlib.compress(raw))
    return SIGNATURE + body + make_chunk(b"IEND", b"")


def _tiled(colour: np.ndarray) -> bytes:
    """A TIFF of deflated tiles of 16 x 16."""
    height, width = colour.shape[:2]
    padded = np.pad(colour, ((0, -height % 16), (0, -width % 16), (0, 0)))
    tiles = [
        zlib.compress(padded[y : y + 16, x : x + 16].tobytes())
        for y in range(0, height, 16) for x in range(0, width, 16)
    ]  # fmt: skip
    body, offsets = bytearray(8), []
    for tile in tiles:
        offsets.append(len(body))
        body += tile
    tags = {256: width, 257: height, 258: len(body), 259: 8, 262: 2, 277: 3, 322: 16, 323: 16}
    body += struct.pack("<3H", 8, 8, 8)
    many = {324: offsets, 325: [len(tile) for tile in tiles]}
    for tag, values in many.items():
        tags[tag] = len(body)
        body += struct.pack(f"<{len(values)}I", *values)
    body += bytes(len(body) % 2)
    counts = {258: 3, 324: len(tiles), 325: len(tiles)}
    entries = b"".join(
        struct.pack("<HHII", tag, 3 if tag == 258 else 4, counts.get(tag, 1), tags[tag])
        for tag in sorted(tags)
    )
    body[:8] = b"II*\0" + struct.pack("<I", len(body))
    return bytes(body) + struct.pack("<H", len(tags)) + entries + bytes(4)


def mutated(files: dict[str, bytes], seed: int) -> tuple[str, bytes]:
    """A file mutated by a seed: flips, runs, cuts, splices, and overwritten length fields."""
    rng = np.random.default_rng(seed)
    names = sorted(files)
    name = names[seed % len(names)]
    data = bytearray(files[name])
    match rng.integers(0, 5):
        case 0:
            del data[int(rng.integers(0, len(data))) :]
        case 1:  # the start of one file, the end of another
            other = files[names[int(rng.integers(0, len(names)))]]
            data = data[: int(rng.integers(0, len(data)))] + other[rng.integers(0, len(other)) :]
        case 2:
            for _ in range(rng.integers(1, 4)):
                at = int(rng.integers(0, len(data)))
                size, order = int(rng.choice([2, 4])), str(rng.choice(["little", "big"]))
                number = int(rng.choice(_NUMBERS)) % (1 << 8 * size)
                data[at : at + size] = number.to_bytes(size, order)  # type: ignore[arg-type]
        case _:
            return name, mutate(bytes(data), rng)
    return name, bytes(data)


def check(data: bytes) -> str:
    """The result of `read_photo`: "photo" or "refused"; raises for everything else."""
    try:
        photo = read_photo(data, max_pixels=MAX_PIXELS)
    except UserError:
        return "refused"
    assert photo.pixels.dtype in (np.uint8, np.uint16)
    assert photo.pixels.ndim == 3
    assert photo.pixels.shape[2] in (1, 3)
    assert 1 <= photo.pixels.size <= 3 * MAX_PIXELS
    assert photo.alpha is None or photo.alpha.shape == photo.pixels.shape[:2]
    assert photo.alpha is None or photo.alpha.dtype == photo.pixels.dtype
    return "photo"


def main(first: int, last: int) -> None:
    """The kept reproducers, then the files of seeds from `first` up to before `last`."""
    warnings.simplefilter("ignore")
    files = seeds()
    kept = ((path.name, path.read_bytes()) for path in sorted(REPRODUCERS.iterdir()))
    fresh = ((f"{seed} {name}", data) for seed in range(first, last)
             for name, data in [mutated(files, seed)])  # fmt: skip
    for name, data in itertools.chain(kept, fresh):
        sys.stdout.write(f"{name} ")
        sys.stdout.flush()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # ends the process, wherever it is
        sys.stdout.write(f"{check(data)}\n")
        signal.setitimer(signal.ITIMER_PROF, 0)
    sys.stdout.write(f"peak {peak()} MB\n")


def peak() -> int:
    """The peak memory of this process in MB, as Linux reports it; elsewhere a child starts with its
    parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        out, seed = Path(sys.argv[2]), int(sys.argv[3])
        out.write_bytes(mutated(seeds(), seed)[1])
    else:
        main(int(sys.argv[1]), int(sys.argv[2]))
