import struct

import numpy as np
import pytest

from aeviz.server.live import protocol
from aeviz.server.live.protocol import BadMessageError, Op, Shape

GREY = Shape((1, 2, 3), latent_dim=2)
COLOUR = Shape((3, 2, 2), latent_dim=5)


def message(op: int, values: list[float], request_id: int = 7, padding: bytes = b"\0\0\0") -> bytes:
    return struct.pack("<IB", request_id, op) + padding + struct.pack(f"<{len(values)}f", *values)


def test_a_decode_is_read_as_codes_row_by_row() -> None:
    request = protocol.parse(message(0, [1, 2, 3, 4], request_id=2**32 - 1), GREY)
    assert (request.id, request.op, request.rows) == (2**32 - 1, Op.DECODE, 2)
    np.testing.assert_array_equal(request.values, [[1, 2], [3, 4]])


def test_an_encode_is_read_as_height_width_channels() -> None:
    values = [i / 12 for i in range(12)]
    request = protocol.parse(message(1, values), COLOUR)
    assert request.op is Op.ENCODE
    assert request.values.shape == (1, 2, 2, 3)
    assert request.values[0, 1, 0, 2] == np.float32(8 / 12)


def test_a_reply_is_a_header_and_room_for_pixels() -> None:
    request = protocol.parse(message(0, [1, 2, 3, 4], request_id=5), GREY)
    reply = protocol.start_decode_reply(request, GREY.image_bytes)
    assert reply == b"\5\0\0\0" + b"\0\0\0\0" + bytes(2 * GREY.image_bytes)
    assert len(reply) == protocol.reply_bytes(request, GREY)


def test_the_length_of_an_encodes_reply_is_known() -> None:
    request = protocol.parse(message(1, [i / 12 for i in range(12)]), COLOUR)
    code, pixels = np.zeros(COLOUR.latent_dim, np.float32), np.zeros(COLOUR.pixels, np.uint8)
    reply = protocol.pack_encoded(request.id, code, pixels)
    assert len(reply) == protocol.reply_bytes(request, COLOUR)


def test_large_images_allow_fewer_codes() -> None:
    """16 MiB: a reply of 86 images of 256 x 256 in colour, and a header, are the most."""
    large = Shape((3, 256, 256), 1)
    assert large.max_codes == 85
    assert len(protocol.parse(message(0, [0.0] * 85), large).values) == 85
    with pytest.raises(BadMessageError, match="1 to 85 codes, this has 86"):
        protocol.parse(message(0, [0.0] * 86), large)


def test_an_encoded_reply_is_header_code_pixels() -> None:
    code = np.array([1.5, -2], np.float32)
    pixels = np.array([[[9]]], np.uint8)
    expected = struct.pack("<IB3x2fB", 258, 1, 1.5, -2.0, 9)
    assert protocol.pack_encoded(258, code, pixels) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "8 bytes"),
        (b"\1\0\0\0\0\0\0", "8 bytes"),
        (message(0, []), "1 to 1024 codes"),
        (message(0, [1, 2, 3]), "whole codes of 8 bytes"),
        (message(0, [0.0] * 2 * 1025), "1 to 1024 codes"),
        (message(0, [1, float("nan")]), "NaN"),
        (message(0, [float("inf"), 1]), "infinity"),
        (message(0, [1, 2], padding=b"\0\1\0"), "must be zero"),
        (message(2, [1, 2]), "unknown operation 2"),
        (message(1, [0.5] * 5), "one 2 x 3 x 1 float32 image"),
        (message(1, [0.5] * 7), "one 2 x 3 x 1 float32 image"),
        (message(1, [0.5] * 5 + [1.01]), "between 0 and 1"),
        (message(1, [0.5] * 5 + [float("nan")]), "between 0 and 1"),
    ],
)
def test_bad_messages_are_named(data: bytes, reason: str) -> None:
    with pytest.raises(BadMessageError, match=reason):
        protocol.parse(data, GREY)


def test_the_largest_decode_is_accepted() -> None:
    assert protocol.parse(message(0, [0.0] * 2 * 1024), GREY).rows == 1024


def test_a_close_reason_fits_a_control_frame_and_stays_text() -> None:
    cut = protocol.close_reason("é" * 200)
    assert len(cut.encode()) <= 123
    assert set(cut) == {"é"}
