"""Run folders: the disk is the truth. See docs/run-folder.md.

`checkpoints/runs/<id>/` holds `config.json`, `status.json`, `metrics.jsonl`, `snapshots/`,
`model.safetensors` and `resume.safetensors`. Any process can read a run at any moment: each file is
replaced as a whole, and `metrics.jsonl` only ever grows by whole lines.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from aeviz import atomic
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.library import runs_dir

Phase = Literal["queued", "running", "finishing", "done", "stopped", "failed"]
OVER: tuple[Phase, ...] = ("done", "stopped", "failed")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Status:
    """status.json: where a run stands. Times are seconds since the epoch."""

    phase: Phase = "queued"
    epoch: int = 0
    step: int = 0
    steps: int = 0
    images_per_second: float = 0.0
    seconds_left: float | None = None
    message: str = ""
    created: float = 0.0
    updated: float = 0.0


@dataclass(frozen=True)
class Run:
    """A run on disk. Every property reads the folder anew."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def config(self) -> RunConfig:
        return RunConfig.from_json((self.folder / "config.json").read_text())

    @property
    def status(self) -> Status:
        """The status as written, or failed where its process has vanished."""
        try:
            status = Status(**json.loads((self.folder / "status.json").read_text()))
        except (OSError, ValueError, TypeError):
            return Status("failed", message="This run's status cannot be read.")
        if status.phase not in OVER and not self._worker_alive(status):
            return replace(
                status,
                phase="failed",
                message="The training process ended unexpectedly; what it had saved is kept.",
            )
        return status

    def _worker_alive(self, status: Status) -> bool:
        try:
            return _alive(int((self.folder / "pid").read_text()))
        except (OSError, ValueError):  # not started yet: give it a moment
            return time.time() - status.created < 30

    @property
    def model_path(self) -> Path:
        return self.folder / "model.safetensors"

    @property
    def resume_path(self) -> Path:
        return self.folder / "resume.safetensors"

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl; a last line still being written is left out."""
        try:
            text = (self.folder / "metrics.jsonl").read_text()
        except OSError:
            return []
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def append_metrics(self, row: dict[str, Any]) -> None:
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")

    def write_status(self, status: Status) -> None:
        status = replace(status, updated=time.time())
        atomic.write_bytes(self.folder / "status.json", json.dumps(asdict(status)).encode())

    def snapshots(self) -> list[Path]:
        """Snapshot files, first epoch first."""
        return sorted((self.folder / "snapshots").glob("*.safetensors"))

    def request_stop(self) -> None:
        """Asks the worker to stop and keep what was reached."""
        (self.folder / "stop").touch()

    @property
    def stop_requested(self) -> bool:
        return (self.folder / "stop").exists()


def create(config: RunConfig) -> Run:
    """A new folder for a run; its id is unique even where two runs share one name."""
    stem = re.sub(r"[^a-z0-9]+", "-", (config.name or f"{config.type}-{config.dataset}").lower())
    stem = stem.strip("-")[:40] or "run"
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = runs_dir() / f"{stamp}-{stem}-{secrets.token_hex(2)}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UserError(
            f"A run cannot be started: {runs_dir()} cannot be written ({error.strerror})."
        ) from error
    run = Run(folder)
    atomic.write_bytes(folder / "config.json", config.to_json().encode())
    run.write_status(Status(created=time.time()))
    return run


def find(run_id: str) -> Run:
    """The run with this id; UserError where there is none."""
    folder = runs_dir() / run_id
    if not _ID.fullmatch(run_id) or not (folder / "config.json").is_file():
        raise UserError(f"There is no run called {run_id[:60]!r}.")
    return Run(folder)


def runs() -> list[Run]:
    """All runs on disk, newest first."""
    folders = [path.parent for path in runs_dir().glob("*/config.json")]
    return [Run(folder) for folder in sorted(folders, reverse=True)]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:  # a finished child that nobody has waited for yet is no longer alive
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return True
