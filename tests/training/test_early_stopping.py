"""Early stopping: with given losses, and in a real run that is interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.models import checkpoint
from aeviz.runs import store, worker
from aeviz.training import loop, resume
from aeviz.training.early_stopping import best_so_far, out_of_patience
from aeviz.training.fit import Outcome, fit
from aeviz.training.loop import StepResult
from aeviz.training.state import TrainingState, begin
from tests.training.test_loop import CPU, same, weights

LOSSES = (9.0, 5.0, 7.0, 4.0, 4.0, 6.0, 5.0, 3.0, 2.0)
"""After each epoch. With a patience of 2 the 4th epoch is the best when the 6th ends, with 3 when
the 7th ends; with 4 the 9th is reached, and is the best."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the validation of each epoch return LOSSES in turn; the training is real."""
    original = loop.train

    def train(state: TrainingState, dataset: Dataset, group: None) -> Iterator[StepResult]:
        for result in original(state, dataset, group):
            if result.validation is not None:
                result.validation["loss"] = LOSSES[result.epoch - 1]
            yield result

    monkeypatch.setattr("aeviz.training.fit.train", train)


def patient(config: RunConfig, epochs: int) -> RunConfig:
    return config.replace(
        **{"training.patience": epochs, "training.epochs": 9, "training.batch_size": 50}
    )


def run(
    config: RunConfig, dataset: Dataset
) -> tuple[Outcome, TrainingState, list[dict[str, torch.Tensor]]]:
    state, after = begin(config, dataset, CPU), []
    outcome = fit(state, dataset, on_epoch=lambda result: after.append(weights(state)))
    return outcome, state, after


@pytest.mark.parametrize(("patience", "ends", "best"), [(2, 6, 4), (3, 7, 4), (4, 9, 9)])
def test_it_ends_when_patience_is_spent_and_keeps_the_best_epoch(
    config: RunConfig, dataset: Dataset, told: None, patience: int, ends: int, best: int
) -> None:
    outcome, state, after = run(patient(config, patience), dataset)
    assert (outcome.reason, outcome.epochs, outcome.best_epoch) == ("done", ends, best)
    assert len(after) == ends
    assert same(weights(state), after[best - 1])
    assert outcome.validation is not None
    assert outcome.validation["loss"] == LOSSES[best - 1]
    assert outcome.history()["best_epoch"] == best
    said = f"Ended early after epoch {ends}: the validation loss had not fallen since epoch {best}"
    assert outcome.message.startswith(said) if ends < 9 else not outcome.message


def test_without_patience_the_last_epoch_is_kept(
    config: RunConfig, dataset: Dataset, told: None
) -> None:
    outcome, state, after = run(patient(config, 0), dataset)
    assert (outcome.epochs, outcome.best_epoch, state.best) == (9, None, None)
    assert "best_epoch" not in outcome.history()
    assert same(weights(state), after[-1])


def test_a_stop_keeps_what_was_reached_and_not_the_best(
    config: RunConfig, dataset: Dataset, told: None
) -> None:
    state = begin(patient(config, 5), dataset, CPU)
    after: list[dict[str, torch.Tensor]] = []
    outcome = fit(
        state, dataset, lambda r: None, lambda r: after.append(weights(state)),
        should_stop=lambda: state.epoch == 3,
    )  # fmt: skip
    assert (outcome.reason, outcome.best_epoch) == ("stopped", None)
    assert same(weights(state), after[2])


@pytest.mark.parametrize("broken", range(1, 7))
def test_broken_off_after_any_epoch_it_goes_on_to_the_same_end(
    config: RunConfig, dataset: Dataset, told: None, tmp_path: Path, broken: int
) -> None:
    config = patient(config, 2)
    straight, straight_state, _ = run(config, dataset)

    class Killed(BaseException):
        pass

    state, path = begin(config, dataset, CPU), tmp_path / "resume.safetensors"

    def kill(result: StepResult) -> None:
        resume.save(path, state)
        if result.epoch == broken:
            raise Killed

    with pytest.raises(Killed):
        fit(state, dataset, on_epoch=kill)
    again = begin(config, dataset, CPU)
    resume.load_into(path, again)
    assert again.best is not None
    assert state.best is not None
    assert again.best.epoch == state.best.epoch
    assert again.best.validation == state.best.validation
    assert same(again.best.weights, state.best.weights)
    outcome = fit(again, dataset)
    assert (outcome.epochs, outcome.best_epoch) == (straight.epochs, straight.best_epoch) == (6, 4)
    assert outcome.message == straight.message
    assert same(weights(again), weights(straight_state))


def test_a_file_whose_best_epoch_is_not_whole_is_a_sentence(
    config: RunConfig, dataset: Dataset, told: None, tmp_path: Path
) -> None:
    _, state, _ = run(patient(config, 2), dataset)
    assert state.best is not None
    state.best.weights.popitem()
    resume.save(tmp_path / "r", state)
    with pytest.raises(UserError, match="damaged"):
        resume.load_into(tmp_path / "r", begin(patient(config, 2), dataset, CPU))


def test_of_two_equal_epochs_the_earlier_is_the_best(config: RunConfig, dataset: Dataset) -> None:
    model = begin(patient(config, 1), dataset, CPU).model
    first = best_so_far(None, model, 1, {"loss": 2.0})
    assert best_so_far(first, model, 2, {"loss": 2.0}) is first
    later = best_so_far(first, model, 3, {"loss": 1.5})
    assert later is not None
    assert later.epoch == 3
    assert [out_of_patience(first, epoch, 2) for epoch in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]
    assert not out_of_patience(None, 99, 2)


def test_the_best_weights_do_not_move_with_the_model(config: RunConfig, dataset: Dataset) -> None:
    model = begin(patient(config, 1), dataset, CPU).model
    before = {k: v.clone() for k, v in model.state_dict().items()}
    best = best_so_far(None, model, 1, {"loss": 2.0})
    assert best is not None
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(1)
    assert same(best.weights, before)
    best.restore(model)
    assert same(dict(model.state_dict()), before)


def test_a_run_says_that_it_ended_early_and_its_file_is_the_best_epoch(
    config: RunConfig, runs_dir: Path
) -> None:
    """The learning rate is so large that an epoch is soon worse than the previous one."""
    here = store.create(
        config.replace(
            **{
                "dataset": "digits",
                "bottleneck.latent_dim": 2,  # no layout of the map is needed
                "training.patience": 1,
                "training.lr": 0.05,
                "training.epochs": 50,
            }
        )
    )
    worker.work(here)
    assert here.status.phase == "done"
    assert "Ended early after epoch" in here.status.message
    card = checkpoint.load(here.model_path).card
    assert card["best_epoch"] < card["epochs"] < 50
