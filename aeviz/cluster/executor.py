"""Calls of functions on the machines of the cluster, in the manner of `concurrent.futures`."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from typing import Any, NamedTuple

from aeviz.cluster import actors, connection
from aeviz.cluster.packs import Pack, pack
from aeviz.errors import UserError

LOSSES = 3
"""A call whose process or machine is lost is made again until this has happened so often."""
LIMIT_SECONDS = 2.0
"""How often the limit of running calls is asked for."""
LAG_SECONDS = 1.0
"""So long a processor may still count as taken after the call on it has returned."""
_WAIT_SECONDS = 0.1
_RETRY_SECONDS = 1.0


class _Call(NamedTuple):
    future: Future[Any]
    function: Callable[..., Any]
    args: tuple[Any, ...]
    losses: int


def _made(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    return function(*args)


class ClusterExecutor(Executor):
    """Calls functions that can be imported by their name, each on one processor of the cluster.

    At most `limit(n)` calls are in Ray while n are left; the others wait here. None is made twice,
    unless its process, its machine or the cluster was lost before it returned. If the cluster ends,
    the calls wait until it is back. UserError if it does not answer at the beginning.

    `files`: files that all calls need, by their path. Each call gets the pack of them
    (`aeviz.cluster.packs`) as its first argument.
    """

    def __init__(
        self,
        limit: Callable[[int], int] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        self._files = files
        self._connect()
        self._limit = limit
        self._waiting: deque[_Call] = deque()
        self._running: dict[Any, _Call] = {}
        self._returned: deque[float] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _connect(self) -> None:
        self._ray = connection.connect()
        # once: each remote function is sent to the cluster, which keeps it
        self._remote = self._ray.remote(max_retries=0, num_cpus=1)(_made)
        # on each connection: a reference to an object ends with the one it was made on
        self._packs: tuple[Pack, ...] = ()
        if self._files is not None:
            self._packs = (pack(self._files, self._ray),)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The future of `function(*args)`, or with `files`, of `function(pack, *args)`. There are
        no keyword arguments."""
        if kwargs:
            raise TypeError("arguments of calls on the cluster have no names")
        future: Future[Any] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("the executor is shut down")
            self._waiting.append(_Call(future, function, args, 0))
            self._changed.notify()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As in `concurrent.futures`; `cancel_futures` also ends the calls that run."""
        with self._changed:
            self._closed = True
            if cancel_futures:
                for call in self._waiting:
                    call.future.cancel()
                self._waiting.clear()
                for reference in self._running:
                    self._ray.cancel(reference, force=True)
                self._running.clear()
            self._changed.notify()
        if wait:
            self._thread.join()

    def _work(self) -> None:
        """Make calls as there is room for them, and pass on what they return."""
        limit, asked = 1, -LIMIT_SECONDS
        while True:
            with self._changed:
                while not (self._waiting or self._running or self._closed):
                    self._changed.wait()
                if self._closed and not (self._waiting or self._running):
                    return
            try:
                if time.monotonic() - asked > LIMIT_SECONDS:
                    limit, asked = max(1, self._room()), time.monotonic()
                self._begin(limit)
                self._collect()
            except Exception as error:
                if connection.is_lost(error):
                    self._connect_again()
                else:
                    self._fail(error)

    def _room(self) -> int:
        """How many calls may run now."""
        if self._limit is not None:
            return self._limit(len(self._waiting) + len(self._running))
        while self._returned and time.monotonic() - self._returned[0] > LAG_SECONDS:
            self._returned.popleft()
        found = actors.resources(self._ray)
        free = actors.amount(found.free, "CPU") + len(self._returned)
        return int(min(actors.amount(found.total, "CPU"), len(self._running) + free))

    def _begin(self, limit: int) -> None:
        with self._changed:
            while self._waiting and len(self._running) < limit:
                call = self._waiting[0]
                # a call that is made again runs already
                if call.future.running() or call.future.set_running_or_notify_cancel():
                    reference = self._remote.remote(call.function, (*self._packs, *call.args))
                    self._running[reference] = call
                self._waiting.popleft()  # only now: if `remote` raises, it still has to be found

    def _collect(self) -> None:
        """Pass on the results of calls that have returned; wait a moment for one."""
        with self._changed:
            references = list(self._running)
        if not references:
            return
        ready, _ = self._ray.wait(references, timeout=_WAIT_SECONDS)
        self._returned.extend([time.monotonic()] * len(ready))
        for reference in ready:
            with self._changed:
                call = self._running.pop(reference, None)
            if call is None:  # cancelled in the meantime
                continue
            try:
                call.future.set_result(self._ray.get(reference))
            except Exception as error:
                self._failed(call, error)

    def _failed(self, call: _Call, error: Exception) -> None:
        """Make the call again if something was lost, else pass on what it has raised."""
        import ray.exceptions

        if isinstance(error, ray.exceptions.RayTaskError):
            call.future.set_exception(error.cause or error)
        elif not connection.is_lost(error):
            call.future.set_exception(error)
        elif call.losses + 1 >= LOSSES:
            text = f"A machine of the cluster was lost {LOSSES} times during the same task."
            call.future.set_exception(UserError(f"{text} Use less memory, or run it again."))
        else:
            with self._changed:
                self._waiting.appendleft(call._replace(losses=call.losses + 1))

    def _fail(self, error: Exception) -> None:
        """The executor cannot go on: all calls fail with this error."""
        with self._changed:
            calls = [*self._waiting, *self._running.values()]
            self._waiting.clear()
            self._running.clear()
        for call in calls:
            call.future.set_exception(error)

    def _connect_again(self) -> None:
        """Wait until the cluster answers, then make the calls again that were running."""
        with self._changed:
            self._waiting.extendleft(self._running.values())
            self._running.clear()
        while self._waiting or not self._closed:
            connection.disconnect()
            time.sleep(_RETRY_SECONDS)
            try:
                self._connect()
                return
            except Exception as error:
                if not isinstance(error, UserError) and not connection.is_lost(error):
                    self._fail(error)
                    return
