"""Photographs: round trips are exact, and 16 bits stay 16 bits."""

import io
import itertools
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from aeviz.errors import UserError
from aeviz.images import Photo, decode, read_photo, view_bytes, write_photo
from aeviz.images.png import SIGNATURE, make_chunk
from tests.images.test_decoding import gamma_profile, saved

RNG = np.random.default_rng(7)


def noise(shape: tuple[int, ...], dtype: type = np.uint16) -> np.ndarray:
    return RNG.integers(0, np.iinfo(dtype).max, shape, dtype=dtype)  # never opaque


def same(a: Photo, b: Photo) -> None:
    for one, other in ((a.pixels, b.pixels), (a.alpha, b.alpha)):
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)


def tiff(
    samples: np.ndarray, order: str = "<", packed: bool = False, planes: bool = False,
    extra: int | None = None, photometric: int | None = None, icc: bytes = b"",
) -> bytes:  # fmt: skip
    """A TIFF of one strip, or one for each plane, of uint8 or uint16 (H, W, C)."""
    height, width, channels = samples.shape
    stored = samples.astype(samples.dtype.newbyteorder(order))
    strips = [stored[:, :, c].tobytes() for c in range(channels)] if planes else [stored.tobytes()]
    strips = [zlib.compress(strip) for strip in strips] if packed else strips
    body, offsets = bytearray(8), []
    for strip in strips:
        offsets.append(len(body))
        body += strip
    tags = {
        256: ("I", [width]), 257: ("I", [height]), 258: ("H", [8 * samples.itemsize] * channels),
        259: ("H", [8 if packed else 1]), 273: ("I", offsets), 277: ("H", [channels]),
        262: ("H", [photometric if photometric is not None else 2 if channels > 2 else 1]),
        278: ("I", [height]), 279: ("I", [len(strip) for strip in strips]),
        284: ("H", [2 if planes else 1]),
    }  # fmt: skip
    if extra is not None:
        tags[338] = ("H", [extra])
    if icc:
        tags[34675] = ("B", list(icc))
    entries = b""
    for tag, (kind, values) in sorted(tags.items()):
        value = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(value) > 4:
            body += bytes(len(body) % 2)
            value, at = struct.pack(order + "I", len(body)), value
            body += at
        code = {"B": 7, "H": 3, "I": 4}[kind]
        entries += struct.pack(order + "HHI", tag, code, len(values)) + value.ljust(4, b"\0")
    body += bytes(len(body) % 2)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    body[:8] = magic + struct.pack(order + "I", len(body))
    return bytes(body) + struct.pack(order + "H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (17, 33), (300, 2000)])
@pytest.mark.parametrize(
    ("dtype", "channels", "transparent"),
    [*itertools.product([np.uint8, np.uint16], [1, 3], [False, True])],
)
def test_what_is_written_is_read_back_exactly(dtype, channels, transparent, size):
    alpha = noise(size, dtype) if transparent else None
    photo = Photo(noise((*size, channels), dtype), alpha)
    again = read_photo(write_photo(photo))
    same(again, photo)
    assert again.notes == ()


def test_a_photo_that_is_a_view_of_another_array_is_written_too():
    photo = Photo(noise((20, 30, 3))[::-1, ::2].swapaxes(0, 1))
    same(read_photo(write_photo(photo)), photo)


def test_another_reader_reads_what_is_written():
    photo = Photo(noise((20, 30, 3), np.uint8), noise((20, 30), np.uint8))
    both = np.array(Image.open(io.BytesIO(write_photo(photo))))
    np.testing.assert_array_equal(both[:, :, :3], photo.pixels)
    np.testing.assert_array_equal(both[:, :, 3], photo.alpha)


def test_no_metadata_is_written():
    exif = Image.Exif()
    exif[0x010F] = "SECRET MAKER"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 0.0)
    data = saved(Image.new("RGB", (8, 8)), "JPEG", exif=exif, comment=b"SECRET PLACE")
    assert b"SECRET" in data
    written = write_photo(read_photo(data))
    kinds, at = [], len(SIGNATURE)
    while at < len(written):
        kinds.append(written[at + 4 : at + 8])
        at += 12 + struct.unpack_from(">I", written, at)[0]
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("channels", "extra"), [(1, None), (3, None), (4, 2), (4, 0)])
def test_sixteen_bit_tiff_stays_so(channels, extra, packed, order):
    samples = noise((6, 9, channels))
    photo = read_photo(tiff(samples, order, packed, extra=extra))
    same(photo, Photo(samples[:, :, : min(channels, 3)], samples[:, :, 3] if extra == 2 else None))
    assert photo.notes == ()


def test_sixteen_bit_tiff_multiplied_by_alpha_is_divided():
    samples = np.array([[[32768, 16384, 0, 32768], [0, 0, 0, 0], [9, 8, 7, 65535]]], np.uint16)
    photo = read_photo(tiff(samples, extra=1))
    # 16384 / 32768 of 65535 is 32767.5
    assert photo.pixels.tolist() == [[[65535, 32768, 0], [0, 0, 0], [9, 8, 7]]]
    assert photo.alpha.tolist() == [[32768, 0, 65535]]


def test_white_is_zero_in_sixteen_bits():
    samples = noise((4, 5, 1))
    np.testing.assert_array_equal(read_photo(tiff(samples, photometric=0)).pixels, 65535 - samples)


@pytest.mark.parametrize("planes", [3, 4])
def test_tiff_of_planes_is_right_or_refused(planes):
    extra = 2 if planes == 4 else None
    shallow, deep = noise((6, 9, planes), np.uint8), noise((6, 9, planes))
    for packed in (False, True):
        photo = read_photo(tiff(shallow, packed=packed, planes=True, extra=extra))
        np.testing.assert_array_equal(photo.pixels, shallow[:, :, :3])
    photo = read_photo(tiff(deep, packed=True, planes=True, extra=extra))
    np.testing.assert_array_equal(photo.pixels, deep[:, :, :3] >> 8)
    assert photo.notes == ("16-bit image reduced to 8 bits.",)
    with pytest.raises(UserError):  # Pillow takes these apart wrongly
        read_photo(tiff(deep, planes=True, extra=extra))
    missing = bytearray(tiff(shallow, planes=True, extra=extra))
    at = struct.unpack_from("<I", missing, 4)[0] + 2
    for entry in range(at, at + 12 * 10, 12):
        if struct.unpack_from("<H", missing, entry)[0] in (273, 279):
            struct.pack_into("<I", missing, entry + 4, planes - 1)  # the last plane stays black
    with pytest.raises(UserError):
        read_photo(bytes(missing))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bit_png_interlaced(channels):
    """One pixel: Adam7's first pass is all there is."""
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = make_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, colour, 0, 0, 1))
    raw = b"\0" + struct.pack(f">{channels}H", *(300 * (c + 1) for c in range(channels)))
    pixels = make_chunk(b"IDAT", zlib.compress(raw))
    photo = read_photo(SIGNATURE + header + pixels + make_chunk(b"IEND", b""))
    values = [300 * (c + 1) for c in range(channels)]
    assert photo.pixels.tolist() == [[values[: 1 if channels < 3 else 3]]]
    assert photo.alpha is None if channels % 2 else photo.alpha.tolist() == [[values[-1]]]


@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_colour_of_a_deep_png_is_compared_in_full(channels):
    written = write_photo(Photo(np.array([[[256] * channels, [257] * channels]], np.uint16)))
    key = make_chunk(b"tRNS", struct.pack(f">{channels}H", *[257] * channels))
    photo = read_photo(written[:33] + key + written[33:])
    assert photo.pixels[0, :, 0].tolist() == [256, 257]
    assert photo.alpha.tolist() == [[65535, 0]]


def test_alpha_stays_beside_the_pixels():
    rgba = np.array([[[200, 0, 0, 0], [200, 0, 0, 255], [100, 0, 55, 51]]], np.uint8)
    photo = read_photo(saved(rgba, "PNG"))
    same(photo, Photo(rgba[:, :, :3], rgba[:, :, 3]))
    assert photo.notes == ()


def test_orientation_turns_alpha_and_sixteen_bits():
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = Photo(noise((3, 5, 3)), noise((3, 5)))
    written = write_photo(photo)
    for at in (33, len(written) - 12):  # before the pixels, and behind them
        turned = read_photo(written[:at] + make_chunk(b"eXIf", exif.tobytes()[6:]) + written[at:])
        same(turned, Photo(np.rot90(photo.pixels, -1), np.rot90(photo.alpha, -1)))
        assert turned.notes == ("Turned upright by its EXIF orientation.",)


def ramp(channels: int) -> np.ndarray:
    return np.stack([np.roll(np.arange(0, 65536, 13, np.uint16), 900 * c)[None] for c in
                     range(channels)], axis=2)  # fmt: skip


def widened_profile() -> bytes:
    """sRGB's profile with moved primaries, so that the matrix has an effect."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for i in range(struct.unpack_from(">I", profile, 128)[0]):
        tag, at, _ = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if tag == b"rXYZ":
            struct.pack_into(">i", profile, at + 8, int(0.5 * 65536))
        if tag == b"bXYZ":
            struct.pack_into(">i", profile, at + 8, int(0.08 * 65536))
        elif tag == b"desc":
            start = bytes(profile).index("sRGB".encode("utf-16-be"), at)
            profile[start : start + 8] = "wide".encode("utf-16-be")
    return bytes(profile)


@pytest.mark.parametrize("profile", [gamma_profile(), widened_profile()], ids=["linear", "wide"])
def test_a_deep_profile_is_applied_as_lcms_applies_it_to_eight_bits(profile):
    shallow = (ramp(3) // 257).astype(np.uint8)
    expected = read_photo(tiff(shallow, icc=profile)).pixels
    deep = read_photo(tiff(shallow.astype(np.uint16) * 257, icc=profile))
    assert deep.pixels.dtype == np.uint16
    assert np.abs(deep.pixels / 257 - expected).max() < 1
    assert deep.notes == ("Colours converted to sRGB by the file's own profile.",)
    assert not np.array_equal(expected, shallow)


def test_a_broken_profile_leaves_sixteen_bits_as_they_are():
    samples = noise((4, 5, 3))
    photo = read_photo(tiff(samples, icc=b"not a profile" * 20))
    np.testing.assert_array_equal(photo.pixels, samples)
    assert photo.notes == ("The file's colour profile could not be used and was ignored.",)


def test_a_table_profile_takes_eight_bits_and_says_so():
    profile = bytearray(gamma_profile())
    at = bytes(profile).index(b"chrm", 132)  # any tag that lcms does not need
    profile[at : at + 4] = b"A2B2"
    photo = read_photo(tiff(noise((4, 5, 4)), extra=2, icc=bytes(profile)))
    assert photo.pixels.dtype == photo.alpha.dtype == np.uint8
    assert any("16-bit image reduced to 8 bits" in note for note in photo.notes)


def test_floats_and_long_integers_become_sixteen_bits_where_they_need_them():
    def read(values: list, dtype: type) -> Photo:
        return read_photo(saved(np.array([values], dtype), "TIFF"))

    unit = read([0, 0.5, 1], np.float32)
    assert unit.pixels[0, :, 0].tolist() == [0, 32768, 65535]
    assert unit.notes == ("Floating-point image reduced to 16 bits.",)
    assert read([0, 7, 255], np.int32).pixels.dtype == np.uint8
    assert read([0, 7, 65535], np.int32).pixels[0, :, 0].tolist() == [0, 7, 65535]
    stretched = read([-100, 0, 155], np.int32)
    assert stretched.pixels[0, :, 0].tolist() == [0, 25700, 65535]
    assert "-100 to 155" in stretched.notes[0]


@pytest.mark.parametrize(
    ("im", "kind", "expected"),
    [
        (Image.new("CMYK", (2, 1), (0, 255, 255, 0)), "TIFF", [255, 0, 0]),
        (Image.new("1", (2, 1), 1), "TIFF", [255]),
        (Image.new("P", (2, 1), 0), "GIF", [0, 0, 0]),
    ],
)
def test_other_kinds(im, kind, expected):
    assert read_photo(saved(im, kind)).pixels.tolist() == [[expected] * 2]


def test_decode_is_the_same_picture_in_eight_bits_on_white():
    photo = Photo(noise((9, 7, 3)), noise((9, 7)))
    decoded = decode(write_photo(photo))
    a = photo.alpha[:, :, None] / 65535
    assert np.abs(decoded.pixels - (photo.pixels / 257 * a + 255 * (1 - a))).max() < 2
    assert decoded.notes[-1] == "Transparent parts are shown on white."


def test_the_view_is_a_small_png_or_a_jpeg_on_white():
    photo = Photo(np.full((40, 50, 3), 65535 // 2, np.uint16), np.zeros((40, 50), np.uint16))
    data, kind = view_bytes(photo)
    assert kind == "image/png"
    assert read_photo(data).pixels.dtype == np.uint8
    assert (read_photo(data).alpha == 0).all()
    data, kind = view_bytes(photo, max_png_pixels=1999)
    assert kind == "image/jpeg"
    with Image.open(io.BytesIO(data)) as im:
        assert im.layer[0][1:3] == (1, 1)  # 4:4:4
        assert np.array(im).min() == 255
    grey = Photo(np.full((40, 50, 1), 99, np.uint8))
    assert read_photo(view_bytes(grey, 1)[0]).pixels.shape == (40, 50, 1)


def test_the_view_of_a_side_longer_than_jpeg_can_say_is_a_png():
    data, kind = view_bytes(Photo(np.zeros((1, 70_000, 1), np.uint8)), max_png_pixels=10)
    assert kind == "image/png"
    assert read_photo(data).pixels.shape == (1, 70_000, 1)
