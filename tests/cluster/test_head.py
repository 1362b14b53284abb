"""The head of a cluster dies: what serves people goes on, and runs continue when it is back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import until

from aeviz.cluster import connection
from aeviz.errors import UserError
from aeviz.runs import spawn
from aeviz.runs.store import Run
from tests.cluster.conftest import head_of
from tests.cluster.test_trainings import config, over

pytestmark = pytest.mark.ray


def begin(port: int | None = None) -> Any:
    """A cluster of its own for this test: a head with a processor."""
    from ray.cluster_utils import Cluster

    place = {} if port is None else {"gcs_server_port": port}
    return Cluster(
        initialize_head=True,
        head_node_args=head_of(1) | place,
    )


@pytest.fixture
def head(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """In a list, so that the test can replace it."""
    heads = [begin()]
    monkeypatch.setenv("AEVIZ_RAY", heads[0].address)
    yield heads
    for each in heads:
        each.shutdown()
    monkeypatch.setenv("AEVIZ_RAY", cluster.address)


def test_a_run_continues_when_the_head_is_back(head: list[Any], tmp_path: Path) -> None:
    run = spawn.start(config(60))
    until(lambda: run.status.epoch >= 2, lambda: run.status, 120)
    port = int(head[0].address.rpartition(":")[2])
    head[0].head_node.kill_all_processes(check_alive=False, allow_graceful=False)
    until(lambda: "does not answer" in run.status.message, lambda: run.status, 90)
    with pytest.raises(UserError, match="does not answer: start it, or correct AEVIZ_RAY"):
        connection.connect()
    epoch = run.status.epoch
    assert not run.is_over
    head.append(begin(port))
    over(run)
    assert (run.status.phase, run.status.epoch) == ("done", 60)
    epochs = [row["epoch"] for row in run.metrics() if "validation" in row]
    assert epochs.count(epoch) == 1


def test_a_run_trains_on_while_a_head_starts_again_at_once(head: list[Any]) -> None:
    """Its machine does not belong to the new cluster, and ends after a minute: here at once."""
    port = int(head[0].address.rpartition(":")[2])
    run = spawn.start(config(4000))
    until(lambda: run.status.epoch >= 2, lambda: run.status, 120)
    head[0].head_node.kill_gcs_server(check_alive=False)
    head[0].head_node.start_gcs_server()
    goes_on(run)
    head[0].head_node.kill_all_processes(check_alive=False, allow_graceful=False)
    until(lambda: "does not answer" in run.status.message, lambda: run.status, 90)
    head.append(begin(port))
    until(lambda: "does not answer" not in run.status.message, lambda: run.status, 90)
    goes_on(run)
    run.request_stop()
    over(run)
    assert run.status.phase == "stopped"


def goes_on(run: Run) -> None:
    epoch = run.status.epoch
    until(lambda: run.status.epoch > epoch, lambda: run.status, 90)


def test_a_run_without_a_head_fails_in_one_sentence(head: list[Any]) -> None:
    head[0].head_node.kill_all_processes(check_alive=False, allow_graceful=False)
    run = over(spawn.start(config()))
    assert run.status.phase == "failed"
    assert run.status.message.endswith("does not answer: start it, or correct AEVIZ_RAY.")
    assert "\n" not in run.status.message
    assert os.listdir(run.folder)
