"""Small images, zips and uploads for tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from aeviz.dataset_import import upload_format
from aeviz.dataset_import.build import Contents, LeftOut, Recipe, build, contents

SMALL = Recipe("Test", side=16, colour=False)


def picture(
    seed: int, size: tuple[int, int] = (20, 20), kind: str = "PNG", mode: str = "RGB"
) -> bytes:
    """An image of noise, different for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def plain(value: int, size: tuple[int, int] = (20, 20)) -> bytes:
    """An image of one grey."""
    buffer = io.BytesIO()
    Image.new("L", size, value).save(buffer, "PNG")
    return buffer.getvalue()


def two_classes(each: int = 12) -> dict[str, bytes]:
    cats = {f"cats/{i}.png": picture(i) for i in range(each)}
    return cats | {f"dogs/{i}.png": picture(1000 + i) for i in range(each)}


def zipped(files: Mapping[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    pairs = files if isinstance(files, list) else list(files.items())
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in pairs:
            archive.writestr(name, content)
    return buffer.getvalue()


def sent(folder: Path, files: Mapping[str, bytes]) -> Path:
    """An upload of these files on the disk."""
    path = folder / "parcel"
    path.write_bytes(upload_format.pack(dict(files)))
    return path


def sorted_out(folder: Path, files: Mapping[str, bytes]) -> LeftOut:
    with upload_format.opened(sent(folder, files)) as items:
        return contents(items).left_out


def made(folder: Path, files: Mapping[str, bytes], recipe: Recipe = SMALL) -> tuple[str, LeftOut]:
    """The data set made of these files."""
    with upload_format.opened(sent(folder, files)) as items:
        answer = build(contents(items), recipe)
    assert answer is not None
    return answer


def reasons(left_out: LeftOut) -> dict[str, str]:
    return dict(left_out.listed)


__all__ = [
    "SMALL",
    "Contents",
    "made",
    "picture",
    "plain",
    "reasons",
    "sent",
    "two_classes",
    "zipped",
]
