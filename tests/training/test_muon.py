"""Muon: steps along orthogonal matrices."""

from __future__ import annotations

import pytest
import torch
from small_restorer import tiny

from aeviz.errors import UserError
from aeviz.nn.unet import Restorer
from aeviz.presets.autoencoders import PRESETS
from aeviz.presets.restorers import RESTORERS
from aeviz.training.muon import Muon, orthogonal
from aeviz.training.restorers import make_optimizers


@pytest.mark.parametrize("shape", [(8, 8), (8, 50), (50, 8)])
def test_a_step_is_about_orthogonal_whatever_the_gradient_was(shape: tuple[int, int]) -> None:
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, _, v = torch.linalg.svd(noise, full_matrices=False)
    stretched = u @ torch.diag(torch.logspace(0, -2, 8)) @ v  # one direction a hundred times more
    values = torch.linalg.svdvals(orthogonal(stretched))
    assert values.max() < 1.35
    assert values.min() > 0.4
    assert (u.T @ orthogonal(stretched) @ v.T).diagonal().min() > 0.4  # and it still points there


def test_the_length_of_a_step_does_not_depend_on_the_gradients() -> None:
    moved = []
    for scale in (1e-4, 1e3):
        weight = torch.nn.Parameter(torch.zeros(16, 4, 3, 3))
        weight.grad = scale * torch.randn(16, 4, 3, 3, generator=torch.Generator().manual_seed(0))
        Muon([weight], lr=0.1).step()
        moved.append(weight.detach())
    assert torch.allclose(moved[0], moved[1], atol=6e-3)
    assert moved[0].square().mean().sqrt().item() == pytest.approx(0.1 * 0.2, rel=0.25)


def test_it_finds_the_least_squares_of_a_badly_scaled_problem() -> None:
    x = torch.randn(200, 8, generator=torch.Generator().manual_seed(0)) * torch.logspace(0, -1, 8)
    truth = torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    weight = torch.nn.Parameter(torch.zeros(4, 8))
    muon = Muon([weight], lr=0.1)
    for step in range(300):
        muon.param_groups[0]["lr"] = 0.1 * (1 - step / 300)
        muon.zero_grad()
        (x @ weight.T - x @ truth).square().mean().backward()
        muon.step()
    assert (weight.T - truth).abs().max() < 0.15


def test_weight_decay_shrinks_by_the_rate_and_only_that() -> None:
    weights = [torch.nn.Parameter(torch.full((4, 4), 2.0)) for _ in range(2)]
    for weight, decay in zip(weights, (0.0, 0.1), strict=True):
        weight.grad = torch.eye(4)
        Muon([weight], lr=0.5, weight_decay=decay).step()
    assert torch.allclose(weights[0] - weights[1], torch.full((4, 4), 2.0 * 0.5 * 0.1), atol=1e-6)


def test_matrices_of_one_shape_are_turned_together_as_each_alone() -> None:
    together = torch.randn(3, 8, 20, generator=torch.Generator().manual_seed(0))
    alone = torch.stack([orthogonal(matrix) for matrix in together])
    assert torch.allclose(orthogonal(together), alone, atol=0.03)


def test_a_rate_may_be_a_tensor() -> None:
    weights = [torch.nn.Parameter(torch.ones(4, 6)) for _ in range(2)]
    for weight, rate in zip(weights, (0.1, torch.tensor(0.1)), strict=True):
        muon = Muon([weight], lr=0.1, weight_decay=0.1)
        muon.param_groups[0]["lr"] = rate
        weight.grad = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
        muon.step()
    assert torch.allclose(*weights, atol=1e-6)


def test_every_weight_has_one_optimiser() -> None:
    model = Restorer(tiny("restore-x2"))
    optimizers = make_optimizers(model, model.config.training)
    kinds = [type(optimizer) for optimizer, _ in optimizers]
    assert kinds == [Muon, torch.optim.AdamW]
    held = [id(p) for optimizer, _ in optimizers for p in optimizer.param_groups[0]["params"]]
    assert sorted(held) == sorted(id(p) for p in model.parameters())
    assert all(p.ndim == 4 for p in optimizers[0][0].param_groups[0]["params"])


def test_it_is_for_unets_and_unets_take_no_other_than_adamw() -> None:
    with pytest.raises(UserError, match="Muon is for a unet"):
        PRESETS["vae"].config.replace(**{"training.optimizer": "muon"})
    with pytest.raises(UserError, match="muon or adamw"):
        RESTORERS["restore-x2"].replace(**{"training.optimizer": "sgd"})
