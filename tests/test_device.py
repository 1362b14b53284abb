"""The device for `auto`, and the error if a named one is missing."""

from __future__ import annotations

import contextlib

import pytest
import torch

from aeviz.device import autocast, describe, pick_device
from aeviz.errors import UserError


def machine(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "taken"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_cuda_then_mps_then_the_cpu(
    cuda: bool, mps: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, cuda, mps)
    assert pick_device().type == pick_device("auto").type == taken
    assert pick_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_missing_device_is_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, False, False)
    with pytest.raises(UserError, match=f"^This machine has no {name} device: choose auto or cpu"):
        pick_device(name)
    machine(monkeypatch, True, True)
    assert pick_device(name).type == name


@pytest.mark.parametrize("name", ["", "tpu", "CUDA", "x" * 500])
def test_an_unknown_device_is_a_sentence(name: str) -> None:
    with pytest.raises(UserError, match="use auto, cpu, cuda or mps") as caught:
        pick_device(name)
    assert len(str(caught.value)) < 120


def test_describe_names_the_device_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert describe(torch.device("cpu")) == "CPU (1 thread)"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    assert describe(torch.device("cpu")) == "CPU (8 threads)"
    assert describe(torch.device("cpu"), 1) == "CPU (1 thread)"
    assert describe(torch.device("mps")) == "Apple GPU"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H200")
    assert describe(torch.device("cuda")) == "NVIDIA H200"


@pytest.mark.parametrize(
    ("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)]
)
def test_a_named_precision_is_taken(precision: str, dtype: torch.dtype) -> None:
    with autocast(torch.device("cpu"), precision):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


@pytest.mark.filterwarnings("ignore:CUDA is not available")
@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_auto_takes_bf16_where_the_chip_has_it(
    kind: str, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    context = autocast(torch.device(kind), "auto")
    assert isinstance(context, contextlib.nullcontext) != native


def test_mps_keeps_to_fp32() -> None:
    assert isinstance(autocast(torch.device("mps"), "auto"), contextlib.nullcontext)
