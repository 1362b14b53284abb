"""Jobs of the Lab without their processes."""

from __future__ import annotations

import time

import pytest

from aeviz.experiments import jobs
from aeviz.experiments.jobs import Job, Status


def without_processes(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """From now on, the jobs for which a process would have been started."""
    found: list[Job] = []

    def spawn(job: Job) -> None:
        job.write_status(Status(created=time.time()))
        found.append(job)

    monkeypatch.setattr(jobs, "_spawn", spawn)
    return found
