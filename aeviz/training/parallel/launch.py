"""Start the other processes of a group on this machine."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.distributed as dist

from aeviz.errors import UserError
from aeviz.training.parallel.group import LOST, TIMEOUT, Group

MAX_PROCESSES = 64
_LOOPBACK = "127.0.0.1"
_FOLLOW = ("-m", "aeviz.training.parallel")
_ROOT = Path(__file__).resolve().parents[3]
"""The folder that the package `aeviz` is in."""


@contextlib.contextmanager
def processes(number: int) -> Iterator[Group | None]:
    """A group of so many processes: this one, which leads, and new ones that share its threads and
    end with it. None for a single process.

    It is reachable from this machine only.
    """
    if number == 1:
        yield None
        return
    before = torch.get_num_threads()
    threads = max(1, before // number)
    with socket.create_server((_LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        store = dist.TCPStore(
            *(_LOOPBACK, port),
            is_master=True,
            timeout=TIMEOUT,
            wait_for_workers=False,
            master_listen_fd=server.detach(),
        )
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback)
    children = [_child(rank, number, port, threads) for rank in range(1, number)]

    def check() -> None:
        if any(child.poll() is not None for child in children):
            raise UserError(LOST)

    group = Group(store, 0, number, check)
    torch.set_num_threads(threads)
    try:
        yield group
    finally:
        torch.set_num_threads(before)
        group.send_order(None)
        for child in children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _child(
    rank: int, number: int, port: int, threads: int, code: Sequence[str] = _FOLLOW
) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    variables = {
        "PYTHONPATH": path,
        "RANK": rank,
        "LOCAL_RANK": rank,
        "WORLD_SIZE": number,
        "MASTER_ADDR": _LOOPBACK,
        "MASTER_PORT": port,
        "OMP_NUM_THREADS": threads,
    }
    return subprocess.Popen(
        [sys.executable, *code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # the command's has the result only
        env=os.environ | {name: str(value) for name, value in variables.items()},
    )
