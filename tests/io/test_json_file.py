"""JSON from a file is untrusted: the result is checked data or a ValueError."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from aeviz.io import json_file


@dataclass(frozen=True)
class Example:
    kind: Literal["a", "b"]
    count: int = 0
    share: float | None = None
    text: str = ""


def test_an_object_becomes_its_dataclass(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"kind": "b", "count": 3, "share": 1, "text": "x"}')
    assert json_file.read(path, Example) == Example("b", 3, 1, "x")


@pytest.mark.parametrize(
    "text",
    [
        b"", b"null", b"5", b"[]", b"{}", b"\xff", b'{"kind": "c"}', b'{"kind": ["a"]}',
        b'{"kind": "a", "more": 1}', b'{"kind": "a", "count": 1.5}', b'{"kind": "a", "count": "1"}',
        b'{"kind": "a", "count": true}', b'{"kind": "a", "share": NaN}', b"[" * 100_000,
        b'{"kind": "a", "share": 1e999}', b'{"kind": "a", "count": 1' + b"0" * 400 + b"}",
        b'{"kind": "a", "count": 1' + b"0" * 5_000 + b"}", b'{"kind": "a", "text": null}',
        b'{"kind": ' + b"[" * 500 + b"]" * 500 + b"}", b" " * (1 << 20) + b'{"kind": "a"}',
    ],
)  # fmt: skip
def test_anything_else_is_a_value_error(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text)
    with pytest.raises(ValueError):  # noqa: PT011  (nothing but ValueError is the promise)
        json_file.read(path, Example)


def test_numbers_and_counts() -> None:
    assert json_file.is_number(-1.5)
    assert json_file.is_count(0)
    for value in (10**400, float("nan"), float("-inf"), True, "1", None):
        assert not json_file.is_number(value)
    for value in (-1, 1.0, True, 2**60):
        assert not json_file.is_count(value)
