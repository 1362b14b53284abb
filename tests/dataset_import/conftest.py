from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def datasets_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of people's own data sets."""
    folder = tmp_path / "datasets"
    monkeypatch.setenv("AEVIZ_DATASETS", str(folder))
    return folder
