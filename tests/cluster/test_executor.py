"""Calls on the machines of a cluster. tests/helpers/cluster_functions.py has the functions."""

from __future__ import annotations

import time
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

import cluster_functions as functions
import pytest
from waiting import until

from aeviz.cluster.executor import ClusterExecutor
from aeviz.errors import UserError

pytestmark = pytest.mark.ray


def test_calls_return_and_raise_as_here(cluster: Any) -> None:
    with ClusterExecutor() as pool:
        doubled = [pool.submit(functions.double, number) for number in range(20)]
        refused = pool.submit(functions.refuse, 7)
        assert sorted(future.result() for future in as_completed(doubled)) == [*range(0, 40, 2)]
        with pytest.raises(UserError, match=r"^Not 7\.$"):
            refused.result()


def test_a_call_whose_process_dies_is_made_again(cluster: Any, tmp_path: Path) -> None:
    with ClusterExecutor() as pool:
        assert pool.submit(functions.die_once, str(tmp_path / "mark")).result(60) == "alive"


def test_a_call_that_kills_its_process_each_time_fails(cluster: Any) -> None:
    with ClusterExecutor() as pool, pytest.raises(UserError, match="lost 3 times"):
        pool.submit(functions.die).result(90)


def test_no_more_calls_are_in_ray_than_allowed(cluster: Any) -> None:
    with ClusterExecutor(limit=lambda left: 1) as pool:
        futures = [pool.submit(functions.sleep, 0.2) for _ in range(3)]
        until(lambda: futures[0].running())
        assert [future.running() for future in futures[1:]] == [False, False]
        assert [future.result() for future in futures] == [0.2] * 3


def test_calls_that_wait_are_cancelled(cluster: Any) -> None:
    pool = ClusterExecutor(limit=lambda left: 1)
    futures = [pool.submit(functions.sleep, 600.0) for _ in range(2)]
    until(lambda: futures[0].running())
    pool.shutdown(cancel_futures=True)
    assert futures[1].cancelled()


def test_a_machine_is_unplugged_during_its_calls(cluster: Any, tmp_path: Path) -> None:
    """They are made again elsewhere, and none ends twice."""
    notes = tmp_path / "notes"
    with ClusterExecutor(limit=lambda left: 3) as pool:
        one_more = cluster.add_node(num_cpus=1)
        futures = [pool.submit(functions.sleep_and_note, str(notes), 2.0) for _ in range(3)]
        until(lambda: all(future.running() for future in futures))
        time.sleep(1.0)  # so that the calls themselves have begun
        cluster.remove_node(one_more, allow_graceful=False)
        machines = {future.result(60) for future in futures}
    assert one_more.node_id not in machines
    assert notes.read_text() == "done\n" * 3
