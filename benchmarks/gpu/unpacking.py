"""Unpack MNIST and Fashion-MNIST from small compressed files."""

from __future__ import annotations

import gzip
import lzma
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
"""Data set -> its folder in torchvision's layout. A packed data set may be in a folder of either
name."""

_PACKED = (".gz", ".xz")


def packed(folder: Path) -> dict[Path, Path]:
    """Each compressed file under `folder` that is not already unpacked beside it -> its path in
    torchvision's layout, relative to the root of that layout."""
    found: dict[Path, Path] = {}
    for name, torchvision in FOLDERS.items():
        raw = Path(torchvision) / "raw"
        if (folder / raw / "train-images-idx3-ubyte").is_file():
            continue
        for place in (folder / name, folder / torchvision, folder / raw):
            files = sorted(place.glob("*-ubyte.*")) if place.is_dir() else []
            found |= {file: raw / file.stem for file in files if file.suffix in _PACKED}
    return found


def unpacked(folder: Path, scratch: Path) -> Path:
    """`folder` itself if nothing in it is compressed; else `scratch`, in torchvision's layout, with
    the unpacked files and links to the rest."""
    files = packed(folder)
    if not files:
        return folder
    for torchvision in FOLDERS.values():
        raw = Path(torchvision) / "raw"
        if (folder / raw / "train-images-idx3-ubyte").is_file():
            (scratch / torchvision).mkdir(parents=True)
            (scratch / raw).symlink_to((folder / raw).resolve())
    for target in files.values():
        (scratch / target).parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda file: _unpack(file, scratch / files[file]), files))
    return scratch


def _unpack(file: Path, target: Path) -> None:
    data = file.read_bytes()
    target.write_bytes(lzma.decompress(data) if file.suffix == ".xz" else gzip.decompress(data))
