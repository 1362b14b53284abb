from __future__ import annotations

import math

import pytest
import torch

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.training import loop
from aeviz.training.fit import fit
from aeviz.training.loop import StepResult
from aeviz.training.state import begin
from tests.training.test_loop import CPU, diverging, same, weights


def test_a_whole_training(config: RunConfig, dataset: Dataset) -> None:
    state = begin(config, dataset, CPU)
    steps: list[int] = []
    epochs: list[int] = []
    outcome = fit(state, dataset, lambda r: steps.append(r.step), lambda r: epochs.append(r.epoch))
    assert (outcome.reason, outcome.message) == ("done", "")
    assert (outcome.epochs, outcome.steps) == (3, 12)
    assert steps == list(range(1, 13))
    assert epochs == [1, 2, 3]
    assert outcome.validation is not None
    assert math.isfinite(outcome.validation["loss"])
    assert outcome.images_per_second == pytest.approx(300 / outcome.seconds)
    assert outcome.history()["ended"] == "done"


def test_a_stop_keeps_what_was_reached(config: RunConfig, dataset: Dataset) -> None:
    state = begin(config, dataset, CPU)
    outcome = fit(state, dataset, should_stop=lambda: state.step == 6)
    assert (outcome.reason, outcome.epochs, outcome.steps) == ("stopped", 1, 6)
    assert outcome.message == "Stopped after epoch 1; its progress is kept."
    straight = begin(config, dataset, CPU)
    for result in loop.train(straight, dataset):
        if result.step == 6 and result.validation is None:
            break
    assert same(weights(state), weights(straight))


def test_a_stop_in_the_first_epoch_says_so(config: RunConfig, dataset: Dataset) -> None:
    state = begin(config, dataset, CPU)
    outcome = fit(state, dataset, should_stop=lambda: state.step == 2)
    assert outcome.message == "Stopped during the first epoch; its progress is kept."


def test_a_stop_after_the_last_epoch_comes_too_late(config: RunConfig, dataset: Dataset) -> None:
    state = begin(config, dataset, CPU)
    assert fit(state, dataset, should_stop=lambda: state.epoch == 3).reason == "done"


def test_divergence_in_the_first_epoch_leaves_the_untrained_weights(dataset: Dataset) -> None:
    state = diverging(dataset)
    before = weights(state)
    outcome = fit(state, dataset)
    assert (outcome.reason, outcome.epochs) == ("diverged", 0)
    assert f"step {outcome.steps + 1} " in outcome.message
    assert same(weights(state), before)


def test_divergence_later_goes_back_to_the_last_good_epoch(
    config: RunConfig, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config.replace(**{"training.optimizer": "sgd", "loss.reconstruction": "mse",
                               "network.output": "linear", "training.epochs": 6})  # fmt: skip
    monkeypatch.setattr(loop, "learning_rate", lambda _, share: 1e-4 if share < 0.5 else 1e4)
    state = begin(config, dataset, CPU)
    good: dict[int, dict[str, torch.Tensor]] = {}

    def remember(result: StepResult) -> None:
        good[result.epoch] = weights(state)

    outcome = fit(state, dataset, on_epoch=remember)
    assert outcome.reason == "diverged"
    assert outcome.epochs == state.epoch == max(good) >= 3
    assert f"The model of epoch {outcome.epochs} is kept." in outcome.message
    assert same(weights(state), good[outcome.epochs])


def test_where_nothing_can_be_saved_any_more_training_ends(
    config: RunConfig, dataset: Dataset
) -> None:
    def full(result: StepResult) -> None:
        if result.epoch == 2:
            raise UserError("The disk is full.")

    outcome = fit(begin(config, dataset, CPU), dataset, on_epoch=full)
    assert (outcome.reason, outcome.epochs) == ("failed", 2)
    assert outcome.message == "Training stopped at step 8: The disk is full."
