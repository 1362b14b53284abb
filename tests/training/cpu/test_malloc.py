"""How a process that trains has its memory."""

import os
import subprocess
import sys

import pytest

from aeviz.training.cpu.malloc import SWITCH

COUNT = """
import resource
from aeviz.training.cpu.malloc import keep_memory
keep_memory()
import torch
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for i in range(40):
    if i == 30:  # by then the heap has found its size
        before = faults()
    torch.empty(12_000_000).fill_(1)  # 48 MB
print(faults() - before)
"""


def faults(keeps: bool) -> int:
    command = [sys.executable, "-c", COUNT]
    env = os.environ | {SWITCH: str(int(keeps))}
    return int(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_what_is_freed_is_there_for_the_next_step_without_a_page_fault() -> None:
    assert faults(keeps=True) < 1_000 < faults(keeps=False)
