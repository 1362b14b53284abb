"""Packs: files that a machine gets once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aeviz.cluster import packs
from aeviz.cluster.packs import Pack, pack


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "aeviz" / "packs"


def test_files_are_written_once() -> None:
    files = {"downloads/a/x": b"1", "own/y": b"2"}
    folder = pack(files).folder()
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert found == files
    broken = Pack(pack(files).name, {"never": b"written"})
    assert broken.folder() == folder
    assert not (folder / "never").exists()


def test_the_name_depends_on_paths_and_contents() -> None:
    names = {pack(files).name for files in ({}, {"a": b"bc"}, {"ab": b"c"}, {"a": b"b", "c": b""})}
    assert len(names) == 4
    assert pack({"a": b"1", "b": b"2"}).name == pack({"b": b"2", "a": b"1"}).name


def test_a_pack_that_cannot_be_written_leaves_nothing(cache: Path) -> None:
    with pytest.raises(OSError, match="exists"):
        pack({"a": b"", "a/b": b""}).folder()
    assert list(cache.iterdir()) == []


def test_the_packs_that_were_used_last_are_kept(cache: Path) -> None:
    names = []
    for number in range(packs.KEPT + 2):
        one = pack({"file": bytes([number])})
        os.utime(one.folder(), (number, number))
        names.append(one.name)
    assert {path.name for path in cache.iterdir()} == {*names[2:]}
