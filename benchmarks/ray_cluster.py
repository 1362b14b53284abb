"""A Ray cluster of simulated machines on this one, for a benchmark; it ends with the block."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aeviz.cluster import connection
from aeviz.cluster.address import VARIABLE
from aeviz.errors import UserError
from benchmarks.serving import ROOT

SETTLE_SECONDS = 30.0


@contextlib.contextmanager
def cluster(nodes: int, cpus: int) -> Iterator[Any]:
    """So many machines with so many processors each, and a head without any; `address` is its
    address. Ray counts processors and does not bind them: the machines share the real ones."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    )
    try:
        from ray.cluster_utils import Cluster
    except ImportError as error:
        raise SystemExit('This needs Ray: pip install "aeviz[ray]".') from error
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(nodes):
            made.add_node(num_cpus=cpus)
        yield made
    finally:
        with contextlib.suppress(ImportError):
            connection.disconnect()
        made.shutdown()


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """The module `ray`, connected to this cluster as the app connects; AEVIZ_RAY names it."""
    os.environ[VARIABLE] = address
    try:
        yield connection.connect()
    except UserError as error:
        raise SystemExit(str(error)) from error
    finally:
        connection.disconnect()
        del os.environ[VARIABLE]


def wait_for_processors(ray: Any, count: int) -> None:
    """Until so many processors of the cluster are free."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while ray.available_resources().get("CPU", 0) < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"the cluster has no {count} free processors")
        time.sleep(0.05)


def head(made: Any) -> list[int]:
    """The processes of the head: `gcs_server` and its raylet."""
    return [*processes(made.head_node, "gcs_server"), *processes(made.head_node, "raylet")]


def workers(made: Any, name: str) -> list[int]:
    """The processes that these machines have started for the tasks and actors of this name."""
    raylets = {pid for node in made.worker_nodes for pid in processes(node, "raylet")}
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent in raylets and name in (folder / "cmdline").read_text():
                found.append(int(folder.name))
    return found


def processes(node: Any, kind: str) -> list[int]:
    return [info.process.pid for info in node.all_processes[kind]]


def megabytes(pid: int) -> dict[str, float]:
    """The memory of a process: `resident`, and `proportional`, in which a page of N processes
    counts as an Nth; of the latter, `own` and `shared memory`, mostly Ray's store of objects."""
    names = {"Rss": "resident", "Pss": "proportional", "Pss_Anon": "own"}
    names |= {"Pss_Shmem": "shared memory"}
    found = dict.fromkeys(names.values(), 0.0)
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in names:
                found[names[name]] = int(rest.split()[0]) / 1000
    return found
