from __future__ import annotations

from pathlib import Path

import pytest
from cli_tools import TINY

from aeviz.cli.main import main


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("AEVIZ_DATA", str(tmp_path / "no-data"))


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small denoising model of 8x8 digits, trained for an epoch."""
    path = tmp_path_factory.mktemp("models") / "denoiser.safetensors"
    tiny = [*TINY, "--set", "network.kind=dense", "--latent-dim", "8", "--gallery", "30"]
    assert main(["train", "--preset", "denoising", *tiny, "--out", str(path)]) == 0
    return path
