"""nginx with the configurations of docs/deploy, on free ports of this machine, for the tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from photo_tool import opened, payload, photo, restored
from playwright.sync_api import Page
from waiting import until

from tests.e2e.conftest import ROOT, answers, drawn, save_tiny_model

DEPLOY = ROOT / "docs" / "deploy"
DECODES = "performance.getEntriesByName('aeviz.decode').length"
_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def site(folder: Path, port: int, server: str) -> str:
    """nginx.conf with a certificate in `folder`, for this port of nginx and this server, HOST:PORT
    or the name of an upstream."""
    certificate = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=aeviz"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*certificate.split(), *files], check=True, capture_output=True)
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("listen 443", f"listen {port}").replace("/etc/ssl/aeviz", str(folder))
    return text.replace("127.0.0.1:8501", server)


@contextmanager
def nginx(folder: Path, http: str, port: int) -> Iterator[None]:
    """nginx with this text in its http block, from when it listens on `port` until the block
    ends."""
    temporary = "".join(f"{name}_temp_path {folder / name};" for name in _FOLDERS)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder / 'pid'}; events {{}}"
        f"http {{ access_log off; {temporary} {http} }}"
    )
    process = subprocess.Popen(["nginx", "-e", str(folder / "log"), "-c", str(config)])
    try:
        until(lambda: _listens(port), "no nginx", 20)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def server(folder: Path, port: int, base: str, *options: str) -> Iterator[None]:
    """A server with an untrained model `tiny-2d`, below the base path `base`."""
    save_tiny_model(folder / "runs" / "tiny-2d" / "model.safetensors", 2)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    fixed = ["--server.address=127.0.0.1", "--server.fileWatcherType=none", *options]
    environment = {**os.environ, "AEVIZ_RUNS": str(folder / "runs")}
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *fixed], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}{base}/_stcore/health"), "no server")
        yield
    finally:
        process.terminate()
        process.wait(30)


def drag(page: Page, url: str) -> None:
    """Drag a slider of Explore at this address; fails if too few images follow."""
    page.goto(url)
    page.wait_for_function(f"{DECODES} > 0")
    slider = page.get_by_test_id("aeviz-slider-0").bounding_box()
    assert slider is not None
    x, y = slider["x"] + slider["width"] / 2, slider["y"] + slider["height"] / 2
    before = page.evaluate(DECODES)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(20):
        page.mouse.move(x + 2 * step, y)
        page.wait_for_timeout(30)
    assert page.evaluate(DECODES) >= before + 5
    page.mouse.up()


def restore(page: Page, url: str) -> None:
    """Have a photograph restored on the page at this address."""
    opened(page, url)
    page.get_by_test_id("aeviz-files").set_input_files(payload("a.png", photo(2400, 1800)))
    page.wait_for_function("document.body.innerText.includes('a.png')")
    restored(page)
    page.wait_for_function(drawn("aeviz-photo-canvas"))
