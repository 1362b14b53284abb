"""PyTorch's optimizers without torch._dynamo, the front end of torch.compile, which nothing here
uses.

Creating an optimizer, and each of its steps, imports torch._dynamo only to mark a function that a
compiler must not touch: nine hundred modules and about a second of processor time between a press
on Train and the first step. If PyTorch's internals differ from what this module expects, it changes
nothing. docs/decisions/dynamo.md has the measured gain.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch

from aeviz.training.cpu import enabled

SWITCH = "AEVIZ_SKIP_DYNAMO"


def skip_dynamo() -> None:
    """Let optimizers be created, saved and restored without importing torch._dynamo:
    `torch._disable_dynamo` looks for the function to call in this attribute first."""
    if not enabled(SWITCH):
        return
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        plain = getattr(getattr(torch.optim.Optimizer, name), "__wrapped__", None)
        if plain is not None:
            setattr(plain, "__dynamo_disable", plain)


def plain_step(optimizer: torch.optim.Optimizer) -> Callable[[], object]:
    """`optimizer.step`, without gradients and without PyTorch's wrappers: hooks, and graph breaks
    for a compiler."""
    step = inspect.unwrap(type(optimizer).step)

    def apply() -> None:
        with torch.no_grad():
            step(optimizer)

    return apply if enabled(SWITCH) else optimizer.step
