"""Two servers, in separate processes, on one folder of runs: no update is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.io import locks
from aeviz.runs import manage, spawn, store
from aeviz.runs.store import Status

ROOT = Path(__file__).parents[2]
ADA = Person("a" * 32)
OWN = 12
"""Runs that each server makes, of which it removes every third."""


class Server:
    """Runs `serve` after `go`, with runs that both servers know."""

    def __init__(self, name: str, config: RunConfig, trained: list[str], broken: list[str]) -> None:
        asked = {"name": name, "config": config.to_json(), "trained": trained, "broken": broken}
        self.process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(asked)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        out, _ = self.process.communicate()
        assert self.process.returncode == 0
        return dict(json.loads(out))


def serve(name: str, config: RunConfig, trained: list[str], broken: list[str]) -> dict[str, Any]:
    """The ids of the runs that it created and kept, and of those that it resumed."""
    kept, went_on = [], []
    for number in range(OWN):
        run = store.create(config, ADA.owner)
        run.write_status(Status("done", epoch=number))
        manage.rename(run, f"{name} {number}", ADA)
        if number % 3 == 0:
            manage.remove(run, ADA)
        else:
            kept.append(run.id)
        shared = store.find(trained[number % len(trained)])
        manage.rename(shared, f"{name} {number}", ADA)
        if name == "one":
            manage.stop(shared, ADA)
    for each in broken if name == "one" else reversed(broken):
        with contextlib.suppress(UserError):
            manage.resume(store.find(each), ADA)
            went_on.append(each)
    return {"kept": kept, "went on": went_on}


def test_two_servers_on_one_folder_lose_no_update(config: RunConfig, runs_dir: Path) -> None:
    trained = [store.create(config, ADA.owner) for _ in range(2)]
    broken = [store.create(config, ADA.owner) for _ in range(3)]
    for run in broken:
        run.write_status(Status("failed"))
    held = [locks.take(run.pid_path) for run in trained]  # this process is their worker
    for run in trained:
        run.write_status(Status("running"))
    ids = [run.id for run in trained], [run.id for run in broken]
    servers = [Server(name, config, *ids) for name in ("one", "two")]
    for server in servers:
        server.go()

    step = 0
    while step < 20 or any(server.process.poll() is None for server in servers):
        step += 1
        for run in trained:
            run.write_status(Status("running", step=step))
            run.append_metrics({"step": step, "epoch": 0})
        for run in store.runs():  # each is complete or deleted at each moment
            with contextlib.suppress(UserError):
                assert run.config == config
                assert run.status.message == "" or run.is_gone
        time.sleep(0.01)
    answers = [server.answer() for server in servers]

    try:
        for run in trained:
            assert run.status == Status("running", step=step, updated=run.status.updated)
            assert [row["step"] for row in run.metrics()] == list(range(1, step + 1))
            assert run.stop_requested
            assert run.name in [
                f"{name} {number}" for name in ("one", "two") for number in (10, 11)
            ]
        kept = [each for answer in answers for each in answer["kept"]]
        assert {run.id for run in store.runs()} == {*ids[0], *ids[1], *kept}
        for answer, name in zip(answers, ("one", "two"), strict=True):
            numbers = [number for number in range(OWN) if number % 3]
            assert [store.find(each).name for each in answer["kept"]] == [
                f"{name} {number}" for number in numbers
            ]
            assert [store.find(each).status.epoch for each in answer["kept"]] == numbers
        went_on = [each for answer in answers for each in answer["went on"]]
        assert sorted(went_on) == sorted(ids[1])  # each by one server, and by one only
    finally:
        for run in broken:
            if run.is_alive:
                os.kill(int(run.pid_path.read_text()), signal.SIGKILL)
        for lock in held:
            assert lock is not None
            lock.close()


if __name__ == "__main__":
    popen = subprocess.Popen
    # a worker that does nothing but live
    spawn.subprocess.Popen = lambda _, **more: popen(["sleep", "600"], **more)  # type: ignore
    said = json.loads(sys.argv[1])
    said["config"] = RunConfig.from_json(said["config"])
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(serve(**said)))
