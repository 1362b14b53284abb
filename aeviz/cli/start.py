"""Start the app's server: `aeviz app`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from aeviz.io.paths import app_script


def start_app(options: Sequence[str] = ()) -> NoReturn:
    """Replace this process by `streamlit run app.py` with these options."""
    command = [sys.executable, "-m", "streamlit", "run", str(app_script()), *options]
    os.execv(sys.executable, command)
