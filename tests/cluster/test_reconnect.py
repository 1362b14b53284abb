"""Calls whose connection to the cluster is lost, with a stub of Ray."""

from __future__ import annotations

from pathlib import Path

import cluster_functions as functions
import pytest
from cli_tools import Capture, digit, result
from stub_ray import StubRay, stub
from waiting import until

from aeviz.cluster import actors, executor
from aeviz.cluster.executor import ClusterExecutor
from aeviz.cluster.packs import Pack
from aeviz.datasets import transfer
from aeviz.experiments import run
from aeviz.experiments.base import Task

__all__ = ["stub"]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("LIMIT_SECONDS", "_WAIT_SECONDS", "_RETRY_SECONDS"):
        monkeypatch.setattr(executor, name, 0.01)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_running_calls_are_made_again(stub: StubRay) -> None:
    """The board does not answer once, while two of four calls run."""

    def limit(left: int) -> int:
        if stub.calls == 2 and stub.connections == 1:
            raise stub.lost()
        return 2

    with ClusterExecutor(limit) as pool:
        futures = [pool.submit(functions.double, number) for number in range(4)]
        until(lambda: stub.connections == 2)
        stub.released.set()
        assert [future.result(10) for future in futures] == [0, 2, 4, 6]
    assert stub.calls == 6


def test_a_call_that_cannot_be_sent_fails(stub: StubRay) -> None:
    with ClusterExecutor(lambda left: 1) as pool:
        sent_elsewhere = stub.put(b"")
        stub.connections += 1
        with pytest.raises(ValueError, match="owner is unknown"):
            pool.submit(functions.double, sent_elsewhere).result(10)
        stub.released.set()
        assert pool.submit(functions.double, 3).result(10) == 6


def test_all_calls_return_although_the_connection_is_lost_after_the_shutdown(stub: StubRay) -> None:
    pool = ClusterExecutor(lambda left: 1)
    future = pool.submit(functions.double, 1)
    until(lambda: stub.calls)
    pool.shutdown(wait=False)
    pool._limit = lambda left: lose(stub)
    until(lambda: stub.connections > 1)
    pool._limit = lambda left: 1
    stub.released.set()
    assert future.result(10) == 2


def lose(stub: StubRay) -> int:
    raise stub.lost()


def content(pack: Pack, name: str) -> bytes:
    return (pack.folder() / name).read_bytes()


def test_files_are_sent_again_on_a_new_connection(stub: StubRay) -> None:
    def limit(left: int) -> int:
        if stub.calls and stub.connections == 1:
            raise stub.lost()
        return 1

    with ClusterExecutor(limit, files={"a": b"1", "b": b"2"}) as pool:
        futures = [pool.submit(content, name) for name in "ab"]
        until(lambda: stub.connections == 2)
        stub.released.set()
        assert [future.result(10) for future in futures] == [b"1", b"2"]


def lost_once(stub: StubRay) -> int:
    """A limit of calls that cannot be found out while the first call runs."""
    if stub.calls and stub.connections == 1:
        raise stub.lost()
    if stub.connections == 2:
        stub.released.set()
    return 1


def test_tasks_of_the_lab_are_done_again_with_their_data_set(
    stub: StubRay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "files", lambda names: {"own/mine/x": b"mine"})
    monkeypatch.setattr(
        transfer, "use", lambda folder: read.append((folder / "own/mine/x").read_bytes())
    )
    monkeypatch.setattr(run, "work", lambda name, data, task: run.Done(task.key, [], {}, 0.0))
    read: list[bytes] = []
    tasks = [Task(key, {}) for key in "abc"]
    found = run.on_cluster("code-size", {}, tasks, limit=lambda left: lost_once(stub))
    assert {done.key for done in found} == {"a", "b", "c"}
    assert read == [b"mine"] * 3


def test_a_folder_is_restored_although_the_connection_is_lost(
    stub: StubRay, denoiser: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resources(ray: object) -> actors.Resources:
        cpus = {"CPU": float(lost_once(stub))}
        return actors.Resources([cpus], [cpus])

    monkeypatch.setattr(actors, "resources", resources)
    monkeypatch.setenv("AEVIZ_RAY", "head:6379")
    digit(tmp_path / "a.png", 0)
    command = ("restore", tmp_path / "a.png", "--model", denoiser, "--out", tmp_path / "clean")
    assert len(result(capsys, *command)["restored"]) == 1
    assert stub.connections == 2
