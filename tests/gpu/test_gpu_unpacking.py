"""Compressed data sets are read like any other."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

from benchmarks.gpu.unpacking import unpacked

NAMES = ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def test_what_is_not_compressed_stays_where_it_is(tmp_path: Path) -> None:
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        (raw / name).write_bytes(b"x")
        (raw / f"{name}.gz").write_bytes(b"not read")
    assert unpacked(tmp_path / "data", tmp_path / "scratch") == tmp_path / "data"


def test_gzip_and_xz_are_unpacked_beside_what_is_not(tmp_path: Path) -> None:
    data, scratch = tmp_path / "data", tmp_path / "scratch"
    raw = data / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (data / "fashion-mnist").mkdir()
    for name in NAMES:
        (raw / name).write_bytes(b"digits")
    (data / "fashion-mnist" / f"{NAMES[0]}.gz").write_bytes(gzip.compress(b"clothes"))
    (data / "fashion-mnist" / f"{NAMES[1]}.xz").write_bytes(lzma.compress(b"labels"))
    assert unpacked(data, scratch) == scratch
    assert (scratch / "MNIST" / "raw" / NAMES[0]).read_bytes() == b"digits"
    assert (scratch / "FashionMNIST" / "raw" / NAMES[0]).read_bytes() == b"clothes"
    assert (scratch / "FashionMNIST" / "raw" / NAMES[1]).read_bytes() == b"labels"
