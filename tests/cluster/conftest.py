"""A cluster on this machine that the tests of Ray share, with machines that can be unplugged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from aeviz.cluster import connection
from tests.cli.conftest import denoiser

__all__ = ["cluster", "denoiser", "machines"]

ROOT = Path(__file__).parents[2]


def head_of(cpus: int) -> dict[str, Any]:
    """The settings of a head with so many processors, which soon notices that a machine is gone."""
    noticing = {"health_check_period_ms": 500, "health_check_failure_threshold": 3}
    return {"num_cpus": cpus, "include_dashboard": False, "_system_config": noticing}


@pytest.fixture(scope="session")
def machines() -> Iterator[Any]:
    """A cluster of a head without processors and one machine with two."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="ray-") as folder:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_TMPDIR", folder)  # not that of a cluster which this machine belongs to
        patch.setenv("XDG_CACHE_HOME", folder)
        path = [str(ROOT), str(ROOT / "tests" / "helpers")]
        patch.setenv("PYTHONPATH", os.pathsep.join(path))
        made = Cluster(initialize_head=True, head_node_args=head_of(0))
        made.add_node(num_cpus=2)
        yield made
        connection.disconnect()
        made.shutdown()


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
