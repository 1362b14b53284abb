from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from aeviz.config import RunConfig, TrainingConfig
from aeviz.datasets import Dataset, Split
from aeviz.evaluation.validation import validate
from aeviz.training import divergence, loop
from aeviz.training.augmentation import augment
from aeviz.training.divergence import DivergedError
from aeviz.training.loop import StepResult, beta_at, learning_rate, train
from aeviz.training.state import TrainingState, begin, steps_per_epoch

CPU = torch.device("cpu")


def weights(state: TrainingState) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in state.model.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def trained(config: RunConfig, dataset: Dataset) -> TrainingState:
    state = begin(config, dataset, CPU)
    for _ in train(state, dataset):
        pass
    return state


@pytest.mark.parametrize(
    ("schedule", "progress", "share"),
    [
        ("constant", 0.0, 1.0),
        ("constant", 0.9, 1.0),
        ("cosine", 0.0, 1.0),
        ("cosine", 0.5, 0.5),
        ("cosine", 1.0, 0.0),
        ("one-cycle", 0.0, 0.04),
        ("one-cycle", 0.075, 0.52),
        ("one-cycle", 0.15, 1.0),
        ("one-cycle", 0.575, 0.5),
        ("one-cycle", 1.0, 0.0),
    ],
)
def test_learning_rate_schedules_by_hand(schedule: str, progress: float, share: float) -> None:
    config = TrainingConfig(lr=0.3, schedule=schedule)  # type: ignore[arg-type]
    assert learning_rate(config, progress) == pytest.approx(0.3 * share, abs=1e-12)


def test_the_schedule_reaches_the_optimizer(config: RunConfig, dataset: Dataset) -> None:
    config = config.replace(**{"training.schedule": "cosine", "training.lr": 0.01})
    state = begin(config, dataset, CPU)
    used = [
        state.optimizer.param_groups[0]["lr"]
        for result in train(state, dataset)
        if result.validation is None
    ]
    wanted = [0.01 * 0.5 * (1 + math.cos(math.pi * step / 12)) for step in range(12)]
    assert used == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("warmup", "progress", "beta"),
    [(0.0, 0.0, 4.0), (0.0, 1.0, 4.0), (0.5, 0.0, 0.0), (0.5, 0.25, 2.0), (0.5, 0.5, 4.0),
     (0.5, 0.9, 4.0), (1.0, 0.25, 1.0)],
)  # fmt: skip
def test_beta_rises_linearly_over_its_warmup(warmup: float, progress: float, beta: float) -> None:
    config = RunConfig().replace(**{"loss.beta": 4.0, "loss.warmup": warmup})
    assert beta_at(config, progress) == pytest.approx(beta)


def test_steps_of_an_epoch_count_the_smaller_last_batch() -> None:
    assert steps_per_epoch(100, TrainingConfig(batch_size=32)) == 4
    assert steps_per_epoch(96, TrainingConfig(batch_size=32)) == 3
    assert steps_per_epoch(5, TrainingConfig(batch_size=32)) == 1


def test_the_loop_yields_every_step_and_every_epoch(config: RunConfig, dataset: Dataset) -> None:
    state = begin(config, dataset, CPU)
    results = list(train(state, dataset))
    steps = [r for r in results if r.validation is None]
    assert [r.step for r in steps] == list(range(1, 13))
    assert [r.images for r in steps] == [32, 32, 32, 4] * 3
    assert [r.epoch for r in steps] == [0] * 4 + [1] * 4 + [2] * 4
    epochs = [r for r in results if r.validation is not None]
    assert [(r.epoch, r.step) for r in epochs] == [(1, 4), (2, 8), (3, 12)]
    assert (state.epoch, state.step) == (3, 12)


def test_an_epoch_shows_each_image_once_in_a_new_order(
    config: RunConfig, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []
    whole = loop.to_float

    def watch(images: torch.Tensor) -> torch.Tensor:
        seen.append(images)
        return whole(images)

    monkeypatch.setattr(loop, "to_float", watch)
    trained(config.replace(**{"training.epochs": 2}), dataset)
    first, second = torch.cat(seen[:4]), torch.cat(seen[4:])
    assert len(seen) == 8
    assert not torch.equal(first, second)
    for epoch in (first, second):
        rows, counts = epoch.flatten(1).unique(dim=0, return_counts=True)
        wanted, times = dataset.train.images.flatten(1).unique(dim=0, return_counts=True)
        assert torch.equal(rows, wanted)
        assert torch.equal(counts, times)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_beta2_reaches_the_optimizer(config: RunConfig, dataset: Dataset, optimizer: str) -> None:
    changes = {"training.optimizer": optimizer, "training.beta2": 0.9}
    state = begin(config.replace(**changes), dataset, CPU)
    assert state.optimizer.param_groups[0]["betas"] == (0.9, 0.9)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_the_loss_falls(config: RunConfig, dataset: Dataset, optimizer: str) -> None:
    config = config.replace(
        **{"training.optimizer": optimizer, "training.epochs": 8, "training.lr": 3e-3}
    )
    state = begin(config, dataset, CPU)
    before = validate(state.model, dataset.validation)["loss"]
    for _ in train(state, dataset):
        pass
    assert validate(state.model, dataset.validation)["loss"] < 0.9 * before


def test_the_same_seed_repeats_the_run_and_another_does_not(
    config: RunConfig, dataset: Dataset
) -> None:
    config = config.replace(
        **{
            "network.dropout": 0.3,
            "corruption.kind": "mixed",
            "training.augment": "shift-flip",
            "training.epochs": 2,
        }
    )
    first = weights(trained(config, dataset))
    torch.rand(7)  # whatever else draws from the global generator must not matter
    assert same(first, weights(trained(config, dataset)))
    assert not same(first, weights(trained(config.replace(**{"training.seed": 1}), dataset)))


def test_validation_leaves_the_run_as_it_was(config: RunConfig, dataset: Dataset) -> None:
    state = begin(config, dataset, CPU)
    steps = train(state, dataset)
    next(steps)
    order, noise = state.order.get_state(), state.noise.get_state()
    everywhere, model = torch.get_rng_state(), weights(state)
    first = validate(state.model, dataset.validation)
    assert validate(state.model, dataset.validation) == first
    assert torch.equal(state.order.get_state(), order)
    assert torch.equal(state.noise.get_state(), noise)
    assert torch.equal(torch.get_rng_state(), everywhere)
    assert same(weights(state), model)
    assert state.model.training


def test_one_step_of_sgd_by_hand(dataset: Dataset) -> None:
    """w <- w - lr * gradient of the loss that the step reports."""
    config = RunConfig().replace(
        **{
            "network.hidden": [],
            "bottleneck.latent_dim": 2,
            "training.optimizer": "sgd",
            "training.lr": 1e-3,
            "training.batch_size": 100,
            "training.precision": "fp32",
        }
    )
    state = begin(config, dataset, CPU)
    before = begin(config, dataset, CPU)
    x = loop.to_float(dataset.train.images)
    loss = before.model.loss(before.model(x), x, x, 1.0).total
    loss.backward()
    result = next(iter(train(state, dataset)))
    assert result.terms.total.item() == pytest.approx(loss.item(), rel=1e-5)
    for old, new in zip(before.model.parameters(), state.model.parameters(), strict=True):
        torch.testing.assert_close(new, old - 1e-3 * old.grad, rtol=1e-4, atol=1e-6)


def test_gradient_clipping_bounds_the_step(config: RunConfig, dataset: Dataset) -> None:
    config = config.replace(
        **{"training.clip": 0.01, "training.optimizer": "sgd", "training.lr": 1.0}
    )
    state = begin(config, dataset, CPU)
    before = weights(state)
    next(iter(train(state, dataset)))
    moved = sum((v - before[k]).square().sum() for k, v in weights(state).items()).sqrt()
    assert moved.item() == pytest.approx(0.01, rel=1e-3)


def diverging(dataset: Dataset, optimizer: str = "sgd") -> TrainingState:
    config = RunConfig(type="linear").replace(
        **{
            "network.hidden": [],
            "network.activation": "none",
            "network.output": "linear",
            "loss.reconstruction": "mse",
            "bottleneck.latent_dim": 4,
            "training.optimizer": optimizer,
            "training.lr": 1e4,
            "training.batch_size": 32,
        }
    )
    return begin(config, dataset, CPU)


def test_a_diverging_step_is_not_applied(dataset: Dataset) -> None:
    state = diverging(dataset)
    results: list[StepResult] = []
    after: dict[str, torch.Tensor] = {}

    def run_on() -> None:
        for result in train(state, dataset):
            results.append(result)
            after.update(weights(state))

    with pytest.raises(DivergedError) as caught:
        run_on()
    assert results  # the first step's loss is still finite
    assert f"step {len(results) + 1} " in str(caught.value)
    assert "smaller learning rate" in str(caught.value)
    assert same(weights(state), after)
    assert all(torch.isfinite(v).all() for v in after.values())


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_loss_that_is_seldom_read_bars_the_step_all_the_same(
    dataset: Dataset, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a device where reading would wait: the loss is read at the end of an epoch."""
    kept: list[tuple[str, int, dict[str, torch.Tensor]]] = []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(divergence, "READ_SECONDS", {"cpu": seconds})
        state = diverging(dataset, optimizer)
        results: list[StepResult] = []
        with pytest.raises(DivergedError) as caught:
            results.extend(train(state, dataset))
        kept.append((str(caught.value), state.step, weights(state)))
    assert kept[0][:2] == kept[1][:2]
    assert kept[0][1] < 4  # before the last step of the epoch
    assert same(kept[0][2], kept[1][2])


def test_the_terms_of_a_barred_step_are_those_of_the_last_good_one(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(divergence, "READ_SECONDS", {"cpu": 1e9})
    totals: list[float] = []

    def run_on() -> None:
        for result in train(diverging(dataset), dataset):
            totals.append(result.terms.total.item())

    with pytest.raises(DivergedError):
        run_on()
    assert len(totals) == 4
    assert totals[-1] == totals[-2]
    assert all(map(math.isfinite, totals))


def test_reading_the_loss_seldom_changes_nothing_else(
    config: RunConfig, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    often = trained(config, dataset)
    monkeypatch.setattr(divergence, "READ_SECONDS", {"cpu": 1e9})
    seldom = trained(config, dataset)
    assert same(weights(often), weights(seldom))
    assert seldom.least_loss == often.least_loss


def test_a_validation_loss_that_is_no_number_stops_the_run(
    config: RunConfig, dataset: Dataset
) -> None:
    state = begin(config, dataset, CPU)
    empty = Split(dataset.validation.images[:0], dataset.validation.labels[:0])
    with pytest.raises(DivergedError, match="validation"):
        list(train(state, replace(dataset, validation=empty)))


def test_shifts_move_whole_batches_by_at_most_a_pixel() -> None:
    x = torch.arange(64.0).reshape(1, 1, 8, 8)
    noise = torch.Generator().manual_seed(0)
    seen = {tuple(augment(x, "shift", noise).flatten().tolist()) for _ in range(200)}
    shifts = {
        tuple(torch.roll(x, (dy, dx), (2, 3)).flatten().tolist())
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    }
    assert seen == shifts
    flipped = {tuple(augment(x, "shift-flip", noise).flatten().tolist()) for _ in range(400)}
    assert len(flipped) == 18
    assert augment(x, "none", noise) is x


def test_crops_are_squares_of_half_to_all_of_an_image_and_half_of_them_mirrored() -> None:
    """A crop of a ramp from -1 to 1 shows its own bounds."""
    side = torch.linspace(-1, 1, 33)
    right, down = side.expand(33, 33), side[:, None].expand(33, 33)
    x = torch.stack((right, down)).expand(400, 2, 33, 33)
    noise = torch.Generator().manual_seed(0)
    crops = augment(x, "crop-flip", noise)
    left, top = crops[:, 0, :, [0, -1]], crops[:, 1, [0, -1], :]
    assert torch.allclose(left, left[:, :1].expand_as(left), atol=1e-5)  # no corner is turned
    begin, end = left[:, 0].unbind(1)
    upper, lower = top[:, :, 0].unbind(1)
    assert crops.abs().max() <= 1 + 1e-5
    assert torch.allclose((end - begin).abs(), lower - upper, atol=1e-5)  # it is a square
    assert ((lower - upper).min() >= 1 - 1e-5) & ((lower - upper).max() <= 2 + 1e-5)
    assert (lower - upper).std() > 0.2
    assert 150 < (end < begin).sum() < 250
    assert (begin + end).abs().max() > 0.8  # up to the image's border
