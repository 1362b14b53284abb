"""The pieces of docs/deploy/compose.yaml without containers: a Ray head, two machines, nginx, and
the app, which is a machine of the cluster, too."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from nginx_tools import DEPLOY, nginx, site
from playwright.sync_api import Browser, expect
from waiting import until

from tests.e2e.conftest import ROOT, answers, free_port, open_page

yaml = pytest.importorskip("yaml")
pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(
        not (shutil.which("nginx") and shutil.which("openssl")), reason="needs nginx and openssl"
    ),
]
SERVICES: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
CONNECT = "from aeviz.cluster import connection; ray = connection.connect()"


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """The environment of a process that uses the cluster: a head and two machines."""
    port, client = free_port(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="ray-"))  # short, as Ray makes sockets in it
    environment = {
        **os.environ,
        **SERVICES["head"]["environment"],
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_TMPDIR": str(folder),
        "AEVIZ_RAY": f"127.0.0.1:{port}",
        "STREAMLIT_SERVER_PORT": str(free_port()),
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    }
    environment.pop("OMP_NUM_THREADS", None)
    head = SERVICES["head"]["command"].replace("--port=6379", f"--port={port}")
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        # the default port may be that of another cluster of this machine
        stack.enter_context(running(f"{head} --ray-client-server-port={client}", environment))
        until(lambda: "started" in (folder / "log").read_text(), "no head", 60)
        for _ in range(SERVICES["worker"]["deploy"]["replicas"]):
            stack.enter_context(running(SERVICES["worker"]["command"], environment))
        yield environment


@contextmanager
def running(command: str | list[str], environment: dict[str, str]) -> Iterator[None]:
    """A command of the compose file, for this cluster, until the block ends."""
    words = command.split() if isinstance(command, str) else command
    here = [
        word.replace(".venv/bin", str(Path(sys.executable).parent))
        .replace("head:6379", environment["AEVIZ_RAY"])
        .replace("$$", "$")
        .replace("--num-cpus=4", "--num-cpus=1")
        .replace("1000000000", "200000000")
        for word in words
    ]
    with (Path(environment["RAY_TMPDIR"]) / "log").open("ab") as log:
        process = subprocess.Popen(
            here, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # Ray may wait for the others
        process.wait(30)


@pytest.fixture(scope="module")
def url(cluster: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app's address at nginx."""
    folder = tmp_path_factory.mktemp("app")
    port, server = free_port(), f"127.0.0.1:{cluster['STREAMLIT_SERVER_PORT']}"
    with (
        running(SERVICES["aeviz"]["command"], {**cluster, "AEVIZ_RUNS": str(folder / "runs")}),
        nginx(folder, site(folder, port, server), port),
    ):
        until(lambda: answers(f"http://{server}/aeviz/_stcore/health"), "no app")
        yield f"https://127.0.0.1:{port}/aeviz"


def said(script: str, environment: dict[str, str]) -> str:
    """What a Python script writes, its errors included."""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return done.stdout + done.stderr


def test_a_person_trains_on_the_cluster(
    browser: Browser, url: str, cluster: dict[str, str]
) -> None:
    with open_page(browser, ignore_https_errors=True) as page:
        page.goto(url)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.goto(f"{url}/train?type=vae&dataset=digits&network.hidden=24&training.epochs=3")
        page.get_by_role("button", name="Train", exact=True).click()
        page.wait_for_url("**/train?run=*")
        run = page.url.split("run=")[1]
        expect(page.get_by_text("Explore it").first).to_be_visible()
        # a trainer waits for the next run for a minute
        assert "trainer-" in said(f"{CONNECT}; print(ray.util.list_named_actors())", cluster)
        page.get_by_text("Explore it").first.click()
        page.wait_for_url(f"**/explore?model={run}*")
        page.get_by_test_id("aeviz-canvas").wait_for()


@pytest.mark.parametrize("token", [secrets.token_hex(32), ""], ids=["another", "none"])
def test_a_wrong_token_is_a_sentence(cluster: dict[str, str], token: str) -> None:
    fewer_attempts = {"RAY_NUM_REDIS_GET_RETRIES": "2"}
    found = said(CONNECT, {**cluster, **fewer_attempts, "RAY_AUTH_TOKEN": token})
    assert "to that of the cluster" in found or "to those of the cluster" in found
    assert "UserError: The Ray cluster at 127.0.0.1" in found
