from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from aeviz.identity import is_secret, new_secret
from aeviz.server.cookies import COOKIE, Cookie
from aeviz.server.proxy import Visitors

PAGE = {"Accept": "text/html,application/xhtml+xml"}


def client(base_path: str = "", address: str = "http://testserver") -> TestClient:
    def page(request: Request) -> Response:
        return PlainTextResponse(status_code=304 if "if-none-match" in request.headers else 200)

    app = Starlette(
        routes=[Route("/train", page, methods=["GET", "POST"])],
        middleware=[Middleware(Cookie, base_path=base_path)],
    )
    return TestClient(app, base_url=address)


def given(response: Response) -> SimpleCookie:
    return SimpleCookie(response.headers.get("set-cookie", ""))


def test_a_browser_that_opens_a_page_gets_a_secret_no_script_can_read() -> None:
    cookie = given(client().get("/train", headers=PAGE))[COOKIE]
    assert is_secret(cookie.value)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert int(cookie["max-age"]) > 300 * 86_400
    assert not cookie["secure"]
    assert given(client().get("/train", headers=PAGE))[COOKIE].value != cookie.value


def test_it_keeps_the_one_it_has_even_where_the_page_is_in_its_cache() -> None:
    secret = new_secret()
    for more in ({}, {"If-None-Match": "x"}):
        answer = client().get("/train", headers=PAGE | {"Cookie": f"a=b; {COOKIE}={secret}"} | more)
        assert given(answer)[COOKIE].value == secret


def test_what_is_no_secret_is_replaced() -> None:
    answer = client().get("/train", headers=PAGE | {"Cookie": f"{COOKIE}=a;b"})
    assert is_secret(given(answer)[COOKIE].value)


def test_files_and_data_come_without() -> None:
    assert not given(client().get("/train", headers={"Accept": "*/*"}))
    assert not given(client().post("/train", headers=PAGE))


def test_behind_https_and_under_a_path_it_says_so() -> None:
    cookie = given(client("aeviz", "https://testserver").get("/train", headers=PAGE))[COOKIE]
    assert cookie["secure"]
    assert cookie["path"] == "/aeviz"


def test_in_another_sites_frame_it_works_by_https_and_for_that_frame_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AEVIZ_FRAME_ANCESTORS", "https://lms.example")
    by_https = client(address="https://testserver").get("/train", headers=PAGE)
    assert by_https.headers["set-cookie"].endswith("SameSite=None; Secure; Partitioned")
    by_http = client().get("/train", headers=PAGE)
    assert by_http.headers["set-cookie"].endswith("SameSite=Lax")


@pytest.mark.parametrize(("peer", "secure"), [("::ffff:127.0.0.1", True), ("192.168.1.7", False)])
def test_behind_a_proxy_on_this_machine_that_speaks_https_it_says_so(
    peer: str, secure: bool
) -> None:
    browser = TestClient(Visitors(client().app), client=(peer, 1))
    answer = browser.get("/train", headers=PAGE | {"X-Forwarded-Proto": "https"})
    assert bool(given(answer)[COOKIE]["secure"]) is secure
