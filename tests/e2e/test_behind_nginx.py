"""The app behind nginx with docs/deploy/nginx.conf: by https, below a path; and behind a proxy that
changes Host, as nginx does by default."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from nginx_tools import drag, nginx, restore, server, site
from photo_tool import PAGE, small_restorers
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import free_port, open_page, save_tiny_model

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="needs nginx and openssl"
)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """nginx's port with the documented configuration, and one that changes Host."""
    folder = tmp_path_factory.mktemp("nginx")
    by_https, inner, changing, plain = (free_port() for _ in range(4))
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
    http = site(folder, by_https, f"127.0.0.1:{inner}") + changes_host
    with (
        small_restorers(folder),
        server(folder, inner, "/aeviz", "--server.baseUrlPath=aeviz"),
        server(folder, plain, ""),
        nginx(folder, http, changing),
    ):
        yield by_https, changing


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
    drag(page, f"{url}/explore?model=tiny-2d")


def test_a_photo_is_restored(secure: tuple[Page, str]) -> None:
    page, url = secure
    restore(page, url + PAGE)


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
