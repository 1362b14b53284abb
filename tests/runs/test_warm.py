"""The warm worker: with a run it behaves like any other, and it exists only when allowed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from aeviz.config import RunConfig
from aeviz.io import locks, machine
from aeviz.models import checkpoint
from aeviz.runs import queue, spawn, store, warm
from aeviz.runs.store import Run
from tests.runs.test_worker import ended, tiny, until
from tests.training.test_loop import same

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _on(runs_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AEVIZ_WARM", "1")
    monkeypatch.setenv("AEVIZ_WORKERS", "1")
    monkeypatch.setattr(machine, "available_memory", lambda: 8e9)
    monkeypatch.setattr(warm, "_newest", None)
    yield
    if warm._warm is not None:
        warm._warm.process.kill()
        warm._forget()


def ready(run: Run) -> int:
    """The process of a warm worker that has imported everything. It is requested repeatedly, as by
    the page, because a run that has just ended holds its slot a moment longer."""

    def is_ready() -> bool:
        spawn.keep_warm()
        return warm.is_ready()

    until(is_ready, run)
    pid = warm.pid()
    assert pid is not None
    return pid


def weights(run: Run) -> dict[str, torch.Tensor]:
    return dict(checkpoint.load(run.model_path).model.state_dict())


def test_it_takes_the_run_with_its_lock_and_trains_it_as_any_other(runs_dir: Path) -> None:
    config = tiny(**{"training.epochs": 3})
    cold = spawn.start(config)
    assert ended(cold).phase == "done"
    pid = ready(cold)
    run = spawn.start(config)
    assert int(run.pid_path.read_text()) == pid
    assert run.is_alive
    assert warm.pid() is None, "it is handed one run"
    spawn.keep_warm()
    assert warm.pid() is None, "the next would learn while this one begins"
    assert ended(run).phase == "done", (run.folder / "worker.log").read_text()
    assert same(weights(run), weights(cold))
    cards = [checkpoint.load(one.model_path).card for one in (run, cold)]
    assert cards[0]["device"] == cards[1]["device"]  # with as many threads
    until(lambda: not run.is_alive, run)


def test_it_gives_way_to_the_server(config: RunConfig) -> None:
    pid = ready(store.create(config))
    nice = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[16])
    assert nice == min(os.nice(0) + 10, 19)


def test_what_it_says_goes_into_the_log_of_its_run(config: RunConfig) -> None:
    ready(store.create(config))
    run = spawn.start(tiny(dataset="gone"))
    assert ended(run).phase == "failed"
    assert "no data set called" in run.status.message
    until(lambda: not run.is_alive, run)
    config = tiny()
    ready(run)
    run = store.create(config)
    lock = locks.take(run.pid_path)
    assert lock is not None
    with lock, (run.folder / "worker.log").open("ab") as log:
        environment = os.environ | {"AEVIZ_WORKERS": "not a number"}
        assert warm.hand_over(run, lock.fileno(), log.fileno(), environment) is not None
    assert "AEVIZ_WORKERS" in ended(run).message


def test_one_that_has_died_is_replaced_by_a_worker_of_the_runs_own(config: RunConfig) -> None:
    other = store.create(config)
    pid = ready(other)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not warm.is_ready(), other)
    run = spawn.start(tiny(**{"training.epochs": 1}))
    assert int(run.pid_path.read_text()) != pid
    assert ended(run).phase == "done"


def test_there_is_none_where_a_run_would_have_to_wait(
    config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with queue.turn(store.create(config), lambda: False):
        spawn.keep_warm()
        assert warm.pid() is None


def test_a_run_that_has_to_wait_leaves_it_to_others(
    config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn.keep_warm()
    pid = warm.pid()
    assert pid is not None
    with queue.turn(store.create(config), lambda: False):
        run = spawn.start(config)
        assert int(run.pid_path.read_text()) != pid
        assert warm.pid() == pid
        run.request_stop()
        assert ended(run).phase == "stopped"


@pytest.mark.parametrize(("off", "free"), [("0", 8e9), ("1", 1e9)])
def test_there_is_none_where_it_is_off_or_memory_is_short(
    monkeypatch: pytest.MonkeyPatch, off: str, free: float
) -> None:
    monkeypatch.setenv("AEVIZ_WARM", off)
    monkeypatch.setattr(machine, "available_memory", lambda: free)
    spawn.keep_warm()
    assert warm.pid() is None


def test_it_ends_with_its_server(config: RunConfig) -> None:
    code = (
        "import sys; from aeviz.runs import spawn, warm; spawn.keep_warm()\n"
        "print(warm.pid(), flush=True); sys.stdin.read()"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert server.stdout is not None
    assert server.stdin is not None
    pid = int(server.stdout.readline())
    server.kill()
    server.wait()
    run = store.create(config)
    until(lambda: not Path(f"/proc/{pid}").exists(), run)
    server.stdin.close()
    server.stdout.close()


@pytest.mark.parametrize("sent", [b"", b"{", b"{}", b"[]"])
def test_whatever_is_not_whole_is_no_run(sent: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, open(os.devnull) as a, open(os.devnull) as b:
        socket.send_fds(ours, [b"r"], [a.fileno(), b.fileno()])
        ours.sendall(sent)
        ours.close()
        assert warm._receive(theirs) is None


def test_a_channel_that_closes_is_no_run() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        assert warm._receive(theirs) is None


def test_what_is_handed_over_arrives(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with theirs, (tmp_path / "lock").open("w") as a, (tmp_path / "log").open("w") as b:
        with ours:
            socket.send_fds(ours, [b"r"], [a.fileno(), b.fileno()])
            ours.sendall(json.dumps({"folder": "/a", "environment": {"B": "c"}}).encode())
        received = warm._receive(theirs)
        assert received is not None
        environment, folder, lock, log = received
        assert (environment, folder) == ({"B": "c"}, "/a")
        assert os.path.sameopenfile(lock, a.fileno())
        assert os.path.sameopenfile(log, b.fileno())
        os.close(lock)
        os.close(log)
