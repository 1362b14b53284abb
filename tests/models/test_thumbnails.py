"""Pictures inside a model file: PNG or WebP of the right size, or none at all."""

from __future__ import annotations

import io
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from small_models import pca_denoiser, save

from aeviz.errors import UserError
from aeviz.images import decode_sprite, encode_sprite
from aeviz.models import checkpoint, library, uploads
from aeviz.server.live import gallery


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty folders of this test's own; and no program may be started."""

    def never(*args: object, **more: object) -> None:
        raise AssertionError(f"a program was started: {args}")

    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(subprocess, "Popen", never)


def model_with(sprite: bytes, path: Path) -> bytes:
    """A complete model file of 300 images, except for its thumbnails."""
    save(path, pca_denoiser())
    loaded = checkpoint.load(path)
    assert loaded.gallery is not None
    changed = replace(loaded.gallery, sprite=sprite)
    return checkpoint.to_bytes(loaded.model, {}, changed)


def picture(kind: str, size: tuple[int, int] = (144, 136)) -> bytes:
    file = io.BytesIO()
    Image.new("L", size).save(file, kind)
    return file.getvalue()


def png_bomb() -> bytes:
    """170 million pixels in 165 kB."""
    side = 13_000

    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((side + 1) * side), 9)
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + end


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 144 136\n%%EndComments\n{} loop\n%%EOF\n"
BAD = {
    "eps": EPS,
    "eps, as Windows has it": b"\xc5\xd0\xd3\xc6"
    + struct.pack("<7I", 32, len(EPS), *[0] * 5)
    + EPS,
    "html": b"<html><script>alert(1)</script></html>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "one byte": b"\0",
    "garbage": bytes(range(256)),
    "jpeg": picture("JPEG"),
    "gif": picture("GIF"),
    "tiff": picture("TIFF"),
    "wrong size": picture("PNG", (100, 100)),
    "cut short": picture("WEBP")[:-5],
    "bomb": png_bomb(),
}
every_bad_sprite = pytest.mark.parametrize("sprite", BAD.values(), ids=BAD.keys())


@every_bad_sprite
def test_a_model_with_such_thumbnails_is_refused_in_a_sentence(
    sprite: bytes, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"\.$"):
        uploads.add(model_with(sprite, tmp_path / "a.safetensors"), "mine.safetensors")
    assert library.models() == []


@every_bad_sprite
def test_one_that_is_there_already_opens_without_its_images(sprite: bytes, tmp_path: Path) -> None:
    path = library.runs_dir() / "old" / "model.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(model_with(sprite, tmp_path / "a.safetensors"))
    loaded = library.load("old")
    assert loaded.gallery is None
    assert gallery.pack("old", loaded, None)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_png_and_webp_are_read(kind: str, tmp_path: Path) -> None:
    info = uploads.add(model_with(picture(kind), tmp_path / "a.safetensors"), "mine.safetensors")
    assert library.load(info.name).gallery is not None


def test_a_sheet_says_what_it_may_be() -> None:
    images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    assert torch.equal(decode_sprite(encode_sprite(images), 4, (1, 8, 8)), images)
    with pytest.raises(UserError, match="neither PNG nor WebP"):
        decode_sprite(picture("JPEG", (16, 16)), 4, (1, 8, 8))
