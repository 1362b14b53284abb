"""Images from outside: safe decoding, fitting to a model, encoding, safe file names."""

from aeviz.images.decoding import MAX_BYTES, NOT_AN_IMAGE, Decoded, decode
from aeviz.images.encoding import decode_sprite, encode_png, encode_sprite, through_jpeg
from aeviz.images.fitting import to_tensor
from aeviz.images.names import safe_name
from aeviz.images.photo import Photo, read_photo, view_bytes, write_photo
from aeviz.images.window import Span, Window

__all__ = [
    "MAX_BYTES",
    "NOT_AN_IMAGE",
    "Decoded",
    "Photo",
    "Span",
    "Window",
    "decode",
    "decode_sprite",
    "encode_png",
    "encode_sprite",
    "read_photo",
    "safe_name",
    "through_jpeg",
    "to_tensor",
    "view_bytes",
    "write_photo",
]
