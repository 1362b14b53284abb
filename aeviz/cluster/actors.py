"""The actors of this app on the cluster: the board, and trainers for its slots.

An actor is found by its name, so it outlives the process that made it: the next run of the same
slot finds a process that has imported everything.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aeviz.cluster.shares import Board
from aeviz.errors import UserError
from aeviz.io import atomic
from aeviz.io.paths import runs_dir

GPU_SHARE = 0.25
"""Of a GPU, for each training: networks of this size fill a small part of it."""

CALL_SECONDS = 30.0
"""A board that has not answered for so long counts as lost."""


@dataclass(frozen=True)
class Share:
    """What one training needs of the cluster."""

    cpus: int
    gpus: float

    def fits(self, machines: Sequence[Mapping[str, float]]) -> int:
        """How many trainings fit into machines with these resources, each into one of them."""
        return sum(self._fits(machine) for machine in machines)

    def _fits(self, machine: Mapping[str, float]) -> int:
        fitting = int(machine.get("CPU", 0) / self.cpus)
        return min(fitting, int(machine.get("GPU", 0) / self.gpus)) if self.gpus else fitting


class Resources(NamedTuple):
    """The processors, GPUs and so on of each machine: all of them, and those that are free."""

    total: Sequence[Mapping[str, float]]
    free: Sequence[Mapping[str, float]]


def amount(machines: Sequence[Mapping[str, float]], name: str) -> float:
    """How much of a resource ("CPU", "GPU") these machines have together."""
    return sum(machine.get(name, 0.0) for machine in machines)


def resources(ray: Any) -> Resources:
    """The cluster's resources, from the board: Ray ends any process in which it asks a head that
    has been restarted for them."""
    return Resources(*ray.get(_board(ray).resources.remote(), timeout=CALL_SECONDS))


def share(ray: Any, whole_gpu: bool = False) -> Share:
    """The share of this cluster's trainings: `AEVIZ_RAY_CPUS` processors, one by default, and a
    part of a GPU, or a whole one, if the cluster has any. UserError if the variable is no whole
    number."""
    value = os.environ.get("AEVIZ_RAY_CPUS", "1")
    if not value.isdecimal() or not 1 <= int(value) <= 1024:
        raise UserError(
            "AEVIZ_RAY_CPUS says how many processors of the cluster a training gets, so it must be "
            f"a whole number from 1 on; it is {value[:40]!r}."
        )
    gpus = 1.0 if whole_gpu else GPU_SHARE
    return Share(int(value), gpus if amount(resources(ray).total, "GPU") else 0.0)


def app_id() -> str:
    """The name of this app among those of the cluster: the same for all processes of its server,
    and for all servers that share its runs, on whatever machine."""
    with atomic.in_words("The runs folder cannot be written"):
        name = atomic.write_once(runs_dir() / ".queue" / "app", secrets.token_hex(6).encode())
    return name.decode()


def allowance(ray: Any, demand: int) -> int:
    """How many trainings this app may run at once (`aeviz.cluster.shares`), as it reports that it
    has or wants so many."""
    capacity = share(ray).fits(resources(ray).total)
    process = f"{socket.gethostname()} {os.getpid()}"
    report = _board(ray).report.remote(app_id(), process, demand, capacity)
    allowed: int = ray.get(report, timeout=CALL_SECONDS)
    return allowed


def _board(ray: Any) -> Any:
    return (
        ray.remote(Board)
        .options(
            name="board-2",  # a number for each version of its methods: it outlives an update
            lifetime="detached",
            get_if_exists=True,
            num_cpus=0,
            max_restarts=-1,
        )
        .remote()
    )


def trainer(ray: Any, kind: type, slot: int) -> Any | None:
    """The trainer of this slot, of the class `kind`; None if the cluster has no room for it now.
    Nothing waits inside Ray: a training waits in our own queue, which is fair."""
    needs = share(ray)
    name = f"trainer-{app_id()}-{slot}"
    try:
        return ray.get_actor(name)
    except ValueError:
        pass
    if not needs.fits(resources(ray).free):
        return None
    return (
        ray.remote(kind)
        .options(
            name=name,
            lifetime="detached",
            get_if_exists=True,
            num_cpus=needs.cpus,
            num_gpus=needs.gpus,
            max_restarts=0,
            max_task_retries=0,
        )
        .remote(needs.cpus)
    )
