"""The one door for pixels from outside: safe decoding, fitting to a model, encoding, file names."""

from aeviz.images.decoding import MAX_BYTES, Decoded, decode
from aeviz.images.encoding import decode_sprite, encode_png, encode_sprite
from aeviz.images.fitting import to_tensor
from aeviz.images.names import safe_name

__all__ = [
    "MAX_BYTES",
    "Decoded",
    "decode",
    "decode_sprite",
    "encode_png",
    "encode_sprite",
    "safe_name",
    "to_tensor",
]
