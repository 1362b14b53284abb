"""The utilization of a GPU while something runs on it."""

from __future__ import annotations

import shutil
import subprocess
import threading
from types import TracebackType

import torch

EVERY_SECONDS = 1.0


class Utilization:
    """A context manager that measures the percentage of time in which the GPU computes, as reported
    by its driver; `percent` is None on a CPU, or if the driver cannot be queried."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.seen: list[float] = []
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Utilization:
        if self.device.type == "cuda":
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()

    @property
    def percent(self) -> float | None:
        return round(sum(self.seen) / len(self.seen), 1) if self.seen else None

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            found = _percent(self.device)
            if found is None:
                return
            self.seen.append(found)


def _percent(device: torch.device) -> float | None:
    try:
        return float(torch.cuda.utilization(device))
    except Exception:  # the library that it needs may be missing
        pass
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    index = device.index or torch.cuda.current_device()
    question = ["--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", f"--id={index}"]
    try:
        answer = subprocess.run([program, *question], capture_output=True, text=True, timeout=5)
        return float(answer.stdout.split()[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
