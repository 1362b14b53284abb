"""The spin time of OpenMP's threads is set before torch is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "own", "spin"),
    [
        (["-m", "presets"], None, "1000"),
        (["app.py", "train"], None, "1000"),
        (["/usr/bin/aeviz", "presets"], None, "1000"),
        (["/usr/bin/aeviz", "train", "--out", "a"], None, "None"),
        (["-m", "train", "--out", "a"], None, "None"),
        (["-m", "presets"], "7", "7"),
        (["-m", "train"], "7", "7"),
    ],
)
def test_only_a_training_from_the_command_line_waits_long(
    arguments: list[str], own: str | None, spin: str
) -> None:
    # argv while `python -m aeviz` imports the package
    code = (
        f"import os, sys; sys.argv[:] = {arguments}; import aeviz; "
        "print(os.environ.get('GOMP_SPINCOUNT'), 'torch' in sys.modules)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    if own is not None:
        environment["GOMP_SPINCOUNT"] = own
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [spin, "False"]


def test_python_shows_how_the_package_was_begun(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("package")
    (folder / "named").mkdir()
    (folder / "named" / "__init__.py").write_text("import sys; print(*sys.argv)")
    (folder / "named" / "__main__.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "named", "train"], cwd=folder, capture_output=True, text=True
    )
    assert done.stdout.split() == ["-m", "train"]
