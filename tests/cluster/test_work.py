"""Tasks of the Lab and restored folders, computed on the machines of a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_tools import Capture, digit, result
from waiting import until

from aeviz.experiments import jobs, run, table

pytestmark = pytest.mark.ray

FAST = {"dataset": "digits", "steps": 40, "seeds": 2, "arms": ["pca", "dense"], "sizes": [2, 4]}


def test_tasks_of_the_lab_return_as_here(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With as many threads, as the order of additions changes the last digits."""
    experiment = table.find("code-size")
    tasks = experiment.tasks(experiment.build(FAST))
    elsewhere = {done.key: done.rows for done in run.on_cluster("code-size", FAST, tasks)}
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # read by new processes
    here = {done.key: done.rows for done in run.in_processes("code-size", FAST, tasks)}
    assert elsewhere == here


def test_a_job_of_the_lab_runs_on_the_cluster(cluster: Any) -> None:
    job = jobs.start("code-size", FAST)
    until(lambda: job.status.phase in jobs.OVER, lambda: job.status, 120)
    assert job.status.phase == "done"
    assert job.status.done == job.status.tasks == len(job.finished())


def test_a_folder_is_restored_on_the_cluster(
    cluster: Any, capsys: Capture, denoiser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the same files, without one that is no image; a second time, all are kept."""
    folder = tmp_path / "noisy"
    folder.mkdir()
    for number in range(11):
        digit(folder / f"{number:02}.png", number)
    (folder / "notes.txt").write_text("no image")
    command = ("restore", folder, "--model", denoiser, "--out")
    answer = result(capsys, *command, tmp_path / "there")
    assert len(answer["restored"]) == 11
    assert [Path(row["path"]).name for row in answer["failed"]] == ["notes.txt"]
    assert all(row["kept"] for row in result(capsys, *command, tmp_path / "there")["restored"])
    with monkeypatch.context() as patch:
        patch.delenv("AEVIZ_RAY")
        result(capsys, *command, tmp_path / "here")
    files = [sorted((tmp_path / name).iterdir()) for name in ("here", "there")]
    assert [f.read_bytes() for f in files[0]] == [f.read_bytes() for f in files[1]]
