"""Priorities: the server goes first if others want the processor, then trainings, then maps."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Final

BACKGROUND: Final = 5
"""Niceness of the server's threads for photographs, uploads and films: page requests go first."""
TRAINING: Final = 10
MAPS: Final = 19


def lower_process(niceness: int) -> None:
    """Raise the niceness of this process by so much (19 is the lowest priority)."""
    with contextlib.suppress(OSError):
        os.nice(niceness)
        # Linux weighs whole sessions against each other first, and this process leads its own:
        # without this its niceness would count among its own threads only (sched(7), autogroup).
        Path("/proc/self/autogroup").write_text(str(niceness))


def lower_thread() -> None:
    """Lower the priority of the calling thread, and of those that it starts, to BACKGROUND. Linux
    only: elsewhere threads have no priority of their own."""
    with contextlib.suppress(AttributeError, OSError):
        if os.uname().sysname == "Linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND)
