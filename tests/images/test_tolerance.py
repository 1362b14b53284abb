"""Imperfect real-world files: what every viewer reads is read here, too, with the same result."""

import io
import struct
import zlib

import numpy as np
import pytest
from fuzzing import bmp_fields
from PIL import Image, ImageCms

from aeviz.errors import UserError
from aeviz.images import decode, read_photo
from aeviz.images.png import make_chunk

RNG = np.random.default_rng(2)
NOISE = RNG.integers(0, 256, (24, 40, 3), dtype=np.uint8)


def saved(pixels: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


# ---- JPEG ----------------------------------------------------------------------------------------

JPEG = saved(NOISE, "JPEG")
TABLE = JPEG.index(b"\xff\xdb")


@pytest.mark.parametrize(
    "data",
    [
        JPEG[:TABLE] + b"\0stray\0" + JPEG[TABLE:],
        JPEG[:2] + b"\xff\xfe\0\x05abc" + bytes(6) + JPEG[2:],  # after a comment
        JPEG[:2] + b"\xff\xee\0\x0dAdobe\0\x64\0\0\0\0\0" + JPEG[2:],  # APP14, its length one short
        JPEG[:2] + b"\xff\xed\0\0" + JPEG[2:],  # an invalid length
        JPEG[:2] + b"\xff\xe0\0\x07JFIF\0" + JPEG[2:],
        JPEG[:2] + b"\xff\xe2\0\x0eICC_PROFILE\0" + JPEG[2:],
        JPEG[:TABLE] + b"\xff\xd0\xff\x01" + JPEG[TABLE:],  # markers that stand alone
        JPEG[:TABLE] + b"\xff\0" * 50_000 + JPEG[TABLE:],
    ],
)
def test_jpeg_with_stray_bytes_between_its_segments(data):
    np.testing.assert_array_equal(decode(data).pixels, decode(JPEG).pixels)
    with pytest.raises(UserError):
        decode(data[: len(data) * 3 // 4])


# ---- AVIF and JPEG 2000 --------------------------------------------------------------------------


def test_avif_as_pillow_reads_it():
    data = saved(NOISE, "AVIF")
    expected = np.array(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(decode(data).pixels, expected)
    alpha = decode(saved(np.dstack([NOISE, NOISE[:, :, 0]]), "AVIF", quality=100)).alpha
    assert np.abs(alpha.astype(int) - NOISE[:, :, 0]).max() < 8


def test_moving_avif_gives_its_first_frame_and_says_so():
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "green", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "AVIF", save_all=True, append_images=frames[1:])
    decoded = decode(buffer.getvalue())
    assert decoded.pixels[8, 8, 0] > 240
    assert decoded.notes == ("Only the first of 3 frames is used.",)


def test_avif_turned_by_its_boxes():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(saved(NOISE, "AVIF", exif=exif)).pixels.shape == (40, 24, 3)


@pytest.mark.parametrize("where", [b"ispe", b"mdat"])
def test_avif_that_is_larger_than_allowed(where):
    """Whether its box declares the size, or only the coded data."""
    data = saved(np.zeros((300, 300, 3), np.uint8), "AVIF")
    with pytest.raises(UserError, match="300 x 300"):
        decode(data, max_pixels=299 * 300)
    if where == b"mdat":
        at = data.index(b"ispe") + 8
        data = data[:at] + struct.pack(">II", 8, 8) + data[at + 8 :]
        with pytest.raises(UserError, match="300 x 300"):
            decode(data, max_pixels=299 * 300)


@pytest.mark.parametrize("no_jp2", [True, False])
def test_jpeg_2000(no_jp2):
    np.testing.assert_array_equal(decode(saved(NOISE, "JPEG2000", no_jp2=no_jp2)).pixels, NOISE)
    deep = RNG.integers(0, 65536, (9, 12), dtype=np.uint16)
    photo = read_photo(saved(deep, "JPEG2000", no_jp2=no_jp2))
    np.testing.assert_array_equal(photo.pixels[:, :, 0], deep)


def test_jpeg_2000_larger_than_allowed_or_of_endless_precincts():
    data = bytearray(saved(NOISE, "JPEG2000", no_jp2=True))
    with pytest.raises(UserError, match="40 x 24"):
        decode(bytes(data), max_pixels=959)
    at = data.index(b"\xff\x52")
    length = struct.unpack_from(">H", data, at + 2)[0]
    levels = data[at + 9]
    data[at + 4] |= 1  # precincts of one pixel, in 65,535 layers
    struct.pack_into(">H", data, at + 6, 65_535)
    struct.pack_into(">H", data, at + 2, length + levels + 1)
    data[at + 2 + length : at + 2 + length] = bytes(levels + 1)
    with pytest.raises(UserError, match="cannot be read"):
        decode(bytes(data))


def test_heic_without_its_plugin_and_films():
    with pytest.raises(UserError, match="HEIC files cannot be read on this server"):
        decode(b"\0\0\0\x18ftypheic" + bytes(4) + b"mif1heic" + bytes(40))
    with pytest.raises(UserError, match="Video"):
        decode(b"\0\0\0\x14ftypisom" + bytes(4) + b"mp42" + bytes(40))


# ---- BMP -----------------------------------------------------------------------------------------


def test_bmp_of_four_bits_a_channel():
    values = np.array([[0xF123, 0x8FFF], [0x0000, 0xF0F0]], np.uint16)
    decoded = decode(bmp_fields(values, (0xF00, 0xF0, 0xF, 0xF000)))
    assert decoded.alpha.tolist() == [[255, 136], [0, 255]]
    assert decoded.pixels[0, 0].tolist() == [17, 34, 51]
    assert decode(bmp_fields(values, (0xF00, 0xF0, 0xF, 0))).alpha is None


def test_bmp_whose_alpha_is_empty_is_opaque():
    values = np.full((2, 2), 0x0FFF, np.uint16)
    decoded = decode(bmp_fields(values, (0xF00, 0xF0, 0xF, 0xF000)))
    assert decoded.alpha is None
    assert (decoded.pixels == 255).all()


@pytest.mark.parametrize("masks", [(0xF800, 0x7C0, 0x3E, 1), (0xE000, 0x1C00, 0x300, 0)])
def test_bmp_of_any_masks(masks):
    full = np.full((2, 2), masks[0] | masks[3], np.uint16)
    assert decode(bmp_fields(full, masks)).pixels[1, 1].tolist() == [255, 0, 0]
    with pytest.raises(UserError):
        decode(bmp_fields(full, masks)[:-1])
    with pytest.raises(UserError):
        decode(bmp_fields(full, (0x5, 0xF0, 0xF00, 0)))  # bits that do not lie together


# ---- orientation ---------------------------------------------------------------------------------

XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def with_chunks(*chunks: tuple[bytes, bytes], pixels: np.ndarray = NOISE) -> bytes:
    data = saved(pixels, "PNG")
    return data[:33] + b"".join(make_chunk(*chunk) for chunk in chunks) + data[33:]


@pytest.mark.parametrize(
    "body", [b"\0\0\0\0" + XMP, b"\1\0\0\0" + zlib.compress(XMP), b"\0\0en\0x\0" + XMP]
)
def test_png_orientation_in_xmp(body):
    decoded = decode(with_chunks((b"iTXt", b"XML:com.adobe.xmp\0" + body)))
    np.testing.assert_array_equal(decoded.pixels, np.rot90(NOISE, -1))
    assert decoded.notes == ("Turned upright by its XMP orientation.",)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_orientation_in_xmp_of_other_formats(kind):
    xmp = XMP.replace(b'tiff:Orientation="6"/>', b"><tiff:Orientation>6</tiff:Orientation>")
    assert decode(saved(NOISE, kind, xmp=xmp)).pixels.shape == (40, 24, 3)
    exif = Image.Exif()
    exif[0x0112] = 3  # which goes before XMP
    assert decode(saved(NOISE, kind, xmp=xmp, exif=exif)).pixels.shape == (24, 40, 3)


# ---- colours -------------------------------------------------------------------------------------

MIDDLE = np.full((2, 2, 3), 128, np.uint8)
GAMMA_1 = (b"gAMA", struct.pack(">I", 100_000))
SRGB = (b"sRGB", b"\0")
P3 = (b"cICP", bytes([12, 13, 0, 1]))
LIGHTER = "Colours converted to sRGB by the file's own colour values."


def linear_profile() -> bytes:
    """sRGB's primaries and name with straight curves."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for i in range(struct.unpack_from(">I", profile, 128)[0]):
        tag, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            struct.pack_into(">4sII", profile, offset, b"curv", 0, 0)
    return bytes(profile)


def test_a_linear_profile_that_is_called_srgb():
    """128 / 255 of light is 188 in sRGB: 1.055 * 0.502 ** (1 / 2.4) - 0.055 = 0.7366."""
    data = saved(MIDDLE, "PNG", icc_profile=linear_profile())
    assert np.abs(decode(data).pixels.astype(int) - 188).max() <= 1


def test_gamma_of_a_png():
    decoded = decode(with_chunks(GAMMA_1, pixels=MIDDLE))
    assert (decoded.pixels == 188).all()
    assert decoded.notes == (LIGHTER,)
    grey = decode(with_chunks(GAMMA_1, pixels=MIDDLE[:, :, 0]))
    assert grey.pixels.shape == (2, 2, 1)
    assert (grey.pixels == 188).all()
    deep = read_photo(with_chunks(GAMMA_1, pixels=np.full((2, 2), 32_896, np.uint16)))
    assert np.abs(deep.pixels.astype(int) - 188 * 257).max() < 257


def test_the_usual_gamma_and_its_chromaticities_change_nothing():
    points = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    chunks = (b"gAMA", struct.pack(">I", 45_455)), (b"cHRM", struct.pack(">8I", *points))
    decoded = decode(with_chunks(*chunks))
    np.testing.assert_array_equal(decoded.pixels, NOISE)
    assert decoded.notes == ()


def test_display_p3_in_numbers():
    """The values are those of Chrome and lcms."""
    colour = np.full((2, 2, 3), (200, 60, 0), np.uint8)
    assert decode(with_chunks(P3, pixels=colour)).pixels[0, 0].tolist() == [217, 42, 0]
    points = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    by_points = (b"gAMA", struct.pack(">I", 45_455)), (b"cHRM", struct.pack(">8I", *points))
    found = decode(with_chunks(*by_points, pixels=colour)).pixels[0, 0].astype(int)
    assert np.abs(found - (217, 42, 0)).max() <= 6


@pytest.mark.parametrize(
    ("chunks", "value"),
    [
        ((GAMMA_1, SRGB), 128),  # sRGB goes before gAMA
        ((SRGB, (b"cICP", bytes([1, 8, 0, 1]))), 188),  # cICP before all
        ((GAMMA_1, (b"cICP", bytes([1, 13, 0, 1]))), 128),
        ((GAMMA_1, (b"cICP", bytes([200, 200, 0, 1]))), 188),  # of unknown numbers: the next
        (((b"gAMA", struct.pack(">I", 0)),), 128),
        ((GAMMA_1, (b"cHRM", bytes(32))), 128),  # chromaticities that cannot be
        ((GAMMA_1, (b"cHRM", b"\1")), 188),
    ],
)
def test_the_order_of_the_png_specification(chunks, value):
    assert np.abs(decode(with_chunks(*chunks, pixels=MIDDLE)).pixels.astype(int) - value).max() <= 1


def test_a_profile_goes_before_gamma_and_after_cicp():
    profile = b"name\0\0" + zlib.compress(linear_profile())
    chunks = [(b"iCCP", profile), (b"gAMA", struct.pack(">I", 45_455)), SRGB]
    assert decode(with_chunks(*chunks, pixels=MIDDLE)).pixels[0, 0, 0] == 188
    chunks.append((b"cICP", bytes([1, 13, 0, 1])))
    assert decode(with_chunks(*chunks, pixels=MIDDLE)).pixels[0, 0, 0] == 128


@pytest.mark.parametrize("transfer", [1, 4, 5, 8, 13, 16, 18])
@pytest.mark.parametrize("primaries", [1, 4, 5, 6, 9, 11, 12, 22])
def test_grey_stays_grey_and_black_black_in_all_colours_in_numbers(primaries, transfer):
    grey = np.repeat(np.arange(0, 256, 5, dtype=np.uint8)[None, :, None], 3, axis=2)
    chunk = (b"cICP", bytes([primaries, transfer, 0, 1]))
    found = decode(with_chunks(chunk, pixels=grey)).pixels.astype(int)
    assert np.ptp(found, axis=2).max() <= 1
    assert found[0, 0].max() == 0
    assert found[0, -1].min() >= 254
    assert (np.diff(found[0, :, 0]) >= 0).all()
