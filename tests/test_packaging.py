"""What `pip install .` installs: the package with the pages and bundled models inside."""

from __future__ import annotations

from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
MOVED = {"pages/": "aeviz/_app/pages/", "checkpoints/": "aeviz/checkpoints/"}


def installed() -> set[str]:
    """The path in the wheel of each file of the project that it needs."""
    found = [path for path in (ROOT / "aeviz").rglob("*") if path.is_file()]
    found += [*(ROOT / "pages").glob("*.py"), *(ROOT / "checkpoints").glob("*.*")]
    found += (ROOT / "checkpoints" / "lab").glob("*.json")
    paths = {path.relative_to(ROOT).as_posix() for path in found if path.suffix != ".pyc"}
    return {renamed(path) for path in paths}


def renamed(path: str) -> str:
    moves = (new + path.removeprefix(old) for old, new in MOVED.items() if path.startswith(old))
    return next(moves, path)


def test_a_wheel_has_the_whole_app_and_nothing_that_people_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    builder = WheelBuilder(str(ROOT))
    files = {file.distribution_path for file in builder.recurse_included_files()}
    outside = {"aeviz/_app/app.py", "aeviz/_app/.streamlit/config.toml"}
    assert files == installed() | outside


def test_it_asks_for_what_requirements_txt_asks_for() -> None:
    dependencies = WheelBuilder(str(ROOT)).metadata.core.dependencies
    wanted = [
        line for line in (ROOT / "requirements.txt").read_text().splitlines() if line[0].isalpha()
    ]
    assert len(dependencies) == len(wanted)
    assert "torch<3,>=2.6" in dependencies
