"""Frozen modules: collections do not visit them, and only new modules cause another freeze."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from aeviz.server import garbage


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(garbage, "_modules", 0)
    yield
    gc.unfreeze()


def test_what_modules_keep_is_not_visited_any_more() -> None:
    kept = [[]]  # type: ignore[var-annotated]
    assert any(one is kept for one in gc.get_objects())
    garbage.freeze_modules()
    assert gc.get_freeze_count() > 10_000
    assert not any(one is kept for one in gc.get_objects())


def test_only_new_modules_are_a_reason_to_freeze_again(monkeypatch: pytest.MonkeyPatch) -> None:
    garbage.freeze_modules()
    later = [[]]  # type: ignore[var-annotated]
    garbage.freeze_modules()
    assert any(one is later for one in gc.get_objects())
    monkeypatch.setitem(sys.modules, "a_new_module", ModuleType("a_new_module"))
    garbage.freeze_modules()
    assert not any(one is later for one in gc.get_objects())


def test_it_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.unfreeze()
    monkeypatch.setenv("AEVIZ_FREEZE", "0")
    garbage.freeze_modules()
    assert gc.get_freeze_count() == 0
