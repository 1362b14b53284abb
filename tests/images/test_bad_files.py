"""Files that are not complete images are refused with one sentence; no other error is raised."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from aeviz.errors import UserError
from aeviz.images import Decoded, decode

RNG = np.random.default_rng(4)
PICTURE = RNG.integers(0, 256, (48, 40, 3), dtype=np.uint8)


def saved(im: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    im.save(buffer, kind, **options)
    return buffer.getvalue()


def samples() -> dict[str, bytes]:
    im = Image.fromarray(PICTURE)
    grey16 = Image.fromarray(RNG.integers(0, 65536, (20, 20), dtype=np.uint16))
    other = im.transpose(Image.Transpose.ROTATE_180)
    return {
        "png": saved(im, "PNG"),
        "png-palette": saved(im.quantize(16), "PNG", transparency=3),
        "png-16": saved(grey16, "PNG"),
        "png-animated": saved(im, "PNG", save_all=True, append_images=[other]),
        "jpeg": saved(im, "JPEG"),
        "jpeg-restarts": saved(im, "JPEG", restart_marker_blocks=2),
        "jpeg-progressive": saved(im, "JPEG", progressive=True),
        "jpeg-cmyk": saved(im.convert("CMYK"), "JPEG"),
        "webp": saved(im, "WEBP"),
        "webp-lossless": saved(im, "WEBP", lossless=True),
        "webp-animated": saved(im, "WEBP", save_all=True, append_images=[other]),
        "gif": saved(im, "GIF"),
        "gif-animated": saved(im, "GIF", save_all=True, append_images=[other]),
        "bmp": saved(im, "BMP"),
        "tiff": saved(im, "TIFF"),
        "tiff-lzw": saved(im, "TIFF", compression="tiff_lzw"),
        "tiff-jpeg": saved(im, "TIFF", compression="jpeg"),
        "tiff-float": saved(Image.fromarray(RNG.random((20, 20), dtype=np.float32)), "TIFF"),
        "tiff-pages": saved(im, "TIFF", save_all=True, append_images=[other]),
    }


SAMPLES = samples()


def refused(data: bytes, **limits) -> str:
    """The sentence, checked to be exactly one."""
    with pytest.raises(UserError) as caught:
        decode(data, **limits)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert ". " not in text
    return text


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, raw: bytes, *extra: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (png_chunk(b"IHDR", header), *extra, png_chunk(b"IDAT", zlib.compress(raw, 9)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + png_chunk(b"IEND", b"")


def test_empty():
    assert "empty" in refused(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><img src=x>",
        b"%PDF-1.7",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"\0" * 100,
        b"8BPS\0\1" + b"\0" * 100,
        b"%!PS-Adobe-3.0 EPSF-3.0",
    ],
)
def test_not_an_image(data):
    assert "not an image" in refused(data)


def test_a_phone_format_is_named():
    assert "HEIC" in refused(b"\0\0\0\x18ftypheic" + b"\0" * 40)


def test_markup_behind_an_image_signature():
    for magic in (b"BM", b"GIF89a", b"\xff\xd8\xff", b"II*\0", b"\x89PNG\r\n\x1a\n"):
        refused(magic + b"<html><script>alert(1)</script></html>" * 3)


@pytest.mark.filterwarnings("ignore:Truncated File Read")  # by Pillow
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("part", [0.02, 0.1, 0.3, 0.5, 0.8, 0.95])
def test_cut_short_is_refused_or_whole(name, part):
    """Never half an image: an accepted file has every pixel of the original one."""
    data = SAMPLES[name]
    cut = data[: int(len(data) * part)]
    try:
        decoded = decode(cut)
    except UserError:
        return
    assert name in ("gif-animated", "tiff-pages", "tiff-float")  # cut behind the first picture
    np.testing.assert_array_equal(decoded.pixels, decode(data).pixels)


@pytest.mark.parametrize("name", ["jpeg", "jpeg-restarts", "jpeg-progressive", "jpeg-cmyk"])
@pytest.mark.parametrize("part", [0.6, 0.75, 0.9])
def test_jpeg_cut_and_closed_again_is_no_half_grey_picture(name, part):
    """libjpeg itself fills the rest with grey and raises nothing."""
    data = SAMPLES[name]
    cut = data[: int(len(data) * part)].rstrip(b"\xff") + b"\xff\xd9"
    if name == "jpeg":
        Image.open(io.BytesIO(cut)).load()
    if name == "jpeg-progressive" and part == 0.9:  # in the last scan: the last bit of detail
        missing = np.abs(decode(cut).pixels.astype(int) - decode(data).pixels)
        assert missing.mean() < 16  # of noise, the hardest case; half a picture of grey: 32
    else:
        refused(cut)


def test_jpeg_with_a_marker_inside_its_data():
    data = bytearray(SAMPLES["jpeg"])
    middle = len(data) * 3 // 4
    data[middle : middle + 2] = b"\xff\xd9"
    refused(bytes(data))


def test_jpeg_with_a_restart_marker_out_of_order_or_missing():
    data = SAMPLES["jpeg-restarts"]
    third = data.index(b"\xff\xd2")
    refused(data[: third + 1] + b"\xd5" + data[third + 2 :])
    refused(data[:third] + data[third + 2 :])


def test_jpeg_of_fill_bytes_or_of_endless_segments():
    data = SAMPLES["jpeg"]
    filled = data[:2] + b"\xff" * 100_000 + data[2:]
    np.testing.assert_array_equal(decode(filled).pixels, decode(data).pixels)
    refused(data[:2] + b"\xff\xef\0\2" * 20_000 + data[2:])


def test_png_whose_rows_run_out_is_no_half_black_picture():
    short = png(10, 10, b"\0" + b"\xff" * 10)
    assert np.array(Image.open(io.BytesIO(short)))[-1].max() == 0  # Pillow's reading of it
    refused(short)
    assert decode(png(10, 10, (b"\0" + b"\xff" * 10) * 10)).pixels.min() == 255


def test_png_of_many_small_idat_chunks_and_interlaced_counts_every_row():
    rows = zlib.compress((b"\0" + bytes(range(100))) * 50)
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 100, 50, 8, 0, 0, 0, 0))
    parts = b"".join(png_chunk(b"IDAT", rows[i : i + 3]) for i in range(0, len(rows), 3))
    end = png_chunk(b"IEND", b"")
    assert decode(b"\x89PNG\r\n\x1a\n" + header + parts + end).pixels.shape == (50, 100, 1)
    # Adam7 of 3 x 3: passes 1, 4, 5, 6, 7 hold 1x1, 1x1 (x = 2), 2x1, 1x2 and 3x1 pixels
    raw = b"\0\1" + b"\0\2" + b"\0\3\4" + b"\0\5" + b"\0\6" + b"\0\7\x08\x09"
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 3, 8, 0, 0, 0, 1))
    for stream, whole in ((raw, True), (raw[:-1], False)):
        data = b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(stream)) + end
        if whole:
            expected = [[1, 5, 2], [7, 8, 9], [3, 6, 4]]
            assert decode(data).pixels[:, :, 0].tolist() == expected
        else:
            refused(data)


def test_png_with_a_wrong_checksum():
    data = bytearray(SAMPLES["png"])
    data[len(data) // 2] ^= 1
    refused(bytes(data))


def bombs() -> dict[str, bytes]:
    side = 60_000
    bmp = b"BM" + struct.pack("<IHHIIiiHHII", 90, 0, 0, 54, 40, side, side, 1, 8, 0, 0)
    gif_screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0)
    small_screen = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0, 0, 0)
    frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x08\x01\0\0;"
    packed = struct.pack("<I", 16_382 | 16_382 << 14)
    vp8l = b"WEBPVP8L" + struct.pack("<I", 5) + b"\x2f" + packed + b"\0"
    vp8x = b"WEBPVP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + b"\xff\xff\x7f" * 2
    tiff = bytearray(saved(Image.new("L", (8, 8)), "TIFF"))
    at = struct.unpack_from("<I", tiff, 4)[0] + 2
    for i in range(struct.unpack_from("<H", tiff, at - 2)[0]):
        if struct.unpack_from("<H", tiff, at + 12 * i)[0] in (256, 257):
            struct.pack_into("<HII", tiff, at + 12 * i + 2, 4, 1, side)
    jpeg = bytearray(saved(Image.new("L", (8, 8)), "JPEG"))
    struct.pack_into(">HH", jpeg, jpeg.index(b"\xff\xc0") + 5, side, side)
    return {
        "png, 100 megapixels": png(10_000, 10_000, bytes(10_001 * 10_000)),
        "png, header only": png(100_000, 100_000, b""),
        "bmp": bmp + bytes(100),
        "gif screen": gif_screen + frame,
        "gif frame": small_screen + frame,
        "webp canvas": b"RIFF" + struct.pack("<I", len(vp8x)) + vp8x,
        "webp lossless": b"RIFF" + struct.pack("<I", len(vp8l)) + vp8l,
        "tiff": bytes(tiff),
        "jpeg": bytes(jpeg),
    }


@pytest.mark.parametrize(("name", "data"), bombs().items())
def test_decompression_bombs_are_refused_from_the_header(name, data):
    assert len(data) < 110_000
    tracemalloc.start()
    try:
        assert "pixels" in refused(data), name
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_tiff_with_one_gigantic_tile():
    def tiled(side: int) -> bytes:
        tags = {256: 8, 257: 8, 258: 8, 259: 1, 262: 1, 322: side, 323: side, 324: 8, 325: 64}
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in tags)
        page = struct.pack("<H", len(tags)) + entries + bytes(4)
        return b"II*\0" + struct.pack("<I", 72) + bytes(64) + page

    assert decode(tiled(8)).pixels.shape == (8, 8, 1)
    assert "million allowed" in refused(tiled(65_520))


def test_limits_are_the_callers():
    data = SAMPLES["png"]
    assert isinstance(decode(data, max_pixels=48 * 40, max_bytes=len(data)), Decoded)
    assert "40 x 48" in refused(data, max_pixels=48 * 40 - 1)
    assert "larger" in refused(data, max_bytes=len(data) - 1)


def test_a_small_pixel_stream_that_inflates_without_end_is_not_inflated():
    data = png(4, 4, bytes(30_000_000))
    tracemalloc.start()
    try:
        assert decode(data).pixels.shape == (4, 4, 1)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_text_bomb_in_a_png_is_left_out():
    text = png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(100_000_000), 9))
    assert decode(png(1, 1, b"\0\7", text)).pixels.tolist() == [[[7]]]


def test_run_length_bmp_without_its_end():
    header = struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 62, 40, 4, 2, 1, 8, 1, 0, 0, 0, 2, 0)
    start = b"BM" + header + b"\0\0\0\0\xff\xff\xff\0"
    whole = start + b"\x04\1\0\0\x04\1\0\1"
    assert (decode(whole).pixels == 255).all()
    refused(whole[:-4])


def resealed(data: bytes) -> bytes:
    """A PNG with corrected checksums, so that a mutation passes them."""
    out, pos = bytearray(data), 8
    while pos + 12 <= len(out):
        end = pos + 8 + struct.unpack_from(">I", out, pos)[0]
        if end + 4 > len(out):
            break
        struct.pack_into(">I", out, end, zlib.crc32(out[pos + 4 : end]))
        pos = end + 4
    return bytes(out)


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip, overwrite, delete or repeat some bytes, more often near the header."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        reach = len(out) if rng.random() < 0.5 else min(len(out), 120)
        at, length = int(rng.integers(0, reach)), int(rng.integers(1, 9))
        match rng.integers(0, 5):
            case 0:
                out[at] ^= 1 << int(rng.integers(0, 8))
            case 1:
                out[at : at + length] = rng.bytes(length)
            case 2:
                del out[at : at + length]
            case 3:
                out[at:at] = out[at : at + length] * int(rng.integers(1, 4))
            case 4:
                out[at : at + 4] = rng.choice(
                    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"]
                )
        out = out or bytearray(b"\0")
    return resealed(bytes(out)) if data.startswith(b"\x89PNG") else bytes(out)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_mutated_files_give_a_picture_or_a_sentence(name):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for _ in range(40):
        try:
            decoded = decode(mutate(SAMPLES[name], rng), max_pixels=1_000_000)
        except UserError:
            continue
        assert decoded.pixels.dtype == np.uint8
        assert decoded.pixels.ndim == 3
        assert decoded.pixels.shape[2] in (1, 3)
        assert decoded.alpha is None or decoded.alpha.shape == decoded.pixels.shape[:2]
