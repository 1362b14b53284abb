"""Jobs of the Lab: computed once, resumed after a kill, limited per person."""

from __future__ import annotations

import ast
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from lab_jobs import without_processes

import aeviz
from aeviz import limits
from aeviz.errors import UserError
from aeviz.experiments import fitting, jobs, process, run, table, worker
from aeviz.experiments.base import Output, Picture, Task
from aeviz.experiments.jobs import Job
from aeviz.experiments.run import Done
from aeviz.identity import Person

PACKAGE = Path(aeviz.__file__).parent
TINY = {"dataset": "digits", "sizes": "2,8", "arms": "pca,dense", "seeds": 1, "steps": 20}
ME, OTHER = "a" * 32, "b" * 32
SECONDS = 400.0


@pytest.fixture(autouse=True)
def runs_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs for which a process would have been started."""
    return without_processes(monkeypatch)


def until(condition: Callable[[], bool], job: Job) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, (job.status, (job.folder / "job.log").read_text())
        time.sleep(0.05)


def test_a_job_is_done_by_its_own_process_and_resumed_after_a_kill() -> None:
    job = jobs.start("code-size", TINY, ME)
    assert job.owner == ME
    until(lambda: bool(job.finished()), job)
    os.kill(int(_process(job)), signal.SIGKILL)
    until(lambda: not job.is_alive, job)
    before = job.finished()
    again = jobs.start("code-size", TINY, OTHER)
    assert again.id == job.id
    until(lambda: job.status.phase in jobs.OVER, job)
    assert job.status.phase == "done"
    after = job.finished()
    assert {key: after[key].seconds for key in before} == {
        key: one.seconds for key, one in before.items()
    }
    result = job.result()
    assert result is not None
    assert result.complete
    name = next(iter(result.pictures))
    assert (job.picture(name) or b"").startswith(b"\x89PNG")


def _process(job: Job) -> int:
    return next(child.pid for child in jobs._children if child.poll() is None)


def test_the_same_question_is_one_job(started: list[Job]) -> None:
    one = jobs.start("code-size", TINY, ME)
    assert jobs.start("code-size", {**TINY, "sizes": [8, 2]}, OTHER).id == one.id
    assert jobs.existing("code-size", TINY) == one
    assert len(started) == 1
    other = jobs.start("code-size", {**TINY, "seeds": 2}, OTHER)
    assert other.id != one.id


def test_a_changed_program_asks_anew(started: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    one = jobs.start("code-size", TINY, ME)
    monkeypatch.setattr(run, "revision", lambda name: "another")
    assert jobs.existing("code-size", TINY) is None
    assert jobs.start("code-size", TINY, ME).id != one.id


@pytest.mark.parametrize("name", table.MODULES)
def test_a_revision_reads_all_files_of_an_experiment(name: str) -> None:
    files = run.files_of(name)
    assert all(file.is_file() for file in files)
    own = importlib.import_module(f"aeviz.experiments.{table.MODULES[name]}").__file__
    assert Path(str(own)) in files
    assert Path(str(fitting.__file__)) in files


NO_NUMBERS = {"cluster", "device", "errors", "identity", "io", "limits", "models", "runs"}
"""Packages that the computing code imports, but that no measured number depends on."""


@pytest.mark.parametrize("name", table.MODULES)
def test_a_revision_reads_what_these_files_import(name: str) -> None:
    files = run.files_of(name)
    read = {file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in files}
    imported = {
        module.split(".")[1]
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "aeviz"
        for module in (
            [f"aeviz.{one.name}" for one in node.names] if node.module == "aeviz" else [node.module]
        )
    }
    assert imported - read - NO_NUMBERS == set()


def test_a_person_has_a_few_jobs_under_way(started: list[Job]) -> None:
    for seeds in range(1, limits.LAB_JOBS.person + 1):
        jobs.start("code-size", {**TINY, "seeds": seeds}, ME)
    with pytest.raises(UserError):
        jobs.start("code-size", {**TINY, "seeds": 9}, ME)
    jobs.start("code-size", {**TINY, "seeds": 9}, OTHER)
    jobs.start("code-size", {**TINY, "seeds": 1}, ME)  # one that is there is not a new one


def test_old_results_go(started: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LAB_JOBS", limits.Limit(100, 100))
    made = [jobs.start("code-size", {**TINY, "seeds": seeds}, ME) for seeds in (1, 2, 3)]
    for age, job in enumerate(made):
        os.utime(job.folder, (age, age))
    monkeypatch.setattr(limits, "LAB_KEPT", 2)
    jobs.start("code-size", {**TINY, "seeds": 4}, ME)
    assert [job.folder.exists() for job in made] == [False, False, True]


def test_only_who_started_it_or_a_teacher_stops_it(started: list[Job]) -> None:
    job = jobs.start("code-size", TINY, ME)
    with pytest.raises(UserError):
        job.stop(Person(OTHER))
    assert not job.stop_requested
    job.stop(Person(ME))
    assert job.stop_requested


@dataclass
class Tasks:
    """A replacement of an experiment's work, which records the tasks that were done."""

    done: list[str]

    def work(self, found: Any, task: Task) -> Output:
        self.done.append(task.key)
        return Output([{"arm": "PCA", "size": 2, "mse": 0.5}], {"p": Picture("c", b"png", "g")})


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> Tasks:
    tasks = Tasks([])
    changed = replace(table.find("code-size"), work=tasks.work)
    monkeypatch.setattr(table, "find", lambda name: changed)
    return tasks


def test_a_stop_keeps_what_was_measured(started: list[Job], worked: Tasks) -> None:
    job = jobs.start("code-size", TINY, ME)
    keep = Job.keep

    def stops(self: Job, done: dict[str, Done], new: Done) -> None:
        keep(self, done, new)
        (job.folder / "stop").touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Job, "keep", stops)
        worker.do(job)
    assert job.status.phase == "stopped"
    assert len(worked.done) == job.status.done == 1
    (job.folder / "stop").unlink()
    worker.do(job)
    assert job.status.phase == "done"
    assert len(worked.done) == len(set(worked.done)) == job.status.tasks


def test_a_folder_that_was_damaged_or_removed_is_a_sentence(started: list[Job]) -> None:
    job = jobs.start("code-size", TINY, ME)
    for name in ("result.json", "status.json"):
        (job.folder / name).write_text("{")
    assert job.finished() == {}
    assert job.status.phase == "stopped"
    (job.folder / "question.json").write_text(json.dumps({"name": "code-size"}))
    with pytest.raises(UserError):
        job.experiment()
    shutil.rmtree(job.folder)
    with pytest.raises(UserError):
        job.experiment()
    assert jobs.find(job.id) is None


@pytest.mark.parametrize("id", ["../x-0123456789abcdef", "code-size", "", "a" * 99])
def test_no_other_folder_is_a_job(id: str) -> None:
    assert jobs.find(id) is None


@pytest.mark.parametrize("name", ["a", "../a", "a/../b", "a/b/c", "/etc/passwd", ""])
def test_no_other_file_is_a_picture(started: list[Job], name: str) -> None:
    assert jobs.start("code-size", TINY, ME).picture(name) is None


@pytest.mark.parametrize(
    "data", [{"dataset": "none"}, {"sizes": "5000"}, {"arms": "dense"}, {"x": 1}]
)
def test_a_wrong_question_leaves_nothing(runs_dir: Path, data: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        jobs.start("code-size", data, ME)
    assert not (runs_dir / ".lab").exists()


def test_a_job_that_waits_has_not_imported_torch() -> None:
    """Thirty of them take no half gigabyte each."""
    check = "import aeviz.experiments.process, sys; print({'torch', 'numpy'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert found.stdout.strip() == "set()", found.stderr


def test_a_job_that_is_stopped_while_it_waits_says_so(started: list[Job]) -> None:
    job = jobs.start("code-size", TINY, ME)
    (job.folder / "stop").touch()
    process.wait_and_work(job.folder)
    assert job.status.phase == "stopped"
    assert "before it began" in job.status.message
