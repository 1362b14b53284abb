"""One model trained by processes of several machines together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_tools import TINY, Capture, refusal, result

pytestmark = pytest.mark.ray


def test_a_group_trains_the_same_model(
    cluster: Any, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its loss differs from that of one process by rounding only."""
    command = ("train", "--preset", "vae", *TINY, "--out")
    three = result(capsys, *command, tmp_path / "three.safetensors", "--processes", 3)
    monkeypatch.delenv("AEVIZ_RAY")
    one = result(capsys, *command, tmp_path / "one.safetensors")
    monkeypatch.setenv("AEVIZ_RAY", cluster.address)
    assert three["metrics"]["loss"] == pytest.approx(one["metrics"]["loss"], rel=1e-3)


def test_a_cluster_without_room_for_a_group(
    cluster: Any, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.training.parallel.elsewhere._PLACE_SECONDS", 0.5)
    out = tmp_path / "model.safetensors"
    command = ("train", "--preset", "vae", *TINY, "--processes", 9, "--out", out)
    assert "no room for 8 more processes" in refusal(capsys, *command)
    assert not out.exists()
