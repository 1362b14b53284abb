"""The files of data sets, for another machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from aeviz.datasets import transfer


def test_data_sets_come_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Downloads and people's own; what is in a package does not."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(b"images")
    monkeypatch.setenv("AEVIZ_DATA", str(tmp_path / "data"))
    found = transfer.files(["mnist", "mnist-5k", "fashion-mnist"])
    assert found == {"downloads/MNIST/raw/train-images-idx3-ubyte": b"images"}
    transfer.use(tmp_path / "empty")
    assert transfer.files(["mnist"]) == found
    (tmp_path / "pack" / "downloads").mkdir(parents=True)
    transfer.use(tmp_path / "pack")
    assert transfer.files(["mnist"]) == {}
