"""Security headers of every kind of response."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from aeviz.server.headers import SecurityHeaders
from aeviz.server.hosts import Hosts


def client(*more: Middleware) -> TestClient:
    async def answer(request: Request) -> Response:
        status = int(request.query_params.get("status", "200"))
        return PlainTextResponse("", status, {"Referrer-Policy": "no-referrer"})

    app = Starlette(routes=[Route("/", answer)], middleware=[Middleware(SecurityHeaders), *more])
    return TestClient(app, base_url="http://localhost:8501")


def policy(answer: Response) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.parametrize("path", ["/", "/?status=304", "/?status=500", "/none"])
def test_every_answer_has_them(path: str) -> None:
    answer = client().get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    rules = policy(answer)
    assert rules["default-src"] == ["'self'"]
    assert rules["img-src"] == ["'self'", "data:", "blob:"]
    assert rules["worker-src"] == ["'self'"]
    assert rules["object-src"] == ["'none'"]
    assert rules["frame-ancestors"] == ["'self'"]


def test_a_refusal_has_them_too() -> None:
    answer = client(Middleware(Hosts)).get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert policy(answer)["default-src"] == ["'self'"]


def test_an_answers_own_stay() -> None:
    assert client().get("/").headers["referrer-policy"] == "no-referrer"
    assert client().get("/none").headers["referrer-policy"] == "same-origin"


def test_no_inline_script_runs_but_streamlits_own() -> None:
    scripts = policy(client().get("/"))["script-src"]
    assert "'unsafe-inline'" not in scripts
    page = Path(str(streamlit.__file__)).parent / "static" / "index.html"
    inline = re.findall(r"<script>", page.read_text())
    assert len([one for one in scripts if one.startswith("'sha256-")]) == len(inline)


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("localhost:8501", ["ws://localhost:8501", "wss://localhost:8501"]),
        ("class.example", ["ws://class.example", "wss://class.example"]),
        ("x; script-src *", []),
        ("x *", []),
    ],
)
def test_sockets_lead_to_the_host_that_was_asked_for(host: str, named: list[str]) -> None:
    rules = policy(client().get("/", headers={"Host": host}))
    assert rules["connect-src"] == ["'self'", *named]
    assert "*" not in rules["script-src"]


def test_frames_are_for_those_that_the_setting_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_FRAME_ANCESTORS", "https://lms.example https://*.school.example")
    answer = client().get("/")
    assert policy(answer)["frame-ancestors"] == [
        "'self'",
        "https://lms.example",
        "https://*.school.example",
    ]
    assert "x-frame-options" not in answer.headers
