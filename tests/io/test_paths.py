"""Paths: in a checkout, in an installed package, and set by environment variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from aeviz.io import paths

ROOT = Path(__file__).parents[2]
NAMES = ("AEVIZ_CHECKPOINTS", "AEVIZ_RUNS", "AEVIZ_DATASETS", "XDG_DATA_HOME")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def places() -> tuple[Path, ...]:
    return (paths.checkpoints_dir(), paths.runs_dir(), paths.datasets_dir())


def test_a_checkout_keeps_everything_in_its_checkpoints() -> None:
    models = ROOT / "checkpoints"
    assert places() == (models, models / "runs", models / "datasets")
    assert paths.app_script() == ROOT / "app.py"


def test_an_installed_package_keeps_what_people_make_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "_INSTALLED", True)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    inside, kept = ROOT / "aeviz", tmp_path / "aeviz"
    assert places() == (inside / "checkpoints", kept / "runs", kept / "datasets")
    assert paths.app_script() == inside / "_app" / "app.py"
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", "/srv/models")
    models = Path("/srv/models")
    assert places() == (models, models / "runs", models / "datasets")
