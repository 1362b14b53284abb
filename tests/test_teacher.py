"""The teacher's code."""

from __future__ import annotations

import pytest

from aeviz.errors import UserError
from aeviz.teacher import WRONG_CODES, Teachers


def test_who_shows_the_code_is_a_teacher_and_nobody_else() -> None:
    teachers = Teachers()
    teachers.admit("ada", f" {teachers.code.replace('-', ' ')} ")
    assert "ada" in teachers
    assert "bob" not in teachers
    assert "" not in teachers


def test_each_server_has_its_own() -> None:
    assert len({Teachers().code for _ in range(20)}) > 10


def test_a_wrong_code_is_a_sentence_and_guessing_ends() -> None:
    teachers = Teachers()
    for _ in range(WRONG_CODES):
        with pytest.raises(UserError, match="not the code"):
            teachers.admit("bob", "0000-000x")
    with pytest.raises(UserError, match="wait a minute"):
        teachers.admit("bob", teachers.code)  # not even then


def test_a_browser_without_cookies_cannot_be_known() -> None:
    teachers = Teachers()
    with pytest.raises(UserError, match="not keep cookies"):
        teachers.admit("", teachers.code)
