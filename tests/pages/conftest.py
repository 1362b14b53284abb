from __future__ import annotations

from pathlib import Path

import pytest

from aeviz.config import RunConfig
from aeviz.identity import Person
from aeviz.runs import spawn, store
from aeviz.runs.store import Run
from aeviz.ui.shared import person


@pytest.fixture(autouse=True)
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of runs."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("AEVIZ_RUNS", str(folder))
    return folder


@pytest.fixture(autouse=True)
def at_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without a browser has no cookies: it is viewed from the server's own machine."""
    monkeypatch.setattr(person, "me", lambda: Person(local=True))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """The runs that would have been started: they stay in the queue."""
    configs: list[RunConfig] = []

    def start(config: RunConfig, owner: str) -> Run:
        configs.append(config)
        return store.create(config, owner)

    monkeypatch.setattr(spawn, "start", start)
    return configs
