"""Commands run in this process, for the tests of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from aeviz import datasets, images
from aeviz.cli.main import main

Capture = pytest.CaptureFixture[str]
TINY = ["--dataset", "digits", "--epochs", "1", "--set", "network.hidden=[16]"]


def result(capsys: Capture, *argv: object, code: int = 0) -> dict[str, Any]:
    """Runs a command; its result is the last line of standard output."""
    assert main([str(arg) for arg in argv]) == code
    return json.loads(capsys.readouterr().out.splitlines()[-1], parse_constant=pytest.fail)


def refusal(capsys: Capture, *argv: object) -> str:
    """Runs a command that fails: exit code 2, one sentence, nothing on standard output."""
    assert main([str(arg) for arg in argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    sentence = err.splitlines()[-1]
    assert sentence.startswith("aeviz: ")
    assert sentence.endswith(".")
    return sentence


def digit(path: Path, number: int = 0) -> torch.Tensor:
    """A test digit, written to `path` as a PNG file; returns it as (1, 8, 8) in [0, 1]."""
    x = datasets.load("digits").test.images[number].float() / 255
    path.write_bytes(images.encode_png(x))
    return x
