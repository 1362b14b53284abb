"""The progress bar on a terminal, and the lines without a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from aeviz.cli import terminal
from aeviz.cli.terminal import Progress, clock, files
from aeviz.errors import UserError


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock_of_tests(monkeypatch: pytest.MonkeyPatch) -> Clock:
    own = Clock()
    monkeypatch.setattr(terminal, "time", own)
    return own


def test_a_bar_with_the_time_left_for_all(
    clock_of_tests: Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = os.terminal_size((80, 24))
    monkeypatch.setattr(terminal.shutil, "get_terminal_size", lambda: size)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(3)
    progress.begin("a.png")
    clock_of_tests.now = 5
    progress.show(6, 12, "tiles")  # 5 s for half of the first: 25 s for the rest
    progress.end("restored")
    progress.begin("kept.png")
    progress.end("kept", worked=False)
    progress.begin("c" * 200)
    clock_of_tests.now = 15
    progress.show(12, 24, "tiles")  # 15 s for one and a half: 5 s more
    lines = capsys.readouterr().err.replace("\r", "\n").splitlines()
    assert lines[0].rstrip() == "[1/3] a.png  [============            ] 6/12 tiles, 0:25 left"
    assert lines[1].rstrip() == "[1/3] a.png: restored"
    assert lines[2].rstrip() == "[2/3] kept.png: kept"
    assert lines[3].rstrip().endswith("[============            ] 12/24 tiles, 0:05 left")
    assert {len(line) for line in lines} == {79}


def test_without_a_terminal_only_what_is_over_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(1)
    progress.begin("a\x1b[2J\n.png")
    progress.show(1, 2, "tiles")
    progress.end("restored")
    assert capsys.readouterr().err == "[1/1] a?[2J?.png: restored\n"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (83, "1:23"), (3723, "1:02:03")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_files_of_folders_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", ".DS_Store"):
        (tmp_path / name).touch()
    (tmp_path / "inner").mkdir()
    named = tmp_path / "inner" / "missing.png"
    assert [file.name for file in files([tmp_path, named])] == ["a.png", "b.png", "missing.png"]
    with pytest.raises(UserError, match="No image files found"):
        files([tmp_path / "inner"])
