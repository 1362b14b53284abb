"""Running a page without a browser, and reading what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

PAGES = Path(__file__).resolve().parents[2] / "pages"
SECONDS = 300
"""Seconds: a page takes less than one, on a busy machine many."""


def run(page: str, **query: str) -> AppTest:
    """A page, from the app's first page: from there links to other pages work."""
    app = AppTest.from_file(str(PAGES / "index.py"), default_timeout=SECONDS)
    app.switch_page(f"{page}.py")
    for key, value in query.items():
        app.query_params[key] = value
    return again(app)


def open_train(**query: str) -> AppTest:
    return run("train", **query)


def open_runs(**state: object) -> AppTest:
    """The Runs page, with these values in the session's state."""
    app = AppTest.from_file(str(PAGES / "index.py"), default_timeout=SECONDS)
    app.switch_page("runs.py")
    for key, value in state.items():
        app.session_state[key.replace("_", "-")] = value
    return again(app)


def again(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def html(app: AppTest, testid: str) -> str:
    """The HTML of the component with this key; "" if it is not on the page."""
    return str(data(app, testid).get("html", ""))


def data(app: AppTest, key: str) -> dict[str, Any]:
    """The data of the component with this key; empty if it is not on the page."""
    for element in app.get("bidi_component"):
        if element.proto.id.endswith(f"-{key}"):  # type: ignore[attr-defined]
            given: dict[str, Any] = json.loads(element.proto.json)  # type: ignore[attr-defined]
            return given
    return {}


def links(app: AppTest) -> dict[str, str]:
    """The query of each link to a page, by its label."""
    return {link.proto.label: link.proto.query_string for link in app.get("page_link")}  # type: ignore[attr-defined]


def press(app: AppTest, key: str, option: object) -> AppTest:
    """Choose an option of the segmented control, or a list of them of the chips, with this key."""
    next(group for group in app.button_group if group.key == key).set_value(option)
    return again(app)


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Drop these (name, content) onto the page's only drop zone."""
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    return again(app)
