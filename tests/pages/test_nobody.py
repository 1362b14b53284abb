"""A browser that keeps no cookies, for instance in another site's frame: it has no identity."""

from __future__ import annotations

import pytest
from page_tools import again, open_train

from aeviz.config import RunConfig
from aeviz.identity import Person
from aeviz.runs import store
from aeviz.ui.shared import person


@pytest.fixture(autouse=True)
def no_cookies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "me", lambda: Person())
    monkeypatch.setattr(person, "_secret", lambda: "")


def test_it_is_warned_and_gets_a_way_out() -> None:
    warning = open_train().warning[0].value
    assert "would belong to nobody" in warning
    assert "[Open this page in its own window](" in warning


def test_what_it_starts_does_not_run(started: list[RunConfig]) -> None:
    app = open_train()
    app.button(key="train-start").click()
    again(app)
    assert store.runs() == []
    assert any("Allow cookies" in error.value for error in app.error)
