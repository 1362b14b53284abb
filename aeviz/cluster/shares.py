"""How several apps share one cluster: each may use a fair share of it.

Each app reports how much it has or wants. The actor `Board`, of which the cluster has one, keeps
the reports and computes the shares; it needs no processor.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

FORGET_SECONDS = 15.0
"""An app that has not reported for so long counts as gone."""


def fair(capacity: int, demands: Mapping[str, int]) -> dict[str, int]:
    """The share of each app: max-min fair, in whole trainings. Nobody gets more than it demands,
    and what one leaves is divided among the others; what cannot be divided goes to the first
    names."""
    shares = dict.fromkeys(demands, 0)
    left = max(0, capacity)
    while left > 0:
        hungry = sorted(name for name in demands if shares[name] < demands[name])
        if not hungry:
            break
        for name in hungry[:left]:
            shares[name] += 1
        left -= min(left, len(hungry))
    return shares


class Board:
    """The latest reports of all processes of all apps."""

    def __init__(self) -> None:
        self._reports: dict[tuple[str, str], tuple[int, float]] = {}

    def report(self, app: str, process: str, demand: int, capacity: int) -> int:
        """Note how much this app has or wants, as this process of it knows, and return how much it
        may have: its fair share of `capacity` if it wanted everything."""
        now = time.monotonic()
        self._reports[app, process] = (max(0, demand), now)
        self._reports = {
            key: noted for key, noted in self._reports.items() if now - noted[1] < FORGET_SECONDS
        }
        demands: dict[str, int] = {}
        for (name, _), (wanted, _) in self._reports.items():
            demands[name] = max(wanted, demands.get(name, 0))
        return fair(capacity, demands | {app: capacity})[app]

    def resources(self) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
        """All resources of each machine of the cluster, and those of each that are free."""
        import ray
        from ray._private import state  # the public functions add the machines up

        total = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        return total, list(state.available_resources_per_node().values())
