"""A GPU that computes nothing: on it, reading a value fails, as does mixing it with the CPU.

So code that runs here never waits for a GPU, and creates nothing on the wrong device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

GPU = torch.device("cuda")


@contextmanager
def fake_gpu() -> Iterator[None]:
    """Tensors made within have a device, a shape and a type, and no values."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


def moved(model: nn.Module) -> nn.Module:
    """`model` with weights on that GPU."""
    for module in model.modules():
        for name, weights in module._parameters.items():
            if weights is not None:
                module._parameters[name] = nn.Parameter(torch.empty(weights.shape, device=GPU))
    return model
