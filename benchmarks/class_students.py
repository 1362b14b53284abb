"""Thirty students who start runs: their actions, and the outcome of each run.

Part of `class_trains.py`. The folders of the runs are read as the pages read them. Runs are started
through the server (`class_app.py`), so that the workers are its children.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Literal

from aeviz.config import RunConfig
from aeviz.presets.autoencoders import preset
from aeviz.runs import queue
from aeviz.runs.store import OVER, Run
from benchmarks.serving import memory, processor_seconds

Wish = Literal["done", "stop waiting", "stop training", "kill"]
"""How the run is to end: it finishes; the student stops it while it waits, or after two epochs; or
its process is killed, and the student presses Resume."""

GREEDY_SECONDS = 1.5
GRACE = 2.0  # seconds: runs are polled a few times a second, and poll the queue themselves
ENDLESS = 10_000  # epochs


@dataclass(frozen=True)
class Press:
    """A press of Train, `at` seconds after the first one of the lesson."""

    at: float
    owner: str
    config: RunConfig
    wish: Wish = "done"


@dataclass(eq=False)
class Row:
    """What was observed of a run. Times are seconds on one clock; None: not (yet) observed.
    `before`: how many runs its owner had started before it."""

    press: Press
    run: Run
    before: int
    pressed: float
    queued: float | None = None
    began: float | None = None
    picture: float | None = None
    killed: float | None = None
    noticed: float | None = None
    ended: float | None = None
    waiting_bytes: list[int] = field(default_factory=list)
    waiting_seconds: float = 0.0
    """Processor time while it waited."""


def owner(student: int) -> str:
    """A student's owner id in the queue: 32 hexadecimal digits."""
    return hashlib.md5(f"student {student}".encode()).hexdigest()


def plan(students: int, spread: float, greedy: int = 4, seed: int = 0) -> list[Press]:
    """All presses, in the order of time: one of each student, at random within `spread` seconds.

    The first student presses at once, and `greedy` times more when that run waits or trains: if
    runs start at nearly the same time, any of their processes may be the first in the queue.
    """
    chance = random.Random(seed)
    presses = [Press(0.0, owner(0), tiny(0))]
    presses += [Press(GREEDY_SECONDS, owner(0), tiny(0)) for _ in range(greedy)]
    for student in range(1, students):
        wish = WISHES.get(student % 10, "done")
        epochs = {"done": 2, "kill": 100}.get(wish, ENDLESS)
        config = tiny(student, epochs)
        presses.append(Press(chance.uniform(0.0, spread), owner(student), config, wish))
    return sorted(presses, key=lambda press: press.at)


WISHES: dict[int, Wish] = {3: "stop waiting", 5: "stop training", 8: "kill"}
TYPES = ("vae", "standard", "deep", "denoising")


def tiny(student: int, epochs: int = 2) -> RunConfig:
    """What a student might try first: a small data set, a few epochs. One in ten has a code of
    eight dimensions, which needs t-SNE and UMAP; the others have two, which need no map."""
    return preset(TYPES[student % len(TYPES)]).config.replace(
        dataset="mnist-5k" if student % 5 == 4 else "digits",
        **{
            "bottleneck.latent_dim": 8 if student % 10 == 7 else 2,
            "training.epochs": epochs,
            "name": f"Student {student}",
        },
    )


class Lesson:
    """The presses over time, and the resulting runs."""

    def __init__(self, url: str, presses: Sequence[Press]) -> None:
        self.url = url
        self.to_come = list(presses)
        self.rows: list[Row] = []
        self.refused: list[str] = []
        self.began = time.perf_counter()

    @property
    def is_over(self) -> bool:
        return not self.to_come and all(row.ended is not None for row in self.rows)

    def go_on(self) -> None:
        """Does what is due now: presses, an observation of each run, the students' reactions."""
        while self.to_come and self.to_come[0].at <= time.perf_counter() - self.began:
            self._press(self.to_come.pop(0))
        for row in self.rows:
            if row.ended is None:
                look(row, time.perf_counter())
                self._act(row)

    def end(self) -> None:
        """Stops the runs that have not ended."""
        for row in self.rows:
            if row.ended is None:
                row.run.request_stop()

    def _press(self, press: Press) -> None:
        pressed = time.perf_counter()
        answer = ask(self.url, {"config": press.config.to_json(), "owner": press.owner})
        if "run" not in answer:
            self.refused.append(answer["error"])
            return
        before = sum(row.press.owner == press.owner for row in self.rows)
        self.rows.append(Row(press, run_called(answer["run"]), before, pressed))

    def _act(self, row: Row) -> None:
        wish, run = row.press.wish, row.run
        enough = {  # a run that can start at once never waits
            "stop waiting": bool(row.queued or row.began),
            "stop training": len(run.snapshots()) > 2,
        }
        if enough.get(wish) and not run.stop_requested:
            run.request_stop()
        elif wish == "kill" and row.killed is None and row.began and run.resume_path.exists():
            if run.status.phase == "running":
                os.kill(int(run.pid_path.read_text()), signal.SIGKILL)
                row.killed = time.perf_counter()
        elif row.killed and row.noticed is None and run.status.phase == "failed":
            row.noticed = time.perf_counter()
            row.ended = None
            if "run" not in (answer := ask(self.url, {"resume": run.id})):
                self.refused.append(answer["error"])


def look(row: Row, now: float) -> None:
    """Records what is observed of a run for the first time."""
    status = row.run.status
    if status.phase == "queued" and row.began is None:
        if row.queued is None and queue.place(row.run) is not None:
            row.queued = now
        with contextlib.suppress(OSError, ValueError):
            pid = int(row.run.pid_path.read_text())
            row.waiting_bytes.append(memory(pid))  # it grows shortly before the run starts
            row.waiting_seconds = max(row.waiting_seconds, processor_seconds(pid))
    if row.began is None and status.phase in ("running", "finishing", "done"):
        row.began = now
    if row.picture is None and len(row.run.snapshots()) > 1:
        row.picture = now
    if status.phase in OVER and not (row.press.wish == "kill" and row.noticed is None):
        row.ended = now


def ask(url: str, asked: dict[str, Any]) -> dict[str, str]:
    request = urllib.request.Request(f"{url}/benchmark/press", json.dumps(asked).encode())
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        return {"error": error.read(1000).decode(errors="replace")}


def run_called(name: str) -> Run:
    return Run(Path(os.environ["AEVIZ_RUNS"]) / name)


# ---- checks ------------------------------------------------------------------------------------


def ended_as_meant(row: Row) -> bool:
    """Whether a run ended as its student intended, with the files that belong to this."""
    status, model = row.run.status, row.run.model_path.is_file()
    if row.press.wish == "done":
        return status.phase == "done" and model
    if row.press.wish == "stop waiting":
        # it may start just as it is stopped
        return status.phase == "stopped" and (row.began or 0.0) <= (row.queued or inf) + GRACE
    if row.press.wish == "stop training":
        return status.phase == "stopped" and model
    whole = status.epoch == row.press.config.training.epochs
    return row.noticed is not None and status.phase == "done" and whole and model


def pushed_aside(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """(first, further): a student's first run that waited while a further run of another began."""
    return [
        (first, further)
        for further in rows
        if further.before and further.began is not None
        for first in rows
        if not first.before
        and first.press.owner != further.press.owner
        and first.queued is not None
        and first.queued + GRACE < further.began
        and further.began + GRACE < _until(first)
    ]


def overtaken(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """(earlier, later): first runs, of which the later one was pressed well after the earlier one
    but began before it."""
    firsts = [row for row in rows if not row.before and row.began is not None]
    return [
        (a, b)
        for a in firsts
        for b in firsts
        if a.pressed + GRACE < b.pressed and (b.began or 0) + GRACE < (a.began or 0)
    ]


def _until(row: Row) -> float:
    """When a run stopped waiting: it began or was stopped."""
    return min(time for time in (row.began, row.ended, inf) if time is not None)


def processes_of(rows: Sequence[Row]) -> list[str]:
    """Runs that still have a process: one that holds the lock, or has the run in its command."""
    left = []
    for row in rows:
        with contextlib.suppress(OSError, ValueError):
            pid = int(row.run.pid_path.read_text())
            command = Path(f"/proc/{pid}/cmdline")
            named = command.exists() and row.run.id.encode() in command.read_bytes()
            if row.run.is_alive or named:
                left.append(row.run.id)
    return left
