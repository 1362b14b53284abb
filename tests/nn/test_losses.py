"""Losses and penalties against values worked out by hand, and gradients against differences."""

from __future__ import annotations

import math

import pytest
import torch

from aeviz.config import BottleneckConfig, LossConfig, NetworkConfig, RunConfig, TrainingConfig
from aeviz.datasets import Split
from aeviz.evaluation.validation import validate
from aeviz.nn import losses
from aeviz.nn.bottlenecks import Code
from aeviz.nn.model import Autoencoder

RAW = torch.tensor([[0.0, 0.0], [math.log(3), 0.0]]).view(2, 1, 1, 2)  # sigmoid: 1/2 1/2, 3/4 1/2
X = torch.tensor([[1.0, 0.5], [1.0, 0.0]]).view(2, 1, 1, 2)


# ---- reconstruction: sum over pixels, mean over the batch --------------------------------------


def test_bce_in_nats_per_image() -> None:
    first = 2 * math.log(2)
    second = -math.log(3 / 4) + math.log(2)
    assert losses.bce(RAW, X, "sigmoid").item() == pytest.approx((first + second) / 2)


def test_mse_of_sigmoid_outputs() -> None:
    assert losses.mse(RAW, X, "sigmoid").item() == pytest.approx((0.25 + 0.0625 + 0.25) / 2)


def test_mse_of_linear_outputs_leaves_them_as_they_are() -> None:
    x_hat = torch.tensor([[3.0, 0.5], [-1.0, 0.0]]).view(2, 1, 1, 2)
    assert losses.mse(x_hat, X, "linear").item() == pytest.approx((4 + 4) / 2)


def test_l1_of_sigmoid_outputs() -> None:
    assert losses.l1(RAW, X, "sigmoid").item() == pytest.approx((0.5 + 0.25 + 0.5) / 2)


def test_bce_of_wild_logits_stays_finite() -> None:
    raw = torch.tensor([1e4, -1e4]).view(1, 1, 1, 2)
    wrong = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)
    assert losses.bce(raw, wrong, "sigmoid").item() == pytest.approx(2e4)


@pytest.mark.parametrize("name", losses.RECONSTRUCTIONS)
def test_reconstruction_doubles_with_twice_the_pixels_and_keeps_with_twice_the_images(
    name: str,
) -> None:
    loss = losses.RECONSTRUCTIONS[name]
    once = loss(RAW, X, "sigmoid").item()
    wider = loss(torch.cat([RAW, RAW], 3), torch.cat([X, X], 3), "sigmoid").item()
    longer = loss(torch.cat([RAW, RAW]), torch.cat([X, X]), "sigmoid").item()
    assert wider == pytest.approx(2 * once)
    assert longer == pytest.approx(once)


# ---- KL ----------------------------------------------------------------------------------------


def test_kl_of_equal_gaussians_is_zero() -> None:
    assert losses.kl(torch.zeros(3, 5), torch.zeros(3, 5)).item() == 0


def test_kl_by_hand() -> None:
    mu = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    logvar = torch.tensor([[0.0, math.log(4)], [0.0, 0.0]])
    per_dimension = [(0.5 + 4.5) / 2, 0.5 * (4 - 1 - math.log(4)) / 2]
    assert losses.kl_per_dimension(mu, logvar).tolist() == pytest.approx(per_dimension)
    assert losses.kl(mu, logvar).item() == pytest.approx(sum(per_dimension))


def test_kl_agrees_with_torch_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    mu, logvar = torch.randn(2, 7, 4, generator=generator, dtype=torch.float64)
    q = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    p = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    expected = torch.distributions.kl_divergence(q, p).sum(1).mean()
    assert losses.kl(mu, logvar).item() == pytest.approx(expected.item(), rel=1e-12)


# ---- sparsity ----------------------------------------------------------------------------------


def test_l1_sparsity_by_hand() -> None:
    z = torch.tensor([[1.0, -2.0, 0.0], [0.0, 0.0, 5.0]])
    assert losses.l1_sparsity(z).item() == pytest.approx((3 + 5) / 2)


def test_kl_sparsity_is_zero_at_rho() -> None:
    z = torch.tensor([[0.1, 0.3], [0.3, 0.1]])  # each unit's mean is 0.2
    assert losses.kl_sparsity(z, 0.2).item() == pytest.approx(0, abs=1e-6)


def test_kl_sparsity_by_hand() -> None:
    z = torch.tensor([[0.5, 0.2], [0.5, 0.2]])
    one_unit = 0.2 * math.log(0.2 / 0.5) + 0.8 * math.log(0.8 / 0.5)
    assert losses.kl_sparsity(z, 0.2).item() == pytest.approx(one_unit, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_kl_sparsity_of_dead_and_saturated_units_is_finite(value: float) -> None:
    z = torch.full((4, 3), value, requires_grad=True)
    penalty = losses.kl_sparsity(z, 0.05)
    assert math.isfinite(penalty.item())
    assert penalty.item() > 0


# ---- the contractive penalty -------------------------------------------------------------------


def network(**changes: object) -> Autoencoder:
    config = RunConfig(
        network=NetworkConfig(hidden=(), activation="sigmoid"),
        bottleneck=BottleneckConfig(latent_dim=5, activation="sigmoid"),
        loss=LossConfig(penalty="contractive", weight=1.0),
        training=TrainingConfig(seed=3),
    ).replace(**changes)
    return Autoencoder(config, (1, 8, 8)).double()


def images(n: int = 3) -> torch.Tensor:
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_contractive_equals_the_closed_formula_of_a_sigmoid_layer() -> None:
    """Rifai et al. 2011, eq. 7: sum_j (h_j (1 - h_j))^2 sum_i W_ji^2."""
    model, x = network(), images()
    weight = model.get_parameter("bottleneck.code.weight")
    h = model.encode(x)
    closed = ((h * (1 - h)).square() @ weight.square().sum(1)).mean()
    assert losses.contractive(model.encode, x).item() == pytest.approx(closed.item(), rel=1e-10)


@pytest.mark.parametrize(
    "changes",
    [
        {"network.hidden": [12, 7], "network.activation": "tanh"},
        {"network.kind": "conv", "network.channels": [4, 6], "network.activation": "gelu"},
        {"network.kind": "conv", "network.channels": [4], "network.residual": 1},
    ],
    ids=["deep", "conv", "residual"],
)
def test_contractive_equals_a_difference_quotient(changes: dict[str, object]) -> None:
    model, x = network(**changes), images(2)
    step = 1e-6
    total = 0.0
    with torch.no_grad():
        for pixel in torch.eye(64, dtype=torch.float64).view(64, 1, 1, 8, 8):
            column = model.encode(x + step * pixel) - model.encode(x - step * pixel)
            total += (column / (2 * step)).square().sum().item()
    assert losses.contractive(model.encode, x).item() == pytest.approx(total / 2, rel=1e-6)


def test_contractive_of_a_constant_encoder_is_zero() -> None:
    assert losses.contractive(lambda x: 0 * x.flatten(1)[:, :3], images()).item() == 0


def test_contractive_can_be_measured_without_gradients_and_trained_with_dropout() -> None:
    model, x = network(**{"network.hidden": [6], "network.dropout": 0.5}), images()
    with torch.no_grad():
        assert losses.contractive(model.eval().encode, x).item() > 0
    losses.contractive(model.train().encode, x).backward()
    assert model.get_parameter("trunk.1.weight").grad is not None


# ---- gradients against finite differences ------------------------------------------------------


def smooth(*shape: int, low: float = 0.15, high: float = 0.85) -> torch.Tensor:
    """float64 values away from every kink, asking for a gradient."""
    generator = torch.Generator().manual_seed(1)
    values = torch.rand(*shape, generator=generator, dtype=torch.float64)
    return (low + (high - low) * values).requires_grad_()


@pytest.mark.parametrize("output", ["sigmoid", "linear"])
@pytest.mark.parametrize("name", ["mse", "l1", "bce"])
def test_gradient_of_the_reconstruction(name: str, output: str) -> None:
    x = torch.zeros(2, 1, 3, 3, dtype=torch.float64)  # sigmoid(raw) and raw both stay above it
    loss = losses.RECONSTRUCTIONS[name]
    assert torch.autograd.gradcheck(lambda raw: loss(raw, x, output), smooth(2, 1, 3, 3))


def test_gradient_of_the_kl() -> None:
    assert torch.autograd.gradcheck(losses.kl, (smooth(3, 4), smooth(3, 4, low=-1)))


def test_gradient_of_the_sparsities() -> None:
    assert torch.autograd.gradcheck(losses.l1_sparsity, smooth(3, 4))
    assert torch.autograd.gradcheck(lambda z: losses.kl_sparsity(z, 0.1), smooth(3, 4))


def test_gradient_of_the_contractive_penalty_with_respect_to_the_weights() -> None:
    x = images(2)

    def penalty(weight: torch.Tensor) -> torch.Tensor:
        return losses.contractive(lambda image: torch.tanh(image.flatten(1) @ weight), x)

    assert torch.autograd.gradcheck(penalty, smooth(64, 2, low=-0.5, high=0.5))


# ---- how the terms come together ---------------------------------------------------------------


def test_total_is_reconstruction_plus_beta_kl() -> None:
    config = RunConfig(
        network=NetworkConfig(hidden=()),
        bottleneck=BottleneckConfig(kind="gaussian", latent_dim=3),
        loss=LossConfig(beta=4.0),
    )
    model = Autoencoder(config, (1, 8, 8))
    x = images().float()
    terms = model.loss(model(x, torch.Generator().manual_seed(0)), x, x, beta=2.5)
    expected = terms.reconstruction + 2.5 * terms.kl
    assert terms.kl.item() > 0
    assert terms.total.item() == pytest.approx(expected.item())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("none", 0.0), ("l1", 0.8), ("kl-sparsity", None), ("contractive", 128.0)],
)
def test_penalty_follows_the_configuration(kind: str, expected: float | None) -> None:
    z = torch.full((2, 2), 0.4)
    config = LossConfig(penalty=kind, weight=1.0, rho=0.2)  # type: ignore[arg-type]
    code = Code(z, z, None)
    value = losses.penalty(config, code, lambda x: x.flatten(1)[:, :2] * 8, torch.rand(2, 1, 2, 2))
    wanted = losses.kl_sparsity(z, 0.2).item() if expected is None else expected
    assert value.item() == pytest.approx(wanted)


def test_penalty_is_weighed_in_the_total() -> None:
    model, x = network(**{"loss.weight": 3.0}).float(), images().float()
    terms = model.loss(model(x), x, x, beta=1.0)
    assert terms.total.item() == pytest.approx((terms.reconstruction + 3 * terms.penalty).item())


def test_the_contractive_penalty_differentiates_what_was_encoded() -> None:
    """With a corruption the Jacobian is taken where the encoder really was: at x_in."""
    model, x = network().float(), images().float()
    terms = model.loss(model(torch.zeros_like(x)), x, torch.zeros_like(x), beta=1.0)
    at_zero = losses.contractive(model.encode, torch.zeros_like(x))
    assert terms.penalty.item() == pytest.approx(at_zero.item())
    assert not math.isclose(at_zero.item(), losses.contractive(model.encode, x).item())


def test_pixels_of_logits() -> None:
    assert losses.pixels(torch.tensor(math.log(3)), "sigmoid").item() == pytest.approx(0.75)
    assert losses.pixels(torch.tensor(7.0), "linear").item() == 7.0


# ---- free bits ---------------------------------------------------------------------------------

MU = torch.tensor([[2.0, 0.1, 0.0], [0.0, -0.1, 0.0]])
SURE = torch.zeros(2, 3)
"""log sigma^2 of 1, so that the KL of a dimension is half the mean of mu^2: 1, 0.005 and 0."""


def test_free_bits_by_hand() -> None:
    per_dimension = losses.kl_per_dimension(MU, SURE)
    assert per_dimension.tolist() == pytest.approx([1.0, 0.005, 0.0])
    assert losses.free_bits_kl(per_dimension, 0.0).item() == pytest.approx(1.005)
    assert losses.free_bits_kl(per_dimension, 0.25).item() == pytest.approx(1.0 + 0.25 + 0.25)
    assert losses.free_bits_kl(per_dimension, 2.0).item() == pytest.approx(6.0)


def test_free_bits_hold_for_the_batch_and_not_for_each_image() -> None:
    """The first dimension's KL is 2 for one image and 0 for the other: the mean, 1, counts."""
    assert losses.free_bits_kl(losses.kl_per_dimension(MU, SURE), 0.5)[()] == pytest.approx(2.0)


def test_no_gradient_reaches_a_dimension_below_the_floor() -> None:
    mu, logvar = MU.clone().requires_grad_(), (SURE - 0.01).requires_grad_()
    losses.free_bits_kl(losses.kl_per_dimension(mu, logvar), 0.25).backward()
    assert mu.grad is not None
    assert logvar.grad is not None
    assert mu.grad[:, 1:].abs().max() == 0
    assert logvar.grad[:, 1:].abs().max() == 0
    # above it the gradient is the KL's own: mu / batch, and (sigma^2 - 1) / 2 / batch
    assert mu.grad[:, 0].tolist() == pytest.approx([1.0, 0.0])
    assert logvar.grad[:, 0].tolist() == pytest.approx([(math.exp(-0.01) - 1) / 4] * 2)


def test_free_bits_change_the_total_of_training_and_nothing_that_is_reported() -> None:
    config = RunConfig().replace(
        **{"network.hidden": [9], "bottleneck.kind": "gaussian", "bottleneck.latent_dim": 3,
           "loss.beta": 2.0, "loss.free_bits": 5.0}
    )  # fmt: skip
    model = Autoencoder(config, (1, 4, 4))
    x = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    out = model(x, torch.Generator().manual_seed(1))
    true = model.loss(out, x, x, 2.0)
    trained = model.loss(out, x, x, 2.0, config.loss.free_bits)
    assert true.kl == trained.kl < 15  # each of three dimensions below its floor
    assert true.total.item() == pytest.approx((true.reconstruction + 2 * true.kl).item())
    assert trained.total.item() == pytest.approx(trained.reconstruction.item() + 2 * 15)
    images = (x * 255).to(torch.uint8)
    measured = validate(model, Split(images, torch.zeros(6, dtype=torch.long)))
    assert measured["loss"] == pytest.approx(measured["recon"] + 2 * measured["kl"], rel=1e-5)
