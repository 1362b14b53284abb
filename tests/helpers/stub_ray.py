"""A stub of Ray, which makes the calls of tasks in this process, for tests without a cluster."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from aeviz.cluster import connection

_ERRORS = (
    *("RayActorError", "WorkerCrashedError", "NodeDiedError", "ObjectLostError", "OwnerDiedError"),
    *("OutOfMemoryError", "RaySystemError", "RpcError", "GetTimeoutError", "RuntimeEnvSetupError"),
)


class RayTaskError(Exception):
    """What a task has raised, which is its `cause`."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause


class Reference:
    """The result of a call, or an object that was put. It can be sent on the same connection
    only."""

    def __init__(self, ray: StubRay, get: Callable[[], Any]) -> None:
        self.ray, self.connection, self.get = ray, ray.connections, get

    def __deepcopy__(self, memo: object) -> Reference:
        if self.connection != self.ray.connections:
            raise ValueError("owner is unknown")
        return self


class StubRay(ModuleType):
    """The module `ray`. Calls return once `released` is set; `connections` have been made."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.connections = 1
        self.calls = 0
        self.killed: list[object] = []
        self.released = threading.Event()
        self.exceptions = ModuleType("ray.exceptions")
        self.exceptions.RayTaskError = RayTaskError  # type: ignore[attr-defined]
        for name in _ERRORS:
            setattr(self.exceptions, name, type(name, (Exception,), {}))

    def lost(self, name: str = "GetTimeoutError") -> Exception:
        error: Exception = getattr(self.exceptions, name)()
        return error

    def shutdown(self) -> None:
        self.connections += 1

    def put(self, value: object) -> Reference:
        return Reference(self, lambda: value)

    def remote(self, **options: object) -> Callable[..., SimpleNamespace]:
        def call(function: Callable[..., Any], *args: Any) -> Reference:
            args = copy.deepcopy(args)  # as they are sent
            self.calls += 1
            return Reference(self, lambda: function(*args))

        return lambda function: SimpleNamespace(remote=lambda *args: call(function, *args))

    def wait(
        self, references: list[Reference], timeout: float
    ) -> tuple[list[Reference], list[Reference]]:
        ready = 1 if self.released.wait(timeout) else 0
        return references[:ready], references[ready:]

    def get(self, reference: Reference, timeout: float | None = None) -> Any:
        try:
            return reference.get()
        except Exception as error:
            if connection.is_lost(error):
                raise
            raise RayTaskError(error) from error

    def kill(self, actor: object) -> None:
        self.killed.append(actor)

    def cancel(self, reference: Reference, force: bool) -> None:
        pass


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubRay:
    """A stub that this process is connected to."""
    ray = StubRay()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setitem(sys.modules, "ray.exceptions", ray.exceptions)
    monkeypatch.setattr(connection, "connect", lambda: ray)
    return ray
