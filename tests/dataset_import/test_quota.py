"""How many data sets one person may make, and how large they may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from upload_tools import SMALL, sent, two_classes

from aeviz import limits
from aeviz.dataset_import import upload_format
from aeviz.dataset_import.build import build, contents
from aeviz.datasets import custom
from aeviz.errors import UserError
from aeviz.limits import Limit

ANN, BEN = "a" * 32, "b" * 32


def make(folder: Path, owner: str) -> str:
    """A data set of 24 images of 16 x 16 values."""
    with upload_format.opened(sent(folder, two_classes())) as items:
        answer = build(contents(items), SMALL, owner=owner)
    assert answer is not None
    return answer[0]


def test_a_person_may_keep_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OWN_DATASETS", Limit(in_all=9, person=2))
    first, _ = (make(tmp_path, ANN) for _ in range(2))
    with pytest.raises(UserError, match=r"You have 2 imported data sets.* remove one of them"):
        make(tmp_path, ANN)
    make(tmp_path, BEN)
    custom.remove(first)
    make(tmp_path, ANN)
    assert [owner for owner, _ in custom.kept()].count(ANN) == 2


def test_no_image_is_read_for_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OWN_DATASETS", Limit(in_all=9, person=0))
    monkeypatch.setattr("aeviz.images.decode", lambda *_, **__: pytest.fail("an image was read"))
    with pytest.raises(UserError, match="the most that one person may keep"):
        make(tmp_path, ANN)


def test_and_so_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OWN_DATASET_BYTES", Limit(in_all=9 * limits.MIB, person=10_000))
    make(tmp_path, ANN)
    with pytest.raises(UserError, match="imported data sets would exceed"):
        make(tmp_path, ANN)
    assert len(custom.sources()) == 1
    make(tmp_path, BEN)


def test_and_all_together_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OWN_DATASETS", Limit(in_all=1, person=1))
    make(tmp_path, ANN)
    with pytest.raises(UserError, match="ask the person who runs it to remove some"):
        make(tmp_path, BEN)


def test_one_that_cannot_be_read_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OWN_DATASETS", Limit(in_all=9, person=1))
    name = make(tmp_path, ANN)
    next((tmp_path / "datasets").glob(f"{name}/*.safetensors")).write_bytes(b"damaged")
    assert custom.sources() == []
    with pytest.raises(UserError, match="You have 1"):
        make(tmp_path, ANN)


def test_the_disks_reserve_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aeviz.io.disk.room", lambda folder: 24 * 16 * 16 - 1)
    with pytest.raises(UserError, match="disk is full"):
        make(tmp_path, ANN)
    monkeypatch.setattr("aeviz.io.disk.room", lambda folder: 24 * 16 * 16)
    make(tmp_path, ANN)
