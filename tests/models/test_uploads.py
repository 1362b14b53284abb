"""Uploaded models: checked, owned, counted, and deleted by their owners."""

from __future__ import annotations

import errno
import os
from functools import cache
from pathlib import Path

import pytest

from aeviz import limits
from aeviz.config import NetworkConfig, RunConfig
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.models import checkpoint, library, uploads
from aeviz.nn.model import Autoencoder

ADA, BOB = Person("a" * 32), Person("b" * 32)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty folders of this test's own."""
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))


@cache  # the same model is not written as the same bytes twice
def file_of(latent_dim: int = 4) -> bytes:
    config = RunConfig(network=NetworkConfig(hidden=()), type="vae", dataset="digits")
    config = config.replace(**{"bottleneck.latent_dim": latent_dim})
    return checkpoint.to_bytes(Autoencoder(config, (1, 8, 8)), {"epochs": 3}, None)


def names() -> list[str]:
    return [info.name for info in library.models()]


def test_an_upload_is_kept_under_the_name_of_its_content() -> None:
    info = uploads.add(file_of(6), "../../evil name.safetensors")
    assert info.name.startswith("upload-")
    assert info.path.parent.parent == library.runs_dir()
    assert library.load(info.name).model.latent_dim == 6
    assert names() == [info.name]


def test_the_same_upload_twice_is_one_model() -> None:
    data = file_of()
    first, again = uploads.add(data, "a"), uploads.add(data, "b")
    other = uploads.add(file_of(9), "a")
    assert first == again
    assert sorted(names()) == sorted([first.name, other.name])


def on_disk() -> list[str]:
    return sorted(str(p.relative_to(library.runs_dir())) for p in library.runs_dir().rglob("*"))


@pytest.mark.parametrize("data", [b"", b"PK\3\4" + b"\0" * 500, file_of()[:-1], b"\0" * 5000])
def test_a_bad_upload_changes_nothing_and_is_named_as_it_was_sent(data: bytes) -> None:
    with pytest.raises(UserError, match=r"^mine\.safetensors .*\.$"):
        uploads.add(data, "mine.safetensors")
    assert on_disk() == []
    assert library.models() == []


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_keeps_no_half_upload(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, full)
        with pytest.raises(UserError, match="No space left on device"):
            uploads.add(file_of(), "mine.safetensors")
    assert on_disk() == []


def test_a_disk_that_fills_up_at_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test copy was written; moving it into place fails."""
    real = os.replace

    def full(source: object, target: Path) -> None:
        if Path(target).name == "model.safetensors":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(UserError, match=r"could not be kept \(No space left on device\): free"):
            uploads.add(file_of(), "mine.safetensors")
    assert library.models() == []
    assert uploads.add(file_of(), "mine.safetensors").latent_dim == 4


def test_an_upload_has_an_owner_and_only_they_or_the_teacher_delete_it() -> None:
    info = uploads.add(file_of(), "a", ADA.owner)
    assert info.owner == ADA.owner
    assert uploads.add(file_of(), "a", BOB.owner).owner == ADA.owner  # who uploaded it first
    for stranger in (BOB, Person()):
        with pytest.raises(UserError, match="somebody else"):
            uploads.remove(info.name, stranger)
    assert names() == [info.name]
    uploads.remove(info.name, ADA)
    assert on_disk() == []
    with pytest.raises(UserError, match="deleted already"):
        uploads.remove(info.name, ADA)
    for teacher in (Person(local=True), Person(BOB.owner, code=True)):
        uploads.remove(uploads.add(file_of(), "a", ADA.owner).name, teacher)
        assert names() == []


def test_one_of_nobodys_is_the_machines() -> None:
    info = uploads.add(file_of(), "a")
    with pytest.raises(UserError, match="somebody else"):
        uploads.remove(info.name, ADA)
    uploads.remove(info.name, Person(local=True))


@pytest.mark.parametrize("name", ["..", "../runs", "upload-", "20261130-run", "upload-0123456789"])
def test_nothing_else_is_deleted(name: str) -> None:
    (library.runs_dir() / "20261130-run").mkdir(parents=True)
    with pytest.raises(UserError):
        uploads.remove(name, Person(local=True))
    assert on_disk() == ["20261130-run"]


def test_a_person_may_keep_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MODELS", limits.Limit(in_all=9, person=2))
    first, _ = (uploads.add(file_of(size), "a", ADA.owner) for size in (3, 4))
    with pytest.raises(UserError, match="delete one of them first"):
        uploads.add(file_of(5), "a", ADA.owner)
    assert uploads.add(file_of(3), "a", ADA.owner) == first  # it is there already
    uploads.add(file_of(5), "a", BOB.owner)
    uploads.remove(first.name, ADA)
    uploads.add(file_of(6), "a", ADA.owner)
    assert len(names()) == 3


def test_and_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        limits, "MODEL_BYTES", limits.Limit(in_all=limits.GIB, person=3 * len(file_of()) // 2)
    )
    uploads.add(file_of(), "a", ADA.owner)
    with pytest.raises(UserError, match="MB in all: delete one"):
        uploads.add(file_of(5), "a", ADA.owner)


def test_and_all_together_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MODELS", limits.Limit(in_all=1, person=1))
    uploads.add(file_of(), "a", ADA.owner)
    with pytest.raises(UserError, match="ask the person who runs it"):
        uploads.add(file_of(5), "a", BOB.owner)


def test_the_disks_reserve_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RESERVE", 1 << 60)
    monkeypatch.setattr(limits, "RESERVE_SHARE", 1.0)
    with pytest.raises(UserError, match="disk is full"):
        uploads.add(file_of(), "a", ADA.owner)
    assert on_disk() == []


def test_one_that_is_damaged_since_can_still_be_deleted() -> None:
    info = uploads.add(file_of(), "a", ADA.owner)
    info.path.write_bytes(b"damaged")
    [found] = uploads.uploads()
    assert (found.name, found.display_name, found.owner) == (info.name, info.name, ADA.owner)
    uploads.remove(info.name, ADA)
    assert uploads.uploads() == []
