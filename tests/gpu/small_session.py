"""A session of a few seconds on the CPU, for tests of its parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.clock import Clock
from benchmarks.gpu.results import Models, Report
from benchmarks.gpu.session import Session
from benchmarks.gpu.sizes import DRY
from benchmarks.gpu.sources import Sources


def small_session(out: Path, seconds: float = 60.0, **sizes: Any) -> Session:
    """With drawn photographs and images, and sizes of a dry run."""
    return Session(
        device=torch.device("cpu"),
        sizes=replace(DRY, **sizes),
        sources=Sources(),
        out=out,
        seconds=seconds,
        clock=Clock(seconds),
        report=Report(out),
        models=Models(out),
    )
