"""The app under other host names, and its statistics from other machines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from aeviz.server import proxy
from aeviz.server.hosts import Hosts


@pytest.fixture(autouse=True)
def _no_proxy_seen() -> Iterator[None]:
    proxy._proxy_seen.clear()
    yield
    proxy._proxy_seen.clear()


def client(
    base_path: str = "", address: str = "http://localhost", ip: str = "127.0.0.1"
) -> TestClient:
    async def page(request: Request) -> Response:
        return PlainTextResponse("the app")

    async def stream(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("the app")
        await socket.close()

    app = Starlette(
        routes=[
            WebSocketRoute("/live", stream),
            Route("/{path:path}", page, methods=["GET", "POST"]),
        ],
        middleware=[Middleware(Hosts, base_path=base_path)],
    )
    return TestClient(app, base_url=address, client=(ip, 50000))


def test_a_page_under_a_strangers_name_says_which_setting_allows_it() -> None:
    answer = client().get("/explore", headers={"Host": "evil.example", "Accept": "text/html"})
    assert answer.status_code == 403
    assert "does not know the name <code>evil.example</code>" in answer.text
    assert "AEVIZ_HOSTS=evil.example" in answer.text
    assert "the app" not in answer.text.splitlines()


@pytest.mark.parametrize("host", ["<script>alert(1)</script>", "[::1", "", "a b"])
def test_a_malformed_name_is_refused_and_never_html(host: str) -> None:
    answer = client().get("/", headers={"Host": host, "Accept": "text/html"})
    assert answer.status_code == 403
    assert "<script" not in answer.text


def test_data_and_sockets_are_refused_too() -> None:
    rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
    answer = client().post("/aeviz/images", headers=rebound)
    assert answer.status_code == 403
    assert "AEVIZ_HOSTS" in answer.text
    with pytest.raises(WebSocketDisconnect), client().websocket_connect("/live", headers=rebound):
        raise AssertionError("the socket was opened")


def test_own_names_get_the_app() -> None:
    assert client().get("/").text == "the app"
    with client().websocket_connect("/live", headers={"Host": "localhost"}) as socket:
        assert socket.receive_text() == "the app"


@pytest.mark.parametrize("origin", ["http://[::1", "javascript://localhost", "null", ""])
def test_no_socket_opens_for_a_malformed_origin(origin: str) -> None:
    headers = {"Host": "localhost", "Origin": origin}
    with pytest.raises(WebSocketDisconnect), client().websocket_connect("/live", headers=headers):
        raise AssertionError("the socket was opened")


def test_health_is_told_under_any_name() -> None:
    assert client().get("/_stcore/health", headers={"Host": "probe"}).text == "the app"


@pytest.mark.parametrize("base", ["", "/aeviz"])
@pytest.mark.parametrize("path", ["/aeviz/live/stats", "/_stcore/metrics"])
def test_figures_of_the_server_are_for_its_own_machine(base: str, path: str) -> None:
    assert client(base).get(base + path).status_code == 200
    assert client(base, ip="192.168.1.7").get(base + path).status_code == 403
    assert client(base, address="http://192.168.1.1").get(base + path).status_code == 403
    forwarded = {"X-Forwarded-For": "192.168.1.7"}
    assert client(base).get(base + path, headers=forwarded).status_code == 403
