"""The explicit cross-entropy and softplus, against PyTorch's in double precision."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from aeviz.nn.entropy import bce_with_logits, softplus


@pytest.mark.parametrize("shape", [(1,), (7, 1, 3, 3), (4, 1, 8, 8), (3, 3, 5, 7)])
@pytest.mark.parametrize("scale", [0.1, 3.0, 30.0])
def test_value_and_gradient_are_pytorchs(shape: tuple[int, ...], scale: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = (scale * torch.randn(shape, generator=generator)).requires_grad_()
    x = torch.rand(shape, generator=generator)
    exact = logits.detach().double().requires_grad_()

    loss = bce_with_logits(logits, x)
    wanted = F.binary_cross_entropy_with_logits(exact, x.double(), reduction="sum")
    (loss / 4).backward()
    (wanted / 4).backward()

    assert loss.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert logits.grad is not None
    assert exact.grad is not None
    torch.testing.assert_close(logits.grad, exact.grad.float(), rtol=1e-5, atol=1e-6)


def test_a_sure_and_right_logit_costs_nothing_and_a_wrong_one_its_size() -> None:
    sure = torch.tensor([50.0, -50.0])
    assert bce_with_logits(sure, torch.tensor([1.0, 0.0])).item() == pytest.approx(0, abs=1e-6)
    assert bce_with_logits(sure, torch.tensor([0.0, 1.0])).item() == pytest.approx(100)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_logit_that_is_no_number_shows(bad: float) -> None:
    logits = torch.tensor([0.0, bad])
    assert not math.isfinite(bce_with_logits(logits, torch.tensor([0.5, 0.5])).item())


def test_it_leaves_its_inputs_as_they_were() -> None:
    logits, x = torch.tensor([1.0, -2.0]), torch.tensor([0.25, 1.0])
    bce_with_logits(logits, x)
    assert logits.tolist() == [1.0, -2.0]
    assert x.tolist() == [0.25, 1.0]


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_softplus_is_pytorchs(precision: torch.dtype) -> None:
    around = torch.linspace(-120, 120, 2001, dtype=precision)  # 0 is among them
    logits = around.clone().requires_grad_()
    exact = around.double().requires_grad_()

    value, wanted = softplus(logits), F.softplus(exact, threshold=200)
    value.sum().backward()
    wanted.sum().backward()

    assert value.dtype == precision
    assert logits.grad is not None
    assert exact.grad is not None
    spacing = torch.finfo(precision).eps
    torch.testing.assert_close(value.double(), wanted, rtol=spacing, atol=spacing)
    torch.testing.assert_close(logits.grad.double(), exact.grad, rtol=spacing, atol=2 * spacing)
