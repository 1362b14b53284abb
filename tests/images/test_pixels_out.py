"""PNG for people and the thumbnail sheet of a model file."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from aeviz.errors import UserError
from aeviz.images import decode, decode_sprite, encode_png, encode_sprite


@pytest.mark.parametrize("channels", [1, 3])
def test_png_round_trip_of_bytes_and_floats(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), dtype=np.uint8)
    np.testing.assert_array_equal(decode(encode_png(pixels)).pixels, pixels)
    x = torch.from_numpy(pixels).permute(2, 0, 1) / 255
    np.testing.assert_array_equal(decode(encode_png(x)).pixels, pixels)
    np.testing.assert_array_equal(decode(encode_png(x.numpy())).pixels, pixels)


def test_png_clips_and_takes_half_precision():
    x = torch.tensor([[[-1.0, 2.0, float("nan"), 0.5]]], dtype=torch.bfloat16)
    assert decode(encode_png(x)).pixels[0, :, 0].tolist() == [0, 255, 0, 128]


@pytest.mark.parametrize(
    "x", [np.zeros((2, 2)), np.zeros((2, 2, 2), np.uint8), torch.zeros(3, 0, 4)]
)
def test_png_of_no_image(x):
    with pytest.raises(ValueError, match="cannot be a PNG"):
        encode_png(x)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 17])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 9), (1, 1, 1)])
def test_sprite_round_trip(count, shape):
    images = torch.randint(0, 256, (count, *shape), dtype=torch.uint8)
    assert torch.equal(decode_sprite(encode_sprite(images), count, shape), images)


def test_sprite_is_a_row_major_near_square_webp():
    images = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1).expand(5, 1, 2, 3)
    sheet = Image.open(io.BytesIO(encode_sprite(images)))
    assert sheet.format == "WEBP"
    assert sheet.size == (9, 4)  # 3 columns, 2 rows
    cells = np.array(sheet)[::2, ::3, 0]
    assert cells.tolist() == [[0, 1, 2], [3, 4, 0]]


def test_sprite_wider_than_webp_allows_is_png():
    images = torch.randint(0, 256, (2, 1, 1, 9000), dtype=torch.uint8)
    data = encode_sprite(images)
    assert data.startswith(b"\x89PNG")
    assert torch.equal(decode_sprite(data, 2, (1, 1, 9000)), images)


@pytest.mark.parametrize(
    ("count", "shape"),
    [(5, (1, 8, 8)), (4, (1, 8, 9)), (4, (2, 8, 8)), (-1, (1, 8, 8)), (0, (1, 8, 8)),
     (4, (1, 0, 8)), (10**12, (1, 8, 8)), (1, (1, 10**6, 10**6))],
)  # fmt: skip
def test_sprite_mismatch_is_refused(count, shape):
    data = encode_sprite(torch.zeros(4, 1, 8, 8, dtype=torch.uint8))
    with pytest.raises(UserError):
        decode_sprite(data, count, shape)


def test_sprite_bomb_is_refused_by_its_header():
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(UserError, match="9,000 x 9,000"):
        decode_sprite(bomb, 4, (1, 8, 8))
    with pytest.raises(UserError):
        decode_sprite(b"", 4, (1, 8, 8))


def test_sprite_of_the_wrong_type():
    with pytest.raises(ValueError, match="make no sheet"):
        encode_sprite(torch.zeros(4, 1, 8, 8))
