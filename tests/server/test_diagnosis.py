"""The page's information about its connection to the server."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from aeviz.identity import new_secret
from aeviz.server.cookies import COOKIE
from aeviz.server.diagnosis import Diagnosis


def seen(page: str, headers: dict[str, str]) -> dict[str, object]:
    app = Starlette(routes=[Route("/c", Diagnosis(["https://named.example"]).connection)])
    answer = TestClient(app).get("/c", params={"page": page}, headers=headers)
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("page", "allowed"),
    [
        ("http://class.example", True),
        ("https://class.example", False),
        ("http://127.0.0.1:8501", False),
        ("https://named.example", True),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_a_page_learns_whether_and_under_which_host_it_arrived(page: str, allowed: bool) -> None:
    answer = seen(page, {"Host": "class.example"})
    assert answer == {
        "host": "class.example", "scheme": "http", "allowed": allowed, "known": False,
    }  # fmt: skip


def test_and_whether_its_cookie_came_along() -> None:
    assert seen("", {"Cookie": f"{COOKIE}={new_secret()}"})["known"] is True
    assert seen("", {"Cookie": f"{COOKIE}=x"})["known"] is False
