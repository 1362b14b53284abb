"""The work of a job of the Lab, in the job's process (`aeviz.experiments.process`): the tasks that
are not done yet, each result written as soon as it is there."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from aeviz.cluster import address
from aeviz.errors import UserError
from aeviz.experiments import jobs, parameters
from aeviz.experiments.base import Task
from aeviz.experiments.jobs import Job, Status
from aeviz.experiments.run import Done, in_turn, on_cluster
from aeviz.runs import queue
from aeviz.runs.remote import capacity


def do(job: Job, server: int | None = None) -> None:
    """Does the tasks of the job that are left, up to a Stop, in the job's turn, which may be now.
    `server`: the process that started this one; the job stops if it ends."""

    def should_stop() -> bool:
        return job.should_stop(server)

    status = job.status
    try:
        with queue.turn(job, should_stop, prepare):
            status = _work(job, should_stop)
    except queue.CancelledError:
        status = replace(status, phase="stopped", message="Stopped before it began.")
    except UserError as error:
        status = replace(job.status, phase="failed", message=str(error))
    except Exception:
        traceback.print_exc()  # into job.log
        message = "The experiment failed unexpectedly; job.log in its folder says why."
        status = replace(job.status, phase="failed", message=message)
    if job.folder.exists():
        job.write_status(status)


def prepare() -> None:
    """What takes time, and does not need the job's turn: a connection to the cluster."""
    if address.configured() is not None:
        capacity.prepare()


def _work(job: Job, should_stop: Callable[[], bool]) -> Status:
    experiment, params = job.experiment()
    tasks = experiment.tasks(params)
    done = {key: task for key, task in job.finished().items() if key in {t.key for t in tasks}}
    left = [task for task in tasks if task.key not in done]

    def status(phase: jobs.Phase, message: str = "") -> Status:
        seconds = sum(task.seconds for task in done.values())
        created = job.status.created
        return Status(phase, len(done), len(tasks), seconds, message, created)

    job.write_status(status("running"))
    for new in _outputs(experiment.name, parameters.plain(params), left, should_stop):
        done[new.key] = new
        job.keep(done, new)
        job.write_status(status("running"))
    if len(done) == len(tasks):
        return status("done")
    return status("stopped", "Stopped; what was measured is kept.")


def _outputs(
    name: str, data: dict[str, Any], tasks: list[Task], should_stop: Callable[[], bool]
) -> Iterator[Done]:
    """The outputs of the tasks: one after another here, or side by side on the cluster."""
    if address.configured() is None:
        return in_turn(name, data, tasks, should_stop)
    return on_cluster(name, data, tasks, should_stop, capacity.left_over)
