from __future__ import annotations

import pytest

from aeviz.config import RunConfig
from aeviz.sweeps import summary
from aeviz.sweeps.record import Plan, Search, Sweep, Trial
from aeviz.sweeps.space import Axis, grid

LR, CODE = "training.lr", "bottleneck.latent_dim"
AXES = (Axis(LR, (0.01, 0.001)), Axis(CODE, (2, 4)))


def sweep(*values: float | None, search: Search = "grid") -> Sweep:
    """A grid of two learning rates and two code sizes with these values; None has failed."""
    trials = [
        Trial(number, settings, f"run-{number}", "failed" if value is None else "done", value=value)
        for number, (settings, value) in enumerate(zip(grid(AXES), values, strict=False), 1)
    ]
    return Sweep("id", Plan("small", RunConfig(), AXES, search), 4, trials)


def test_main_effects_are_shares_of_the_variance() -> None:
    """Means over lr: 11 and 3, over the code: 6 and 8. Squares about the mean 7, times 2 trials:
    64 and 4 of a total of 68; nothing is left for the interaction."""
    effects = summary.main_effects(sweep(10.0, 12.0, 2.0, 4.0))
    assert effects == pytest.approx({LR: 64 / 68, CODE: 4 / 68})
    assert summary.matters_most(sweep(10.0, 12.0, 2.0, 4.0)) == (LR, pytest.approx(64 / 68))


def test_a_pure_interaction_is_no_main_effect() -> None:
    crossed = sweep(1.0, 2.0, 2.0, 1.0)
    assert summary.main_effects(crossed) == pytest.approx({LR: 0.0, CODE: 0.0})
    assert summary.matters_most(crossed) is None


def test_only_a_complete_grid_has_main_effects() -> None:
    assert summary.main_effects(sweep(10.0, 12.0, 2.0)) == {}
    assert summary.main_effects(sweep(10.0, 12.0, 2.0, None)) == {}
    assert summary.main_effects(sweep(10.0, 12.0, 2.0, 4.0, search="random")) == {}
    assert summary.main_effects(sweep(3.0, 3.0, 3.0, 3.0)) == {}


def test_trials_are_counted_and_ranked() -> None:
    left = sweep(10.0, None, 2.0)
    assert summary.counts(left) == {"done": 2, "failed": 1, "running": 1}
    assert [trial.value for trial in summary.ranked(left)] == [2.0, 10.0]
    assert left.best is left.trials[2]
    assert sweep(None).best is None
