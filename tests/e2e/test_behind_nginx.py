"""The app behind nginx with docs/deploy/nginx.conf: by https, below a path; and behind a proxy that
changes Host, as nginx does by default."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from photo_tool import PAGE, opened, payload, photo, restored, small_restorers
from playwright.sync_api import Browser, Page, expect
from waiting import until

from tests.e2e.conftest import ROOT, answers, drawn, free_port, open_page, save_tiny_model

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="needs nginx and openssl"
)
SITE = (ROOT / "docs" / "deploy" / "nginx.conf").read_text()
DECODES = "performance.getEntriesByName('aeviz.decode').length"
FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """nginx's port with the documented configuration, and one that changes Host."""
    folder = tmp_path_factory.mktemp("nginx")
    by_https, inner, changing, plain = (free_port() for _ in range(4))
    site = SITE.replace("listen 443", f"listen {by_https}").replace("/etc/ssl/aeviz", str(folder))
    site = site.replace("127.0.0.1:8501", f"127.0.0.1:{inner}")
    certificate = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=aeviz"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*certificate.split(), *files], check=True, capture_output=True)
    changes_host = f"""
        server {{
            listen {changing};
            location / {{
                proxy_pass http://127.0.0.1:{plain};
                proxy_http_version 1.1;
                proxy_set_header Upgrade $http_upgrade;
                proxy_set_header Connection $aeviz_connection;
            }}
        }}"""
    temporary = "".join(f"{name}_temp_path {folder / name};" for name in FOLDERS)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder / 'pid'}; events {{}}"
        f"http {{ access_log off; {temporary} {site} {changes_host} }}"
    )
    with (
        small_restorers(folder),
        server(folder, inner, "/aeviz", "--server.baseUrlPath=aeviz"),
        server(folder, plain, ""),
    ):
        nginx = subprocess.Popen(["nginx", "-e", str(folder / "log"), "-c", str(config)])
        try:
            until(lambda: answers(f"http://127.0.0.1:{changing}/_stcore/health"), "no nginx", 20)
            yield by_https, changing
        finally:
            nginx.terminate()
            nginx.wait(20)


@contextmanager
def server(folder: Path, port: int, base: str, *options: str) -> Iterator[None]:
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


@pytest.fixture
def secure(browser: Browser, ports: tuple[int, int]) -> Iterator[tuple[Page, str]]:
    """A page and the app's address by https."""
    with open_page(browser, ignore_https_errors=True) as page:
        yield page, f"https://127.0.0.1:{ports[0]}/aeviz"


@pytest.mark.parametrize("name", ["", "explore", "train", "runs", "reconstruct", "restore"])
def test_every_page_opens_and_the_cookie_is_for_https_alone(
    secure: tuple[Page, str], name: str
) -> None:
    page, url = secure
    page.goto(f"{url}/{name}")
    page.get_by_role("heading").first.wait_for()
    expect(page.get_by_test_id("aeviz-notice")).to_have_count(0)
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}  # type: ignore[typeddict-item]
    assert cookies["aeviz-person"]["secure"]
    assert cookies["aeviz-person"]["path"] == "/aeviz"


def test_a_drag_decodes(secure: tuple[Page, str]) -> None:
    page, url = secure
    page.goto(f"{url}/explore?model=tiny-2d")
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


def test_a_photo_is_restored(secure: tuple[Page, str]) -> None:
    page, url = secure
    opened(page, url + PAGE)
    page.get_by_test_id("aeviz-files").set_input_files(payload("a.png", photo(2400, 1800)))
    page.wait_for_function("document.body.innerText.includes('a.png')")
    restored(page)
    page.wait_for_function(drawn("aeviz-photo-canvas"))


def test_a_model_file_arrives(secure: tuple[Page, str], tmp_path: Path) -> None:
    page, url = secure
    save_tiny_model(tmp_path / "mine.safetensors", 2)
    page.goto(f"{url}/train")
    chooser = page.locator("input[type=file][accept*=safetensors]")
    chooser.set_input_files(tmp_path / "mine.safetensors")
    expect(page.get_by_text("mine").first).to_be_visible()


def test_a_proxy_that_changes_host_is_named(browser: Browser, ports: tuple[int, int]) -> None:
    sentence = "The proxy must pass on Host unchanged"
    url = f"http://localhost:{ports[1]}"
    with open_page(browser) as page:
        for path in ("", "explore?model=tiny-2d"):
            page.goto(f"{url}/{path}")
            expect(page.get_by_test_id("aeviz-status")).to_contain_text(sentence)
            expect(page.get_by_test_id("aeviz-notice")).to_contain_text(sentence)
        page.goto(url + PAGE)
        expect(page.get_by_text(sentence).first).to_be_visible()
