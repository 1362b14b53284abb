"""Device and precision of computations, and memory errors as sentences."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from aeviz.errors import UserError, is_out_of_memory
from aeviz.wording import plural


def pick_device(name: str = "auto") -> torch.device:
    """`auto`: CUDA, else Apple's MPS, else the CPU. UserError if a named one is missing."""
    has = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, available in has.items() if available))
    if name not in has:
        raise UserError(f"There is no device called {name[:40]!r}: use auto, cpu, cuda or mps.")
    if not has[name]:
        raise UserError(f"This machine has no {name} device: choose auto or cpu.")
    return torch.device(name)


def describe(device: torch.device, threads: int | None = None) -> str:
    """A readable name: "NVIDIA H200", "Apple GPU", "CPU (8 threads)"; `threads`: None for those of
    this process."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    threads = torch.get_num_threads() if threads is None else threads
    return f"CPU ({plural(threads, 'thread')})"


def autocast(device: torch.device, precision: str) -> contextlib.AbstractContextManager[object]:
    """The autocast context. `auto` is bf16 if the chip computes it natively, else fp32.

    Weights, optimiser and losses stay in fp32 either way. On a CPU with AVX-512 bf16, training
    dense and conv networks is 1.2 to 1.6 times faster; emulated bf16 would be slower than fp32.
    """
    if precision == "auto":
        precision = "bf16" if native_bf16(device) else "fp32"
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()


def native_bf16(device: torch.device) -> bool:
    """Whether the device has bf16 instructions."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, check, lambda: False)() for check in checks)
    return False


_SMALLER_NETWORK = (
    "Not enough memory for this network: use a smaller batch, a smaller code or narrower layers."
)


@contextlib.contextmanager
def plain_memory_errors(sentence: str = _SMALLER_NETWORK) -> Iterator[None]:
    """Raise any library's out-of-memory error as a UserError with this sentence."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(sentence) from error
