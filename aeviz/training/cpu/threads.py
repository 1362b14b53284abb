"""How many threads a training computes with.

OMP_NUM_THREADS, if the operator has set it, takes precedence (docs/decisions/threads.md).
"""

from __future__ import annotations

from aeviz.config import RunConfig


def threads(config: RunConfig, cores: int, slots: int) -> int:
    """Threads of one run if `slots` runs share `cores` processors.

    A dense network leaves one processor to the server: its threads synchronise a hundred times a
    step, so if one of them waits for a processor, all do. With a class dragging on two cores a deep
    network took 280 ms a step with two threads, and 11 with one; on an idle machine one thread is a
    fifth slower. A conv network computes in micro-batches (`aeviz.training.cpu.microbatches`),
    which synchronise twice a step.
    """
    left = 0 if config.network.kind == "conv" else 1
    return max(1, (cores - left) // slots)
