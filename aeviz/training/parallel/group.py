"""The processes that train one model, and the messages between them.

Rank 0 leads: it has the data and the run, and decides when training begins and stops. The others
follow. All hold a connection to a small store in the leader, through which orders and errors go. A
session, one call of `fit`, has connections of its own between all of them (gloo on CPUs, NCCL on
GPUs). A process that fails writes why into the store and closes these, which ends the session in
all the others. All may then begin another one, for instance with a smaller batch.

Neither the store nor the connections are encrypted or need a password: use them in a network that
you trust.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from aeviz.errors import UserError, is_out_of_memory

TIMEOUT = timedelta(minutes=10)
"""How long processes wait for one that neither answers nor closes its connections."""

LOST = (
    "Another process of this training has ended. Start the training again; a run continues from "
    "its last saved epoch."
)
_MEMORY = "out of memory"


def join() -> Group:
    """The group that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT describe. Rank 0 opens the
    port; the others wait until it has."""
    try:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    except (KeyError, ValueError) as error:
        raise UserError(
            "Set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT to train in several processes."
        ) from error
    store = dist.TCPStore(host, port, is_master=rank == 0, timeout=TIMEOUT, wait_for_workers=False)
    return Group(store, rank, size)


class Group:
    """This process's membership: `rank` of `size`. `check` raises UserError in the leader if it
    finds, while it waits for the others, that one of them has ended.

    `should_stop` is called in the leader before each step; `stopped` is its result after the step,
    in every process. `microbatches`: those of one process that trains with all their threads, whose
    noise they reproduce; 0 if it would have none.
    """

    def __init__(
        self, store: dist.Store, rank: int, size: int, check: Callable[[], None] = lambda: None
    ) -> None:
        self.rank, self.size = rank, size
        self.should_stop: Callable[[], bool] = lambda: False
        self.stopped = False
        self.microbatches = 0
        self._store, self._check = store, check
        self._sessions = 0
        self._device = torch.device("cpu")

    # ---- orders ----

    def send_order(self, order: dict[str, Any] | None) -> None:
        """Begin a session in all followers; None: there will be no more."""
        self._store.set(f"{self._sessions}/order", json.dumps(order))

    def next_order(self) -> dict[str, Any] | None:
        """Wait for the leader's next order; None if there are no more, or no leader."""
        while True:
            try:
                found: dict[str, Any] | None = json.loads(
                    self._store.get(f"{self._sessions}/order")
                )
            except dist.DistStoreError:  # nothing for so long: the leader may be busy otherwise
                continue
            except dist.DistNetworkError:
                return None
            return found

    # ---- a session ----

    @contextlib.contextmanager
    def session(self) -> Iterator[None]:
        """Close the connections at the end. An error is written down for the others."""
        try:
            yield
        except Exception as error:
            self._write_down(error)
            raise
        finally:
            if dist.is_initialized():
                dist.destroy_process_group()
            self._sessions += 1

    def _write_down(self, error: Exception) -> None:
        """Say in the store why this session ends, unless another process has."""
        text = "A process of this training failed; its messages say why."
        if is_out_of_memory(error):
            text = _MEMORY
        elif isinstance(error, UserError):
            text = error.message
        with contextlib.suppress(dist.DistError):  # the leader is gone
            self._store.compare_set(f"{self._sessions}/failed", "", text)

    def connect(self, device: torch.device) -> None:
        """Connect all processes, which compute on such a device."""
        self._store.set(f"{self._sessions}/ready/{self.rank}", "")
        if self.rank == 0:
            self._wait_for_all()
        if device.type == "cuda":  # an error after TIMEOUT, instead of the end of the process
            os.environ.setdefault("TORCH_NCCL_BLOCKING_WAIT", "1")
        self._device, self.stopped = device, False
        dist.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            store=dist.PrefixStore(f"{self._sessions}", self._store),
            rank=self.rank,
            world_size=self.size,
            timeout=TIMEOUT,
        )

    def _wait_for_all(self) -> None:
        began = time.monotonic()
        keys = [f"{self._sessions}/ready/{rank}" for rank in range(self.size)]
        while not self._store.check(keys):
            self._check()
            late = time.monotonic() - began > TIMEOUT.total_seconds()
            if late or self._store.check([f"{self._sessions}/failed"]):
                raise self._error()
            time.sleep(0.02)

    def _error(self) -> Exception:
        """Why another process closed its connections."""
        key = f"{self._sessions}/failed"
        with contextlib.suppress(dist.DistError):
            if self._store.check([key]):
                text = self._store.get(key).decode()
                return MemoryError(text) if text == _MEMORY else UserError(text)
        return UserError(LOST)

    # ---- collective operations: every process calls them in the same order ----

    def sum(self, tensor: Tensor) -> None:
        """Add the tensors of all processes, in place; bit for bit the same result in each."""
        with self._others():
            dist.all_reduce(tensor)

    def send(self, tensor: Tensor) -> Tensor:
        """The leader's tensor; the others pass one of its shape and type."""
        tensor = tensor.to(self._device).contiguous()
        with self._others():
            dist.broadcast(tensor, 0)
        return tensor

    def send_bytes(self, data: bytes = b"") -> bytes:
        """The leader's bytes."""
        length = int(self.send(torch.tensor(len(data))))
        buffer = bytearray(data) if self.rank == 0 else bytearray(length)
        return bytes(self.send(torch.frombuffer(buffer, dtype=torch.uint8)).cpu().numpy())

    def from_leader(self, function: Callable[[], dict[str, float]]) -> dict[str, float]:
        """The result of `function`, which only the leader calls."""
        data = json.dumps(function()).encode() if self.rank == 0 else b""
        found: dict[str, float] = json.loads(self.send_bytes(data))
        return found

    @contextlib.contextmanager
    def _others(self) -> Iterator[None]:
        """Raise what another process wrote down, or LOST, if an operation fails."""
        try:
            yield
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise self._error() from error
