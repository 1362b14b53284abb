"""Where models and runs lie, and what runs are called. It imports next to nothing, so that what
only waits stays small."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SHOWN = re.compile(r".{1,80}")
_OWNER = re.compile(r"[0-9a-f]{8,64}")


def checkpoints_dir() -> Path:
    """`AEVIZ_CHECKPOINTS`, else `checkpoints/` beside the package."""
    named = os.environ.get("AEVIZ_CHECKPOINTS")
    return Path(named) if named else Path(__file__).resolve().parent.parent / "checkpoints"


def runs_dir() -> Path:
    """Where runs and uploaded models lie; `AEVIZ_RUNS` moves it."""
    named = os.environ.get("AEVIZ_RUNS")
    return Path(named) if named else checkpoints_dir() / "runs"


def datasets_dir() -> Path:
    """Where people's own data sets lie: `AEVIZ_DATASETS`, else `datasets/` in `checkpoints_dir`."""
    named = os.environ.get("AEVIZ_DATASETS")
    return Path(named) if named else checkpoints_dir() / "datasets"


def given_name(run: Path) -> str:
    """What somebody has called the run of this folder since it was started; "" where nobody has."""
    return line_of(run / "name", _SHOWN)


def owner_of(run: Path) -> str:
    """Who started the run of this folder, as `aeviz.people` names them; "" where nobody did."""
    return line_of(run / "owner", _OWNER)


def line_of(path: Path, form: re.Pattern[str]) -> str:
    """The one line that a page wrote into the file; "" where there is none of this form."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return text if form.fullmatch(text) and text.isprintable() else ""
