"""Paths of models, runs and data sets, and the one-line files of a run. Imports almost nothing, so
that waiting processes stay small."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SHOWN = re.compile(r".{1,80}")
_OWNER = re.compile(r"[0-9a-f]{8,64}")


_PACKAGE = Path(__file__).resolve().parents[1]
WEB = _PACKAGE / "web"
"""Files for browsers: JavaScript, CSS and the icon. A module's path is its address."""
_INSTALLED = (_PACKAGE / "checkpoints").is_dir()
"""Whether the bundled models are inside the package, as after `pip install`."""


def checkpoints_dir() -> Path:
    """Bundled models: `AEVIZ_CHECKPOINTS`, else `checkpoints/` inside an installed package or
    beside the package in a checkout."""
    named = os.environ.get("AEVIZ_CHECKPOINTS")
    return Path(named) if named else (_PACKAGE if _INSTALLED else _PACKAGE.parent) / "checkpoints"


def runs_dir() -> Path:
    """Runs and uploaded models: `AEVIZ_RUNS`, else `runs/` in `_people_dir`."""
    named = os.environ.get("AEVIZ_RUNS")
    return Path(named) if named else _people_dir() / "runs"


def lab_dir() -> Path:
    """Results of the Lab that people have requested: a hidden folder beside their runs."""
    return runs_dir() / ".lab"


def sweeps_dir() -> Path:
    """The records of sweeps: a hidden folder beside their runs."""
    return runs_dir() / ".sweeps"


def datasets_dir() -> Path:
    """People's own data sets: `AEVIZ_DATASETS`, else `datasets/` in `_people_dir`."""
    named = os.environ.get("AEVIZ_DATASETS")
    return Path(named) if named else _people_dir() / "datasets"


def app_script() -> Path:
    """The file that `streamlit run` starts: `app.py`, beside the package or inside it."""
    return (_PACKAGE / "_app" if _INSTALLED else _PACKAGE.parent) / "app.py"


def _people_dir() -> Path:
    """The folder for runs and imported data sets: `checkpoints_dir`, or the user's data folder if
    the package is installed, since an update replaces the package's folder."""
    if not _INSTALLED or os.environ.get("AEVIZ_CHECKPOINTS"):
        return checkpoints_dir()
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "aeviz"


def given_name(run: Path) -> str:
    """The name that a person gave to the run in this folder; "" if there is none."""
    return line_of(run / "name", _SHOWN)


def owner_of(run: Path) -> str:
    """The owner (`aeviz.identity`) of the run in this folder; "" if it has none."""
    return line_of(run / "owner", _OWNER)


def line_of(path: Path, form: re.Pattern[str]) -> str:
    """The line in the file; "" if there is none of this form."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return text if form.fullmatch(text) and text.isprintable() else ""
