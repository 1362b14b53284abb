"""A cluster on this machine that the tests of Ray share, with machines that can be unplugged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aeviz.cluster import connection
from tests.cli.conftest import denoiser

__all__ = ["cluster", "denoiser", "machines"]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def machines() -> Iterator[Any]:
    """A cluster of a head without processors and one machine with two."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")])
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    cluster.add_node(num_cpus=2)
    yield cluster
    connection.disconnect()
    cluster.shutdown()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture
def cluster(machines: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The same cluster, for an app of its own whose runs are in an empty folder."""
    monkeypatch.setenv("AEVIZ_RAY", machines.address)
    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path / "runs"))
    yield machines
    ray = connection.connect()
    for name in ray.util.list_named_actors():
        ray.kill(ray.get_actor(name))
    connection.disconnect()
