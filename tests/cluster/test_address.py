"""Which cluster is used, and what is said if there is none."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from aeviz.cluster import address, connection
from aeviz.errors import UserError
from aeviz.runs import queue, store


@pytest.fixture
def closed_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("value", ["auto", "head:6379", "10.0.0.1:6379", "ray://head:10001"])
def test_addresses(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_RAY", value)
    assert address.configured() == value


@pytest.mark.parametrize("value", ["yes", "head", "http://head:1", "head:port", "a b:1", ":1"])
def test_what_is_no_address_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_RAY", value)
    with pytest.raises(UserError, match="set it to auto, HOST:PORT or ray://HOST:PORT"):
        queue.slots()


def test_a_run_is_not_created_with_a_wrong_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from aeviz.config import RunConfig
    from aeviz.runs import spawn

    monkeypatch.setenv("AEVIZ_RUNS", str(tmp_path))
    monkeypatch.setenv("AEVIZ_RAY", "nowhere")
    with pytest.raises(UserError, match="AEVIZ_RAY"):
        spawn.start(RunConfig())
    assert store.runs() == []


def test_without_the_variable_nothing_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AEVIZ_RAY", raising=False)
    assert address.configured() is None


def test_a_cluster_that_does_not_answer(closed_port: int) -> None:
    for form in ("127.0.0.1:{}", "ray://127.0.0.1:{}"):
        with pytest.raises(UserError, match="does not answer: start it, or correct AEVIZ_RAY"):
            address.reachable(form.format(closed_port))


def test_no_cluster_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(UserError, match="no Ray cluster on this machine: start one"):
        address.reachable("auto")


def refusing(error: BaseException) -> SimpleNamespace:
    """Ray, whose `init` raises this."""

    def init(**settings: object) -> None:
        raise error

    return SimpleNamespace(init=init, is_initialized=lambda: False)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RuntimeError("Version mismatch: The cluster was started with ..."), "install the same"),
        (RuntimeError("Invalid or missing authentication token"), "set RAY_AUTH_TOKEN"),
        (SystemExit(15), "cannot be used"),
        (ConnectionError("Failed to connect to Ray cluster at a:1"), "set RAY_AUTH_MODE and"),
        (ConnectionError("ray client connection timeout"), "set RAY_AUTH_MODE and"),
        (OSError("no such luck"), "no such luck"),
    ],
)
def test_what_the_cluster_refuses_is_one_sentence(
    error: BaseException, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", refusing(error))
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("AEVIZ_RAY", f"127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(UserError, match=sentence) as caught:
            connection.connect()
    assert caught.value.message.count(". ") == 0


def test_ray_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: dict[str, ModuleType | None] = {"ray": None}
    for name, module in missing.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("AEVIZ_RAY", "head:6379")
    with pytest.raises(UserError, match=r'pip install "aeviz\[ray\]"'):
        connection.connect()


def test_nothing_imports_ray_by_default() -> None:
    """Not the app, its pages, a run's process, the Lab or the command line."""
    check = (
        "import sys, app, aeviz.cli.main, aeviz.runs.process, aeviz.runs.spawn\n"
        "import aeviz.runs.worker, aeviz.experiments.worker, aeviz.runs.remote.follower\n"
        "import aeviz.ui.train.page, aeviz.ui.lab.page\n"
        "print('ray' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert found.stdout.splitlines()[-1:] == ["False"], found.stderr
