"""PyTorch's optimisers without the machinery of torch.compile, which nothing here uses.

On two cores a compiled step of the dense VAE took 3.5 ms instead of 3.9 with batches of 128, but
13.1 instead of 11.8 with 768, and one of the conv VAE no less than before; compiling, 8 to 23 s.
Making an optimiser, and each of its steps, imports torch._dynamo, only to tell a compiler that is
not there to look away: nine hundred modules and a second of processor time, between a press on
Train and the first picture. Where PyTorch is built otherwise than expected here, it is as it was.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch


def spare_the_compiler() -> None:
    """Lets optimisers be made, saved and restored without it: what is to run in its absence is
    named beforehand, where `torch._disable_dynamo` looks for it."""
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        plain = getattr(getattr(torch.optim.Optimizer, name), "__wrapped__", None)
        if plain is not None:
            setattr(plain, "__dynamo_disable", plain)


def stepper(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    """`optimizer.step`, without gradients and without what PyTorch has wrapped around it: hooks,
    and breaks for a compiler."""
    step = inspect.unwrap(type(optimizer).step)

    def apply() -> None:
        with torch.no_grad():
            step(optimizer)

    return apply
