"""`aeviz lab`: the list, a whole run, an interrupted one, and sentences for bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aeviz.cli.main import main
from aeviz.experiments import run, table

TINY = ["code-size", "--set", "dataset=digits", "--set", "sizes=2,8", "--set", "arms=pca,dense"]
TINY += ["--set", "steps=20", "--seeds", "1"]


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "--list"]) == 0
    assert [one["name"] for one in answer(capsys)["experiments"]] == list(table.MODULES)


def test_a_run_that_was_interrupted_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "code-size.json"
    work, done = run.work, []

    def interrupted(*args: Any) -> run.Done:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(args[-1].key)
        return work(*args)

    monkeypatch.setattr(run, "work", interrupted)
    assert main(["lab", *TINY, "--out", str(out)]) == 130
    before = json.loads(out.read_text())
    assert not before["complete"]
    assert set(before["tasks"]) == set(done)

    again: list[str] = []

    def counted(*args: Any) -> run.Done:
        again.append(args[-1].key)
        return work(*args)

    monkeypatch.setattr(run, "work", counted)
    capsys.readouterr()
    assert main(["lab", *TINY, "--out", str(out)]) == 0
    out_and_err = capsys.readouterr()
    assert "another version of the code" not in out_and_err.out + out_and_err.err
    written = json.loads(out.read_text())
    assert written["complete"]
    assert not set(again) & set(done)
    assert written["rows"][: len(before["rows"])] == before["rows"]
    last = json.loads(out_and_err.out.splitlines()[-1])
    assert last["verdict"] == written["verdict"]


def test_tasks_of_another_version_of_the_code_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "code-size.json"
    assert main(["lab", *TINY, "--out", str(out)]) == 0
    before = json.loads(out.read_text())
    _, last = before["tasks"].popitem()
    rows = before["rows"][: -last["rows"]]
    out.write_text(json.dumps(before | {"rows": rows, "complete": False}))
    monkeypatch.setattr(run, "revision", lambda name: "another")
    capsys.readouterr()
    assert main(["lab", *TINY, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert f"{len(before['tasks'])} tasks were done by another version" in said.out + said.err
    assert json.loads(out.read_text())["code"] == "another"


def test_a_complete_result_is_judged_again_and_nothing_is_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "code-size.json"
    assert main(["lab", *TINY, "--out", str(out)]) == 0
    whole = json.loads(out.read_text())
    old = {"verdict": {"outcome": "holds", "sentence": "As before."}, "device": "another one"}
    out.write_text(json.dumps(whole | old))
    monkeypatch.setattr(run, "work", None)
    capsys.readouterr()
    assert main(["lab", *TINY, "--out", str(out)]) == 0
    assert answer(capsys)["verdict"] == whole["verdict"]
    assert json.loads(out.read_text()) == whole | {"device": "another one"}


def test_another_result_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "code-size.json"
    assert main(["lab", *TINY, "--out", str(out)]) == 0
    text = out.read_text()
    capsys.readouterr()
    assert main(["lab", *TINY, "--set", "steps=21", "--out", str(out)]) == 2
    assert "has another result" in capsys.readouterr().err
    assert out.read_text() == text


@pytest.mark.parametrize(
    "args",
    [
        ["none"],
        ["code-size", "--set", "x=1"],
        ["code-size", "--set", "sizes"],
        ["code-size", "--seeds", "0"],
        ["code-size", "--set", "dataset=none"],
        [*TINY, "--out", "/no/such/folder/x.json"],
    ],
)
def test_bad_input_is_one_sentence(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", *args]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "mine.json"
    out.write_text('{"mine": 1}')
    assert main(["lab", *TINY, "--out", str(out)]) == 2
    assert out.read_text() == '{"mine": 1}'
