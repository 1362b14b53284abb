"""The page of each experiment with the rows of its shipped reference result."""

from __future__ import annotations

import json
import time

import pytest
from lab_jobs import without_processes
from page_tools import PAGES, SECONDS, again
from streamlit.testing.v1 import AppTest

from aeviz.cli import lab
from aeviz.experiments import document, jobs, parameters, table
from aeviz.experiments.jobs import Job, Status
from aeviz.io.paths import checkpoints_dir
from aeviz.ui.lab import address

FILES = sorted((checkpoints_dir() / "lab").glob("*.json"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    return without_processes(monkeypatch)


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_the_page_shows_the_result(name: str, started: list[Job]) -> None:
    experiment = table.find(name)
    known = document.reference(experiment)
    assert known is not None
    params = known.result.parameters
    written = json.loads((checkpoints_dir() / "lab" / f"{name}.json").read_text())
    job = jobs.start(name, parameters.plain(params))
    done = lab._finished(job.folder, written, experiment.tasks(params))
    for one in done.values():
        job.keep(done, one)
    job.write_status(Status("done", len(done), len(done), 1.0, "", time.time()))
    app = AppTest.from_file(str(PAGES / "index.py"), default_timeout=2 * SECONDS)
    app.switch_page("lab.py")
    for key, value in parameters.plain(params).items():
        app.query_params[key] = parameters.as_text(value)
    app.query_params.update({address.NAME: name, "ran": "1"})
    again(app)
    assert not app.error
    shown = "\n".join(one.value for one in app.get("html"))
    assert f'data-outcome="{written["verdict"]["outcome"]}"' in shown
    said = "\n".join(one.value for one in app.markdown)
    assert f"**{experiment.charts[0].label}**" in said
    assert "**Why.**" in said
    assert len(app.radio) == sum(not hasattr(one, "tolerance") for one in experiment.questions)
    assert any("The reference result" in one.value for one in app.caption)
