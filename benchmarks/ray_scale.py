"""How work spreads over the machines of a Ray cluster: the same tasks on 1, 2, 4 and 8 of them.

    python -m benchmarks.ray_scale [--nodes 1 2 4 8] [--tasks 48] [--seconds 2] [--queued 10000]

The machines are simulated on this one, with a share of one processor each. This machine may have
fewer processors than that, so a task waits for a fixed time instead of computing: from the server,
a training on another machine looks the same. Measured is what Ray and the executor add: efficiency
is T1 / (N TN), T1 the time on one machine. The machines have started their processes before the
clock starts: each would do so on its own processor. Then so many tasks that return at once are
queued; printed are their time and the memory of the cluster's head.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from aeviz.cluster.executor import ClusterExecutor
from benchmarks import ray_cluster

LEAST_EFFICIENCY = 0.9
MOST_MEGABYTES = 2000.0
WARM_SECONDS = 2.0


def scaled(nodes: int, count: int, seconds: float) -> float:
    """Seconds for these tasks on so many machines."""
    with ray_cluster.cluster(nodes, 1) as made, ray_cluster.connected(made.address) as ray:
        warm(ray, nodes)
        with ClusterExecutor() as pool:
            began = time.perf_counter()
            for future in [pool.submit(time.sleep, seconds) for _ in range(count)]:
                future.result()
            return time.perf_counter() - began


def warm(ray: Any, nodes: int) -> None:
    """Have each machine start its process, and wait until all are free again."""
    ray_cluster.wait_for_processors(ray, nodes)
    with ClusterExecutor(lambda left: nodes) as pool:
        for future in [pool.submit(time.sleep, WARM_SECONDS) for _ in range(nodes)]:
            future.result()
    ray_cluster.wait_for_processors(ray, nodes)


def queued(count: int) -> bool:
    """Time and memory of so many tasks that wait at once and do nothing."""
    with ray_cluster.cluster(1, 2) as made, ray_cluster.connected(made.address) as ray:
        warm(ray, 2)
        before = head_megabytes(made)
        most = before
        with ClusterExecutor() as pool:
            began = time.perf_counter()
            for number, future in enumerate([pool.submit(abs, -n) for n in range(count)]):
                assert future.result() == number
                if number % 500 == 0:
                    most = max(most, head_megabytes(made))
            seconds = time.perf_counter() - began
        most = max(most, head_megabytes(made))
    holds = most < MOST_MEGABYTES
    print(
        f"{count:,} tasks that return at once: {seconds:.1f} s, {1000 * seconds / count:.2f} ms "
        f"each; head {before:.0f} MB before, at most {most:.0f} MB "
        f"({'yes' if holds else 'NO'}: less than {MOST_MEGABYTES:,.0f} MB)"
    )
    return holds


def head_megabytes(made: Any) -> float:
    return sum(ray_cluster.megabytes(pid)["resident"] for pid in ray_cluster.head(made))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--tasks", type=int, default=48)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--queued", type=int, default=10_000)
    args = parser.parse_args()
    print(
        f"{args.tasks} tasks that wait for {args.seconds:g} s; {os.cpu_count()} cores, load "
        f"average before {os.getloadavg()[0]:.1f}"
    )
    holds, one = True, 0.0
    for nodes in args.nodes:
        took = scaled(nodes, args.tasks, args.seconds)
        one = one or took * nodes
        efficiency = one / (nodes * took)
        holds &= efficiency >= LEAST_EFFICIENCY
        print(f"{nodes} machines: {took:6.1f} s, efficiency {100 * efficiency:.1f} %", flush=True)
    if args.queued:
        holds &= queued(args.queued)
    raise SystemExit(not holds)


if __name__ == "__main__":
    main()
