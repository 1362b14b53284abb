"""Two servers that share their folders behind one nginx, with docs/deploy/replicas.conf."""

from __future__ import annotations

import shutil
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from nginx_tools import DEPLOY, drag, nginx, restore, server, site
from photo_tool import PAGE, small_restorers
from playwright.sync_api import Browser, Page, Response

from aeviz.identity import new_secret
from aeviz.server.cookies import COOKIE
from tests.e2e.conftest import free_port, open_page

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="needs nginx and openssl"
)
SERVER = "X-Server"
"""A header that nginx adds for the tests: the server that a response comes from."""
UNCHECKED = ssl._create_unverified_context()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("replicas")
    by_https, one, other = (free_port() for _ in range(3))
    upstream = (DEPLOY / "replicas.conf").read_text()
    upstream = upstream.replace(":8501", f":{one}").replace(":8502", f":{other}")
    text = site(folder, by_https, "aeviz").replace(
        "location /aeviz/ {", f"location /aeviz/ {{ add_header {SERVER} $upstream_addr always;"
    )
    base = ("/aeviz", "--server.baseUrlPath=aeviz")
    url = f"https://127.0.0.1:{by_https}/aeviz"
    with (
        small_restorers(folder),
        server(folder, one, *base),
        server(folder, other, *base),
        nginx(folder, upstream + text, by_https),
    ):
        yield url


def server_of(url: str, secret: str) -> str:
    request = urllib.request.Request(
        f"{url}/_stcore/health", headers={"Cookie": f"other=1; {COOKIE}={secret}"}
    )
    with urllib.request.urlopen(request, timeout=10, context=UNCHECKED) as answer:
        return str(answer.headers[SERVER])


def note(answer: Response, answers: list[str]) -> None:
    name = answer.headers.get(SERVER.lower())
    if name is not None:  # else it is a blob of the page itself
        answers.append(name)


@pytest.fixture
def people(browser: Browser, url: str) -> Iterator[list[Page]]:
    """A page of a person at each of the two servers; fails if a response to a person comes from
    the other server."""
    secrets: dict[str, str] = {}
    while len(secrets) < 2:
        secret = new_secret()
        secrets.setdefault(server_of(url, secret), secret)
    with (
        open_page(browser, ignore_https_errors=True) as one,
        open_page(browser, ignore_https_errors=True) as other,
    ):
        seen: list[list[str]] = [[], []]
        for page, secret, answers in zip((one, other), secrets.values(), seen, strict=True):
            page.context.add_cookies([{"name": COOKIE, "value": secret, "url": f"{url}/"}])
            page.on("response", lambda answer, answers=answers: note(answer, answers))
        yield [one, other]
        assert [set(answers) for answers in seen] == [{name} for name in secrets]


def test_a_drag_and_a_photo_at_both(people: list[Page], url: str) -> None:
    for page in people:
        drag(page, f"{url}/explore?model=tiny-2d")
        restore(page, url + PAGE)


def test_a_model_sent_to_one_is_at_the_other(people: list[Page], url: str, tmp_path: Path) -> None:
    from tests.e2e.conftest import save_tiny_model

    one, other = people
    save_tiny_model(tmp_path / "shared.safetensors", 2)
    one.goto(f"{url}/train")
    one.locator("input[type=file][accept*=safetensors]").set_input_files(
        tmp_path / "shared.safetensors"
    )
    one.get_by_text("The model is in every list now.").wait_for()
    answer = other.goto(f"{url}/aeviz/models")
    assert answer is not None
    assert sum(model["name"].startswith("upload-") for model in answer.json()) == 1
