"""The unit tests of the JavaScript, if Node is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="needs Node")
def test_browser_modules() -> None:
    assert NODE is not None
    done = subprocess.run(
        [NODE, "--test", "tests/web/"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout
    assert "# pass 0" not in done.stdout
