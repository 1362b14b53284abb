"""One server and one browser for all tests of this folder."""

from __future__ import annotations

import io
import math
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from waiting import until

from aeviz.config import RunConfig
from aeviz.models import checkpoint
from aeviz.models.checkpoint import Gallery
from aeviz.nn.model import Autoencoder
from benchmarks import browser as browsers

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("AEVIZ_CHROMIUM", browsers.CHROMIUM)
WAIT_MS = 90_000
expect.set_options(timeout=WAIT_MS)

NO_PICTURES = [
    (b"no picture at all", "not a picture that the browser can read"),
    (b"\0" * (10 * 2**20 + 1), "larger than 10 MB"),
]
"""Files that are not usable images, and the page's message about them."""


@pytest.fixture(scope="session")
def runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server's folder of runs, with two small untrained models, `tiny-2d` and `tiny-4d`, and a
    copy of the first one, `tiny-2d-too`."""
    folder = tmp_path_factory.mktemp("runs")
    for name, latent_dim in (("tiny-2d", 2), ("tiny-4d", 4)):
        save_tiny_model(folder / name / "model.safetensors", latent_dim)
    shutil.copytree(folder / "tiny-2d", folder / "tiny-2d-too")
    for run in folder.iterdir():
        (run / "name").write_text(run.name)  # what lists call it
    return folder


@pytest.fixture(scope="session")
def app_url(runs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of `streamlit run app.py`, with the bundled models and `runs_folder`."""
    with serve(runs_folder, tmp_path_factory.mktemp("server") / "log") as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=browsers.FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page; the test fails if its scripts raise an error or contact another host."""
    with open_page(browser) as page:
        yield page


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page as narrow as a phone, with touch."""
    with open_page(browser, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        yield page


def drawn(test_id: str) -> str:
    """A condition for a page: the canvas shows anything."""
    return (
        f"() => {{ const c = document.querySelector('[data-testid={test_id}]');"
        " return c && c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some("
        "(v, i) => i % 4 < 3 && v > 0); }"
    )


@contextmanager
def open_page(browser: Browser, **options: object) -> Iterator[Page]:
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 1000}} | options))  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: errors.extend(outside(request.url)))
    page.on("console", lambda message: errors.extend(against_policy(message.text)))
    yield page
    context.close()
    assert errors == []


def outside(url: str) -> list[str]:
    """The address, if it leads away from this machine: a classroom may have no internet."""
    return [] if urlparse(url).hostname in (None, "localhost", "127.0.0.1") else [url]


def against_policy(text: str) -> list[str]:
    """The browser's message, if the page's own security headers block something that it needs."""
    return [text] if "Content Security Policy" in text else []


@contextmanager
def serve(runs: Path, log: Path, port: int | None = None) -> Iterator[str]:
    """Runs a separate server until the block ends."""
    port = port or free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = [
        f"--server.port={port}",
        "--server.address=127.0.0.1",
        "--server.fileWatcherType=none",
    ]
    environment = {**os.environ, "AEVIZ_RUNS": str(runs)}
    environment.pop("OMP_NUM_THREADS", None)  # the tests' own; a server has all processors
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, *options], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        until(lambda: answers(f"{url}/_stcore/health"), f"the server did not start, see {log}")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def save_tiny_model(path: Path, latent_dim: int) -> None:
    """An untrained VAE of 12 x 12 images whose decoder reacts strongly, with 60 gallery codes."""
    config = RunConfig(type="vae").replace(
        **{
            "network.hidden": [16],
            "bottleneck.kind": "gaussian",
            "bottleneck.latent_dim": latent_dim,
        }
    )
    model = Autoencoder(config, (1, 12, 12)).eval()
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(4)  # so that a small move changes the pixels
    count = 60
    columns = math.ceil(math.sqrt(count))
    latents = torch.randn(count, latent_dim, generator=torch.Generator().manual_seed(0))
    sheet = io.BytesIO()
    Image.new("L", (12 * columns, 12 * math.ceil(count / columns)), 128).save(sheet, "PNG")
    gallery = Gallery(
        latents=latents,
        labels=torch.arange(count) % 3,
        class_names=("one", "two", "three"),
        sprite=sheet.getvalue(),
        pca=latents[:, :2].contiguous(),
        tsne=latents[:, -2:].contiguous() if latent_dim > 2 else None,
        umap=latents[:, 1:3].contiguous() if latent_dim > 2 else None,
        logvar=torch.full_like(latents, -2.0),
    )
    card = {"trustworthiness": {"pca": 0.81, "tsne": 0.934, "umap": 0.9}}
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(path, model, card, gallery)
