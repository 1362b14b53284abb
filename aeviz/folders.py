"""Where models and runs lie. It imports nothing, so that what only waits stays small."""

from __future__ import annotations

import os
from pathlib import Path


def checkpoints_dir() -> Path:
    """`AEVIZ_CHECKPOINTS`, else `checkpoints/` beside the package."""
    named = os.environ.get("AEVIZ_CHECKPOINTS")
    return Path(named) if named else Path(__file__).resolve().parent.parent / "checkpoints"


def runs_dir() -> Path:
    """Where runs and uploaded models lie; `AEVIZ_RUNS` moves it."""
    named = os.environ.get("AEVIZ_RUNS")
    return Path(named) if named else checkpoints_dir() / "runs"
