"""Run folders: the disk is the truth.

`checkpoints/runs/<id>/` holds `config.json`, `status.json`, `metrics.jsonl`, `snapshots/`,
`model.safetensors` and `resume.safetensors`; `owner`, `name` and `sweep`, if it has them; `pid`,
which its worker keeps locked; `worker.log`; and `stop`, if a stop was requested. Any process can
read a run at any time: each file is replaced as a whole, and `metrics.jsonl` grows by lines.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import atomic, json_file, locks
from aeviz.io.paths import given_name, line_of, owner_of, runs_dir
from aeviz.runs.metrics import LATEST, checked

Phase = Literal["queued", "running", "finishing", "done", "stopped", "failed"]
OVER: tuple[Phase, ...] = ("done", "stopped", "failed")

START_SECONDS = 30
"""The process of a run may take so long to start."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Status:
    """status.json: the progress of a run. Times are seconds since the epoch. `note`: what differs
    from the configuration. `precision`: what it computes in, once known."""

    phase: Phase = "queued"
    epoch: int = 0
    step: int = 0
    steps: int = 0
    images_per_second: float = 0.0
    seconds_left: float | None = None
    message: str = ""
    note: str = ""
    precision: str = ""
    created: float = 0.0
    updated: float = 0.0


@dataclass(frozen=True)
class Run:
    """A run on disk. Every property rereads the folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def config(self) -> RunConfig:
        """The configuration; UserError if the file is gone, damaged, or of another version."""
        try:
            return RunConfig.from_json((self.folder / "config.json").read_bytes())
        except OSError as error:
            raise self.removed() from error

    @property
    def owner(self) -> str:
        """Who started it, as in `aeviz.identity`; "" if it has no owner."""
        return owner_of(self.folder)

    @property
    def name(self) -> str:
        """The name given to it after its start; "" if there is none."""
        return given_name(self.folder)

    @property
    def sweep(self) -> str:
        """The id of the sweep that it is a trial of (`aeviz.sweeps`); "" if of none."""
        return line_of(self.folder / "sweep", _ID)

    def removed(self) -> UserError:
        return UserError(f"The run {self.id} is no longer on the disk.")

    @property
    def status(self) -> Status:
        """The status as written; "failed" if its process has vanished."""
        status = self._written_status()
        if status.phase in OVER or self.is_alive or self._is_starting(status):
            return status
        status = self._written_status()  # it may have ended properly since the first look
        if status.phase in OVER:
            return status
        kept = "what it had saved is kept" if self.resume_path.exists() else "nothing was saved yet"
        message = f"The training process ended unexpectedly; {kept}."
        if not os.access(self.folder, os.W_OK):  # so it could not report the reason itself
            message = (
                f"The run's folder cannot be written; {kept}. Make it writable, then continue."
            )
        return replace(status, phase="failed", seconds_left=None, message=message)

    def _is_starting(self, status: Status) -> bool:
        """Whether its process has not started yet. If the clock was set back, a run may have been
        created in the future: it counts as old, or it would wait until then."""
        age = abs(time.time() - status.created)
        return not self.pid_path.exists() and age < START_SECONDS

    def _written_status(self) -> Status:
        try:
            status = json_file.read(self.folder / "status.json", Status)
            if min(status.epoch, status.step, status.steps, status.images_per_second) < 0:
                raise ValueError("less than nothing")
            if not (0 <= status.created <= LATEST and 0 <= status.updated <= LATEST):
                raise ValueError("no time")
        except (OSError, ValueError):
            return self._unreadable()
        return status

    def _unreadable(self) -> Status:
        """The status of a run whose status.json is damaged; its times are those of the folder."""
        try:
            made = self.folder.stat().st_mtime
        except OSError:
            made = 0.0
        message = "This run's status cannot be read."
        return Status("failed", message=message, created=made, updated=made)

    @property
    def is_alive(self) -> bool:
        """Whether a process works on this run, or waits for its turn."""
        return locks.held(self.pid_path)

    @property
    def is_over(self) -> bool:
        return self.status.phase in OVER

    @property
    def is_gone(self) -> bool:
        """Whether its folder was removed. A disk error does not count as removed."""
        try:
            (self.folder / "config.json").stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    @property
    def can_resume(self) -> bool:
        """Whether it ended before it was done. A run that was killed after its last epoch still has
        to be evaluated; its model file is missing or, after a Stop, of an earlier epoch."""
        return self.status.phase in ("stopped", "failed")

    @property
    def pid_path(self) -> Path:
        return self.folder / "pid"

    @property
    def model_path(self) -> Path:
        return self.folder / "model.safetensors"

    @property
    def resume_path(self) -> Path:
        return self.folder / "resume.safetensors"

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl: `epoch`, `step` and `time`, the terms of the loss, and those
        of `validation` if it was measured. Lines that are damaged, or still being written, are
        left out."""
        rows = []
        for line in self._metrics_text().split(b"\n"):
            with contextlib.suppress(ValueError):
                rows.append(checked(json_file.parse(line)))
        return rows

    def append_metrics(self, row: dict[str, Any]) -> None:
        """Append a line; UserError if the disk is full, or the folder is gone or not writable."""
        path = self.folder / "metrics.jsonl"
        with atomic.in_words("The run's metrics could not be saved"), path.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def trim_metrics(self, epoch: int, step: int) -> None:
        """Remove the lines after `epoch` complete epochs; the run continues at `step`. If batches
        were larger before, recount the steps of the lines."""
        rows = [row for row in self.metrics() if row["epoch"] + ("validation" not in row) <= epoch]
        last = rows[-1]["step"] if rows and rows[-1]["epoch"] == epoch else step
        lines = [
            json.dumps(row | {"step": round(row["step"] * step / last)}) + "\n" for row in rows
        ]
        atomic.write_bytes(self.folder / "metrics.jsonl", "".join(lines).encode(), new_folder=False)

    def _metrics_text(self) -> bytes:
        try:
            return (self.folder / "metrics.jsonl").read_bytes()
        except OSError:
            return b""

    def write_status(self, status: Status) -> None:
        """Replace status.json; if the disk has no room for a second file, overwrite it."""
        data = json.dumps(asdict(replace(status, updated=time.time()))).encode()
        path = self.folder / "status.json"
        try:
            atomic.write_bytes(path, data, new_folder=False)
        except UserError:
            if status.phase not in OVER:
                raise
            with contextlib.suppress(OSError), path.open("r+b") as file:
                file.write(data)
                file.truncate()

    def clear_unfinished(self) -> None:
        """Remove the temporary files of a killed worker. Temporary files of pages stay: a page may
        be writing `name`."""
        with contextlib.suppress(OSError):
            for path in self.folder.rglob(".*.tmp"):
                if re.fullmatch(r"\..+\.(json|jsonl|safetensors)\.[^.]+\.tmp", path.name):
                    path.unlink(missing_ok=True)

    def snapshots(self) -> list[Path]:
        """Snapshot files, first epoch first."""
        from aeviz.training import snapshots  # imports torch, which a waiting run does not need

        return snapshots.files(self.folder / "snapshots")

    def request_stop(self) -> None:
        """Request a stop: the worker keeps its progress and ends."""
        with atomic.in_words("The run cannot be stopped"):
            (self.folder / "stop").touch()

    def withdraw_stop(self) -> None:
        with atomic.in_words("The run's folder cannot be written"):
            (self.folder / "stop").unlink(missing_ok=True)

    @property
    def stop_requested(self) -> bool:
        return (self.folder / "stop").exists()


def create(config: RunConfig, owner: str = "", sweep: str = "") -> Run:
    """A new folder for a run of this owner, and of this sweep if it is a trial; its id is unique
    even if two runs share a name. UserError if the disk has no room for it; nothing is left behind
    then."""
    stem = re.sub(r"[^a-z0-9]+", "-", (config.name or f"{config.type}-{config.dataset}").lower())
    run = Run(_new_folder(stem.strip("-")[:40] or "run"))
    try:
        run.write_status(Status(created=time.time()))
        for name, line in (("owner", owner), ("sweep", sweep)):
            if line:
                atomic.write_bytes(run.folder / name, line.encode())
        data = config.to_json().encode()
        atomic.write_bytes(run.folder / "config.json", data)  # last: now it is listed
    except UserError:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise
    return run


def _new_folder(stem: str) -> Path:
    while True:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        folder = runs_dir() / f"{stamp}-{stem}-{secrets.token_hex(2)}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            if folder.is_dir():
                continue  # if thirty people start runs at once, two may draw the same number
            raise UserError(
                f"A run cannot be started: {runs_dir()} cannot be written ({error.strerror})."
            ) from error
        return folder


def find(run_id: str) -> Run:
    """The run with this id; UserError if there is none."""
    folder = runs_dir() / run_id
    if not _ID.fullmatch(run_id) or not (folder / "config.json").is_file():
        raise UserError(f"There is no run called {run_id[:60]!r}.")
    return Run(folder)


def runs() -> list[Run]:
    """All runs on disk, newest first."""
    folders = [path.parent for path in runs_dir().glob("*/config.json")]
    return [Run(folder) for folder in sorted(folders, reverse=True) if _ID.fullmatch(folder.name)]
