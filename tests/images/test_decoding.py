"""Valid images of every kind are read correctly: pixel values computed by hand."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, features

from aeviz.images import decode

GREY = np.array([[0, 50, 100], [150, 200, 255]], np.uint8)
COLOUR = np.stack([GREY, 255 - GREY, GREY // 2], axis=2)


def saved(im: Image.Image | np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    (im if isinstance(im, Image.Image) else Image.fromarray(im)).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_colour_comes_back_exactly_and_without_a_word(kind):
    decoded = decode(saved(COLOUR, kind, **({"lossless": True} if kind == "WEBP" else {})))
    np.testing.assert_array_equal(decoded.pixels, COLOUR)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.alpha is None
    assert decoded.notes == ()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_grey_stays_one_channel(kind):
    np.testing.assert_array_equal(decode(saved(GREY, kind)).pixels[:, :, 0], GREY)
    assert decode(saved(GREY, kind)).pixels.shape == (2, 3, 1)


@pytest.mark.parametrize("codec", ["raw", "tiff_lzw", "tiff_deflate", "packbits"])
def test_tiff_codecs(codec):
    decoded = decode(saved(COLOUR, "TIFF", compression=codec))
    np.testing.assert_array_equal(decoded.pixels, COLOUR)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (17, 33)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    "options", [{}, {"quality": 95, "subsampling": 0}, {"progressive": True},
                {"restart_marker_blocks": 2}],
)  # fmt: skip
def test_jpeg_equals_pillow_at_every_size_and_layout(size, mode, options):
    noise = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    data = saved(Image.fromarray(noise).convert(mode), "JPEG", **options)
    expected = np.array(Image.open(io.BytesIO(data))).reshape(*size[::-1], -1)
    np.testing.assert_array_equal(decode(data).pixels, expected)
    np.testing.assert_array_equal(decode(data + b"appended by a camera").pixels, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_orientation_matches_exif_transpose(kind, orientation):
    im = Image.fromarray(COLOUR)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(im, kind, exif=exif, **options)
    if kind == "TIFF":
        expected = Image.open(io.BytesIO(data))
        expected.load()
    else:
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    decoded = decode(data)
    np.testing.assert_array_equal(decoded.pixels, np.array(expected))
    turned = ("Turned upright by its EXIF orientation.",)
    assert decoded.notes == (turned if orientation > 1 else ())


def test_orientation_six_by_hand():
    """6: the stored left column is the upright picture's top row, read upwards."""
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = decode(saved(GREY, "PNG", exif=exif)).pixels[:, :, 0]
    assert pixels.tolist() == [[150, 0], [200, 50], [255, 100]]


def test_alpha_is_kept_and_composed_onto_white():
    rgba = np.array([[[200, 0, 0, 0], [200, 0, 0, 255], [100, 0, 55, 51]]], np.uint8)
    decoded = decode(saved(rgba, "PNG"))
    # 51/255 = 1/5: 255 + (v - 255) / 5
    assert decoded.pixels.tolist() == [[[255, 255, 255], [200, 0, 0], [224, 204, 215]]]
    assert decoded.alpha.tolist() == [[0, 255, 51]]
    assert decoded.notes == ("Transparent parts are shown on white.",)


def test_grey_with_alpha():
    la = Image.fromarray(np.array([[[10, 255], [10, 0]]], np.uint8), "LA")
    decoded = decode(saved(la, "PNG"))
    assert decoded.pixels.tolist() == [[[10], [255]]]
    assert decoded.alpha.tolist() == [[255, 0]]


def test_opaque_alpha_is_no_alpha():
    assert decode(saved(np.full((2, 2, 4), 255, np.uint8), "PNG")).alpha is None


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 255])])
def test_palette_with_transparency(transparency):
    im = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    im.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    decoded = decode(saved(im, "PNG", transparency=transparency))
    assert decoded.pixels.tolist() == [[[255, 0, 0], [255, 255, 255], [0, 0, 255]]]
    assert decoded.alpha.tolist() == [[255, 0, 255]]


def test_transparent_colour_key_of_a_colour_png():
    decoded = decode(saved(COLOUR, "PNG", transparency=tuple(COLOUR[0, 1].tolist())))
    assert (decoded.alpha == 0).tolist() == [[False, True, False], [False, False, False]]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_one_bit(kind):
    im = Image.fromarray(np.array([[0, 255, 0], [255, 255, 0]], np.uint8)).convert("1")
    assert decode(saved(im, kind)).pixels[:, :, 0].tolist() == [[0, 255, 0], [255, 255, 0]]


def test_sixteen_bit_grey_png_is_scaled_not_clipped():
    deep = np.array([[0, 257, 128, 129, 32768, 65535]], np.uint16)
    decoded = decode(saved(deep, "PNG"))
    assert decoded.pixels[0, :, 0].tolist() == [0, 1, 0, 1, 128, 255]
    assert decoded.notes == ("16-bit image reduced to 8 bits.",)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bit_grey_tiff_of_either_byte_order(order):
    mode = "I;16" if order == "<" else "I;16B"
    im = Image.frombytes(mode, (3, 1), struct.pack(order + "3H", 0, 32768, 65535))
    assert decode(saved(im, "TIFF")).pixels[0, :, 0].tolist() == [0, 128, 255]


def test_thirty_two_bit_integers():
    def row(*values: int) -> list[int]:
        return decode(saved(np.array([values], np.int32), "TIFF")).pixels[0, :, 0].tolist()

    assert row(0, 7, 255) == [0, 7, 255]
    assert row(0, 257, 65535) == [0, 1, 255]
    assert row(-100, 0, 155) == [0, 100, 255]


@pytest.mark.parametrize(
    ("values", "expected", "note"),
    [
        ([0, 0.5, 1], [0, 128, 255], "to 8 bits."),
        ([0, 99.6, 255], [0, 100, 255], "to 8 bits."),
        ([-1, 0, 1], [0, 128, 255], "-1 to 1 were stretched"),
        ([1000, 1500, 2000], [0, 128, 255], "1000 to 2000 were stretched"),
        ([0, np.nan, 1], [0, 0, 255], "NaN and infinite values"),
        ([300, 300, 300], [0, 0, 0], "300 to 300"),
        ([-3e38, 0, 3e38], [0, 128, 255], "stretched"),
    ],
)
def test_floating_point_tiff(values, expected, note):
    decoded = decode(saved(np.array([values], np.float32), "TIFF"))
    assert decoded.pixels[0, :, 0].tolist() == expected
    assert note in decoded.notes[0]


def test_cmyk_jpeg_has_its_inks_the_right_way_round():
    for cmyk, near in [((0, 0, 0, 0), 255), ((0, 0, 0, 255), 0)]:
        decoded = decode(saved(Image.new("CMYK", (8, 8), cmyk), "JPEG"))
        assert np.abs(decoded.pixels.astype(int) - near).max() <= 2
        assert decoded.notes == ("Converted from CMYK.",)
    red = decode(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")).pixels[4, 4]
    assert red[0] > 250
    assert red[1:].max() < 5


def test_animations_give_their_first_frame_and_say_so():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "green", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "TIFF"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        decoded = decode(data)
        assert (decoded.pixels == [255, 0, 0]).all(), kind
        assert decoded.notes == ("Only the first of 3 frames is used.",), kind


def gamma_profile() -> bytes:
    """sRGB's profile with its curves replaced by a straight line: linear light."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for i in range(struct.unpack_from(">I", profile, 128)[0]):
        tag, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * i)
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            struct.pack_into(">4sII", profile, offset, b"curv", 0, 0)  # no entries: identity
        elif tag == b"desc":
            start = bytes(profile).index("sRGB".encode("utf-16-be"), offset)
            profile[start : start + 8] = "line".encode("utf-16-be")
    return bytes(profile)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_colour_profile_is_honoured(kind):
    assert features.check("littlecms2")
    options = {"lossless": True} if kind == "WEBP" else {}
    im = Image.new("RGB", (2, 2), (55, 55, 55))
    decoded = decode(saved(im, kind, icc_profile=gamma_profile(), **options))
    # linear 55/255 = 0.2157 -> 1.055 * 0.2157 ** (1 / 2.4) - 0.055 = 0.502 -> 128 (IEC 61966-2-1)
    assert np.abs(decoded.pixels.astype(int) - 128).max() <= 1
    assert decoded.notes == ("Colours converted to sRGB by the file's own profile.",)


def test_srgb_profile_changes_no_pixel():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = decode(saved(COLOUR, "PNG", icc_profile=profile))
    np.testing.assert_array_equal(decoded.pixels, COLOUR)
    assert decoded.notes == ()


@pytest.mark.parametrize("im", [COLOUR, GREY])
def test_broken_profile_is_ignored_with_a_note(im):
    decoded = decode(saved(im, "PNG", icc_profile=b"not a profile" * 20))
    np.testing.assert_array_equal(decoded.pixels.squeeze(), im)
    assert decoded.notes == ("The file's colour profile could not be used and was ignored.",)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # by Pillow
def test_broken_exif_leaves_the_picture_as_it_is():
    decoded = decode(saved(COLOUR, "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"))
    np.testing.assert_array_equal(decoded.pixels, COLOUR)
