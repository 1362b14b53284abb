from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from aeviz import identity
from aeviz.errors import UserError
from aeviz.identity import Person


@pytest.fixture(autouse=True)
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def test_a_secret_is_the_same_owner_each_time_and_no_other() -> None:
    secret = identity.new_secret()
    owner = identity.owner_of(secret)
    assert len(owner) == 32
    assert identity.owner_of(secret) == owner
    assert identity.owner_of(identity.new_secret()) != owner


def test_nothing_on_the_disk_tells_the_secret(runs_dir: Path) -> None:
    secret = identity.new_secret()
    identity.give_name(identity.owner_of(secret), "Ada")
    for path in runs_dir.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
    assert stat.S_IMODE((runs_dir / ".people" / ".salt").stat().st_mode) == 0o600


def test_another_runs_folder_knows_the_same_browser_by_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = identity.new_secret()
    here = identity.owner_of(secret)
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "others"))
    assert identity.owner_of(secret) != here


@pytest.mark.parametrize("text", ["", "short", "x" * 44, "../" * 14 + "x", "é" * 43])
def test_what_is_no_secret_is_nobody(text: str) -> None:
    assert identity.owner_of(text) == ""


def test_servers_that_start_together_agree_on_the_salt(runs_dir: Path) -> None:
    secret, found = identity.new_secret(), []
    threads = [
        threading.Thread(target=lambda: found.append(identity.owner_of(secret))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1
    assert [path.name for path in (runs_dir / ".people").iterdir()] == [".salt"]


def test_a_name_is_kept_and_can_be_forgotten() -> None:
    owner = identity.owner_of(identity.new_secret())
    assert identity.name_of(owner) == ""
    identity.give_name(owner, "  Ada \n Lovelace ")
    assert identity.name_of(owner) == "Ada Lovelace"
    identity.give_name(owner, "")
    assert identity.name_of(owner) == ""


@pytest.mark.parametrize(("name", "says"), [("x" * 31, "at most 30"), ("a\0b", "plain text")])
def test_a_name_that_cannot_be_shown_is_a_sentence(name: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        identity.give_name(identity.owner_of(identity.new_secret()), name)


@pytest.mark.parametrize("owner", ["", "../../etc/passwd", "A" * 32])
def test_a_name_is_no_way_to_another_file(owner: str, runs_dir: Path) -> None:
    assert identity.name_of(owner) == ""
    with pytest.raises(UserError, match="not keep cookies"):
        identity.give_name(owner, "Ada")
    assert not runs_dir.exists()


def test_who_may_manage_what() -> None:
    ada, local, nobody = Person("a" * 32), Person("b" * 32, local=True), Person()
    assert ada.may_manage("a" * 32)
    assert not ada.may_manage("b" * 32)
    assert not ada.may_manage("")
    assert local.owns("")
    assert not local.owns("a" * 32)
    assert local.may_manage("a" * 32)  # the teacher's machine
    assert Person("c" * 32, code=True).may_manage("a" * 32)
    assert not nobody.may_manage("")
    assert not nobody.is_me("")


def test_a_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "file"))
    with pytest.raises(UserError, match="runs folder cannot be written"):
        identity.owner_of(identity.new_secret())
