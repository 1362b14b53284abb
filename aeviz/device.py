"""Which device the work runs on, and in which precision."""

from __future__ import annotations

import contextlib

import torch

from aeviz.errors import UserError


def pick_device(name: str = "auto") -> torch.device:
    """`auto`: CUDA, else Apple's MPS, else the CPU. UserError where a named one is missing."""
    has = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, there in has.items() if there))
    if name not in has:
        raise UserError(f"There is no device called {name[:40]!r}: use auto, cpu, cuda or mps.")
    if not has[name]:
        raise UserError(f"This machine has no {name} device: choose auto or cpu.")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """A short name for people: "NVIDIA H200", "Apple GPU", "CPU (8 threads)"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    threads = torch.get_num_threads()
    return f"CPU ({threads} thread{'s' if threads > 1 else ''})"


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[object]:
    """The context to compute in. `auto` is bf16 on CUDA chips that have it, else fp32.

    On a CPU bf16 gains only where the chip computes it natively and the network is large, so there
    it is a choice, never a default.
    """
    if precision == "auto":
        native = device.type == "cuda" and torch.cuda.is_bf16_supported()
        precision = "bf16" if native else "fp32"
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()
