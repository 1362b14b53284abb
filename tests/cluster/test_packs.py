"""Packs: files that a machine gets once."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from aeviz.cluster import packs
from aeviz.cluster.packs import Pack, pack
from aeviz.errors import UserError


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
    with pytest.raises(UserError, match=r"^Data cannot be kept in .* on .*exists\): choose"):
        pack({"a": b"", "a/b": b""}).folder()
    assert list(cache.iterdir()) == []


def test_the_packs_that_were_used_last_are_kept(cache: Path) -> None:
    names = []
    for number in range(packs.KEPT + 2):
        one = pack({"file": bytes([number])})
        os.utime(one.folder(), (number, number))
        names.append(one.name)
    assert {path.name for path in cache.iterdir()} == {*names[2:]}


def used(name: bytes, seconds: float) -> Path:
    """The folder of a pack that was used so long ago."""
    folder = pack({"file": name}).folder()
    at = time.time() - seconds
    os.utime(folder, (at, at))
    return folder


def test_a_pack_that_is_in_use_is_kept(cache: Path) -> None:
    """A training may read its data set a while after it got the pack."""
    folders = [used(bytes([number]), 60 * number) for number in range(packs.KEPT + 2)]
    pack({"one": b"more"}).folder()
    assert all(folder.is_dir() for folder in folders)


def test_a_pack_is_never_half_removed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process finds it complete, or not at all."""
    old = [used(bytes([number]), 3600) for number in range(packs.KEPT + 2)]
    seen = []
    monkeypatch.setattr(
        shutil, "rmtree", lambda path, **_: seen.append([f for f in old if f.exists()])
    )
    pack({"one": b"more"}).folder()
    assert len(seen[-1]) == packs.KEPT - 1, "the packs that are removed still have their names"


def test_other_processes_remove_packs_at_the_same_time(cache: Path) -> None:
    used(b"1", 3600)
    (cache / "removed-meanwhile").symlink_to("nowhere")
    assert (pack({"file": b"2"}).folder() / "file").read_bytes() == b"2"


def test_a_pack_that_is_removed_before_it_is_marked_as_used_is_written_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pack({"file": b"1"})
    folder = one.folder()
    utime = os.utime

    def late(path: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        utime(path)

    monkeypatch.setattr(os, "utime", late)
    assert (one.folder() / "file").read_bytes() == b"1"


def test_what_a_killed_process_left_is_removed_after_a_day(cache: Path) -> None:
    pack({"file": b"1"}).folder()
    for name, days in ((".young", 0.5), (".old", 1.5)):
        (cache / name).mkdir()
        (cache / name / "file").write_bytes(b"half")
        at = time.time() - days * 86_400
        os.utime(cache / name, (at, at))
    pack({"file": b"1"}).folder()
    assert {path.name for path in cache.glob(".*")} == {".young"}
