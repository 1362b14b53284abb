"""The visitor's address, and who uses the server's machine, with a proxy and without."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from aeviz.server import proxy
from aeviz.server.hosts import Hosts
from aeviz.server.proxy import Visitors, at_this_machine


@pytest.fixture(autouse=True)
def _no_proxy_seen() -> Iterator[None]:
    proxy._proxy_seen.clear()
    yield
    proxy._proxy_seen.clear()


def visitor(peer: str, headers: dict[str, str], host: str = "localhost:8501") -> dict[str, object]:
    """The app's visitor for a request from `peer`."""

    async def who(request: Request) -> Response:
        client, port = request.scope["client"][0], request.scope["server"][1]
        here = at_this_machine(client, request.headers, port)
        return JSONResponse({"client": client, "scheme": request.scope["scheme"], "here": here})

    app = Starlette(
        routes=[Route("/", who)],
        middleware=[Middleware(Visitors), Middleware(Hosts)],
    )
    test = TestClient(app, base_url="http://localhost:8501", client=(peer, 50000))
    return test.get("/", headers={"Host": host, **headers}).json()  # type: ignore[no-any-return]


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_proxy_on_this_machine_says_who_asks_and_how(peer: str) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.168.1.7"}
    assert visitor(peer, forwarded) == {"client": "192.168.1.7", "scheme": "https", "here": False}


def test_a_visitor_cannot_say_so_for_itself() -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
    assert visitor("192.168.1.7", forwarded) == {
        "client": "192.168.1.7",
        "scheme": "http",
        "here": False,
    }


def test_a_named_proxy_on_another_machine_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_PROXIES", "172.18.0.0/16, 10.0.0.9")
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.168.1.7"}
    for peer in ("172.18.0.2", "::ffff:10.0.0.9"):
        assert visitor(peer, forwarded)["scheme"] == "https"
    assert visitor("172.19.0.2", forwarded)["scheme"] == "http"


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_a_browser_on_this_machine_sits_here(peer: str, host: str) -> None:
    assert visitor(peer, {}, host)["here"] is True


@pytest.mark.parametrize(
    ("peer", "host"),
    [("192.168.1.7", "localhost:8501"), ("127.0.0.1", "192.168.1.1:8501")],
)
def test_a_browser_elsewhere_does_not(peer: str, host: str) -> None:
    assert visitor(peer, {}, host)["here"] is False


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP"])
def test_nor_does_one_that_somebody_asks_for(name: str) -> None:
    assert visitor("127.0.0.1", {name: "http"})["here"] is False


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1:8643"])
def test_a_proxy_that_passes_on_host_alone_makes_nobody_sit_here(host: str) -> None:
    """A visitor of the proxy may send `Host: localhost`, but with the proxy's port."""
    assert visitor("127.0.0.1", {}, host)["here"] is False


def test_once_such_a_proxy_was_seen_nobody_is_taken_to_sit_here() -> None:
    visitor("127.0.0.1", {}, "192.168.1.1")
    assert visitor("127.0.0.1", {}, "localhost:8501")["here"] is False


def test_a_page_of_another_name_is_no_proxy() -> None:
    """DNS rebinding in the teacher's browser must not take the machine from the teacher."""
    with pytest.raises(ValueError, match="Expecting value"):  # it is refused with a sentence
        visitor("127.0.0.1", {}, "evil.example:8501")
    assert visitor("127.0.0.1", {})["here"] is True
