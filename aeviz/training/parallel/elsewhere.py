"""Start the other processes of a group on the machines of a cluster."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

import torch
import torch.distributed as dist

from aeviz.cluster import actors, connection
from aeviz.errors import UserError
from aeviz.training.parallel.group import LOST, TIMEOUT, Group

_PLACE_SECONDS = 60.0


@contextlib.contextmanager
def processes(number: int) -> Iterator[Group | None]:
    """A group of so many processes: this one, which leads, and one on the cluster for each other.
    None for a single process.

    All others begin together or not at all (a placement group), on as few machines as possible.
    UserError if the cluster has no room for them.
    """
    if number == 1:
        yield None
        return
    ray = connection.connect()
    # its scheduling, which only a connected process can use
    from ray.util.placement_group import placement_group, remove_placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    share = actors.share(ray, whole_gpu=True)
    needs = {"CPU": share.cpus, "GPU": share.gpus} if share.gpus else {"CPU": share.cpus}
    places = placement_group([needs] * (number - 1), strategy="PACK")
    try:
        if not places.wait(_PLACE_SECONDS):
            raise UserError(
                f"The cluster has no room for {number - 1} more processes of this training: wait, "
                "or choose fewer --processes."
            )
        host = ray.util.get_node_ip_address()
        store = dist.TCPStore(host, 0, is_master=True, timeout=TIMEOUT, wait_for_workers=False)
        variables = {"WORLD_SIZE": number, "MASTER_ADDR": host, "MASTER_PORT": store.port}
        followers = [
            ray.remote(_follow)
            .options(
                max_retries=0,
                num_cpus=share.cpus,
                num_gpus=share.gpus,
                scheduling_strategy=PlacementGroupSchedulingStrategy(places, rank - 1),
            )
            .remote({"RANK": rank, "LOCAL_RANK": 0} | variables, share.cpus)
            for rank in range(1, number)
        ]

        def check() -> None:
            if ray.wait(followers, timeout=0)[0]:
                raise UserError(LOST)

        group = Group(store, 0, number, check)
        before = torch.get_num_threads()
        torch.set_num_threads(share.cpus)
        try:
            yield group
        finally:
            torch.set_num_threads(before)
            group.send_order(None)
            ray.wait(followers, num_returns=len(followers), timeout=10)
    finally:
        remove_placement_group(places)


def _follow(variables: Mapping[str, int | str], threads: int) -> None:
    """On another machine: be one process of the group."""
    from aeviz.training.parallel.fit import follow
    from aeviz.training.parallel.group import join

    os.environ.update({name: str(value) for name, value in variables.items()})
    torch.set_num_threads(threads)
    follow(join())
