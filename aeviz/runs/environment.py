"""The environment variables of the processes that a server starts."""

from __future__ import annotations

import os
from pathlib import Path

from aeviz.io.paths import runs_dir

_ROOT = Path(__file__).resolve().parents[2]
"""The folder that the package `aeviz` is in."""


def for_process(threads: int) -> dict[str, str]:
    """This process's environment, so that the new process finds aeviz and the runs from any folder.
    It computes with so many threads, unless the operator has set OMP_NUM_THREADS."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    changes = {"PYTHONPATH": path, "AEVIZ_RUNS": str(runs_dir().resolve())}
    return {"OMP_NUM_THREADS": str(threads)} | os.environ | changes
