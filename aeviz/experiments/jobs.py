"""Jobs of the Lab: a folder for each experiment and its parameters, run by a process of its own.

`checkpoints/runs/.lab/<experiment>-<hash>/` holds `question.json`, `status.json`, `result.json`
with the rows of all finished tasks, `images/`, `models/` with the networks that tasks have stored,
`owner`, `pid`, which the job's process keeps locked, `job.log`, and `stop` if somebody pressed
Stop. The hash (`aeviz.experiments.run.key_of`) is that of the experiment, its parameters and the
code. So a known result is read from the disk, two people who start the same experiment share one
job, and a killed job goes on with the tasks that are missing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from aeviz import limits
from aeviz.errors import UserError
from aeviz.experiments import parameters, table
from aeviz.experiments.base import Experiment, Picture, Result
from aeviz.experiments.job_folder import JobFolder
from aeviz.experiments.run import Done, assemble, key_of
from aeviz.experiments.stored import Stored
from aeviz.identity import Person
from aeviz.io import atomic, json_file, locks, machine
from aeviz.io.paths import lab_dir
from aeviz.runs import environment, queue

Phase = Literal["queued", "running", "done", "stopped", "failed"]
OVER: tuple[Phase, ...] = ("done", "stopped", "failed")
START_SECONDS = 30.0
_ID = re.compile(r"[a-z0-9-]{1,40}-[0-9a-f]{16}")
_PICTURE = re.compile(r"[A-Za-z0-9._=-]{1,100}")

_starting = threading.Lock()
_children: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Status:
    """status.json: the state of a job. `done` of `tasks` are finished after `seconds` of work;
    times are seconds since the epoch."""

    phase: Phase = "queued"
    done: int = 0
    tasks: int = 0
    seconds: float = 0.0
    message: str = ""
    created: float = 0.0
    updated: float = 0.0


@dataclass(frozen=True)
class Job(JobFolder):
    """An experiment and its parameters on disk. Every property rereads the folder."""

    def experiment(self) -> tuple[Experiment, Any]:
        """The experiment and its parameters. UserError if the folder is gone or damaged."""
        try:
            data = json_file.parse((self.folder / "question.json").read_bytes()[: 1 << 16])
            experiment = table.find(str(data["name"]))
            return experiment, experiment.build(data["parameters"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError("This result of the Lab is no longer on the disk: run it again.") from (
                error
            )

    @property
    def status(self) -> Status:
        """The status as written; stopped if its process has vanished."""
        status = self._written()
        if status.phase in OVER or self.is_alive or self._is_starting(status):
            return status
        status = self._written()  # it may have ended properly between the two looks
        if status.phase in OVER:
            return status
        return replace(status, phase="stopped", message="It was interrupted: run it to go on.")

    def _written(self) -> Status:
        try:
            return json_file.read(self.folder / "status.json", Status)
        except (OSError, ValueError):
            return Status("stopped", message="Its status cannot be read: run it again.")

    def _is_starting(self, status: Status) -> bool:
        young = abs(time.time() - status.updated) < START_SECONDS
        return young and not (self.folder / "pid").exists()

    @property
    def is_alive(self) -> bool:
        return locks.held(self.folder / "pid")

    def write_status(self, status: Status) -> None:
        data = json.dumps(asdict(replace(status, updated=time.time()))).encode()
        atomic.write_bytes(self.folder / "status.json", data, new_folder=False)

    def finished(self) -> dict[str, Done]:
        """The tasks that are done, by key, their pictures without the bytes; empty if there are
        none, or the file is damaged."""
        try:
            with (self.folder / "result.json").open("rb") as file:
                data = json_file.parse(file.read(limits.LAB_RESULT))
            return {
                key: Done(
                    key,
                    task["rows"],
                    {name: Picture(*about) for name, about in task["pictures"].items()},
                    task["seconds"],
                    task["arrays"],
                )
                for key, task in data.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def keep(self, done: dict[str, Done], new: Done) -> None:
        """Writes the pictures and the network of a task that is just done, then the rows of all
        tasks."""
        for name, picture in new.pictures.items():
            atomic.write_bytes(self.folder / "images" / new.key / f"{name}.png", picture.png)
        if new.stored is not None:
            self._store(new.key, new.stored)
        data = {
            task.key: {
                "rows": task.rows,
                "pictures": {
                    name: (picture.caption, "", picture.group)
                    for name, picture in task.pictures.items()
                },
                "seconds": task.seconds,
                "arrays": task.arrays,
            }
            for task in done.values()
        }
        text = json.dumps(data).encode()
        if len(text) >= limits.LAB_RESULT:
            raise UserError("The result is too large: choose fewer values or seeds.")
        atomic.write_bytes(self.folder / "result.json", text, new_folder=False)

    def _store(self, key: str, stored: Stored) -> None:
        """Writes a network, unless the result would then keep too many, or too many bytes."""
        folder = self.folder / "models" / key
        kept = [file.stat().st_size for file in self.folder.glob("models/*/*")]
        if sum(kept) + len(stored.model) + len(stored.corpus) > limits.LAB_STORED:
            return
        if len([*self.folder.glob("models/*/model.safetensors")]) >= limits.LAB_NETWORKS:
            return
        atomic.write_bytes(folder / "name", stored.name[:80].encode())
        if stored.corpus:
            atomic.write_bytes(folder / "corpus.safetensors", stored.corpus)
        atomic.write_bytes(folder / "model.safetensors", stored.model)

    def models(self) -> dict[str, str]:
        """The tasks whose network is stored, in their order, and its name in the list of models
        (`aeviz.models.library`)."""
        experiment, params = self.experiment()
        keys = [task.key for task in experiment.tasks(params)]
        there = {path.parent.name for path in self.folder.glob("models/*/model.safetensors")}
        return {key: f"{self.id}.{key}" for key in keys if key in there}

    def result(self) -> Result | None:
        """The result so far; None before the first task is done."""
        experiment, params = self.experiment()
        done = self.finished()
        return assemble(experiment.name, params, done) if done else None

    def picture(self, name: str) -> bytes | None:
        """The PNG file "TASK/NAME" of the result, or None."""
        parts = name.split("/")
        if len(parts) != 2 or not all(_PICTURE.fullmatch(part) for part in parts):
            return None
        with contextlib.suppress(OSError):
            return (self.folder / "images" / parts[0] / f"{parts[1]}.png").read_bytes()
        return None

    def stop(self, me: Person) -> None:
        """Makes the job stop after its current task. UserError if it is somebody else's."""
        if not me.may_manage(self.owner):
            raise UserError("Somebody else started this experiment. Only they can stop it.")
        with atomic.in_words("The experiment cannot be stopped"):
            (self.folder / "stop").touch()


def find(id: str) -> Job | None:
    """The job of this id, as a link has it."""
    job = Job(lab_dir() / id)
    return job if _ID.fullmatch(id) and (job.folder / "question.json").is_file() else None


def existing(name: str, data: Mapping[str, Any]) -> Job | None:
    """The job of this experiment with these parameters, or None."""
    return find(_key(name, data))


def start(name: str, data: Mapping[str, Any], owner: str = "") -> Job:
    """The job of this experiment with these parameters: done, running or waiting, else started now.

    UserError for invalid parameters, and if too many jobs of this person, or of all people, run or
    wait.
    """
    job = Job(lab_dir() / _key(name, data))
    with _starting:
        if job.status.phase in ("queued", "running", "done") and find(job.id):
            with atomic.in_words("The folder of the Lab cannot be written"):
                os.utime(job.folder)
            return job
        _check_number(owner)
        if not find(job.id):
            _forget_old()
            question = {"name": name, "parameters": _plain(name, data)}
            atomic.write_bytes(job.folder / "question.json", json.dumps(question).encode())
            if owner:
                atomic.write_bytes(job.folder / "owner", owner.encode())
        _spawn(job)
    return job


def _plain(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return parameters.plain(table.find(name).build(data))


def _key(name: str, data: Mapping[str, Any]) -> str:
    return key_of(name, _plain(name, data))


def jobs() -> list[Job]:
    """All jobs, the last used one first."""
    folders = [path.parent for path in lab_dir().glob("*/question.json")]
    return [Job(folder) for folder in sorted(folders, key=_used, reverse=True)]


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _check_number(owner: str) -> None:
    going = [job.owner for job in jobs() if job.status.phase not in OVER]
    if going.count(owner) >= limits.LAB_JOBS.person:
        raise UserError(
            f"You have {limits.LAB_JOBS.person} experiments that run or wait: stop one, or wait "
            "until one is done."
        )
    if len(going) >= limits.LAB_JOBS.in_all:
        raise UserError("Too many experiments run or wait on this server: try again later.")


def _forget_old() -> None:
    for job in jobs()[limits.LAB_KEPT - 1 :]:
        if not job.is_alive:
            shutil.rmtree(job.folder, ignore_errors=True)


def _spawn(job: Job) -> None:
    """Starts the process of the job. It inherits the lock on `pid`, so the job counts as alive from
    this moment to its end, and no second process can take it."""
    with atomic.in_words("The folder of the Lab cannot be written"):
        (job.folder / "stop").unlink(missing_ok=True)
        lock = locks.take(job.folder / "pid", patience=1.0)
    if lock is None:
        raise UserError("The experiment is about to stop: try again in a moment.")
    log_path = job.folder / "job.log"
    with (
        lock,
        atomic.in_words("The folder of the Lab cannot be written"),
        log_path.open("ab") as log,
    ):
        job.write_status(Status(created=time.time()))
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "aeviz.experiments.process", str(job.folder.resolve())),
                *("--server", str(os.getpid()), "--lock", str(lock.fileno())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            pass_fds=(lock.fileno(),),
            start_new_session=True,
        )
    _children[:] = [*(child for child in _children if child.poll() is None), process]


def _environment() -> dict[str, str]:
    return environment.for_process(max(1, (machine.cores() - 1) // queue.slots()))
