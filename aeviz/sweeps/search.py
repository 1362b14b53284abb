"""Optuna chooses the settings of the next trial, and which trials to prune.

The study is kept in memory. It is rebuilt from the record of the sweep, trial by trial, so the
record needs no format of Optuna's. Optuna is imported only when a sweep starts.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from aeviz.errors import UserError
from aeviz.sweeps.record import Plan, Trial
from aeviz.sweeps.space import Axis, Settings

if TYPE_CHECKING:
    import optuna

REDUCTION: Final = 3
"""Of the trials that reach a comparison, one in so many goes on."""
SHARE: Final = 6
"""The first comparison is after one epoch in so many, the second after three, ..."""
FIRST: Final = 2
"""The first comparison is not before this epoch: the loss after one epoch says little about the
end, above all between codes of different sizes."""
DRAWS: Final = 10_000
"""Draws of settings that have not been tried, before it gives up."""
TPE_DRAWS: Final = 100
"""So many of them by TPE, which may insist on settings that have been tried."""
DIGITS: Final = 3
"""Significant digits of a number that is drawn from a range."""


def comparisons(plan: Plan) -> list[int]:
    """The epochs after which asynchronous successive halving compares the trials; none without it.
    None is in the second half, where a stop would save little."""
    if not plan.asha:
        return []
    epochs = plan.config.training.epochs
    rungs = (max(FIRST, epochs // SHARE) * REDUCTION**number for number in itertools.count())
    return list(itertools.takewhile(lambda epoch: 2 * epoch <= epochs, rungs))


class Search:
    """The study of a sweep."""

    def __init__(self, plan: Plan) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        first = [*comparisons(plan), FIRST][0]
        pruners = optuna.pruners
        pruner: Any = pruners.NopPruner()
        if plan.asha:  # Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning"
            pruner = pruners.SuccessiveHalvingPruner(first, REDUCTION)
        self.plan = plan
        self.study = optuna.create_study(direction="minimize", pruner=pruner)
        self.distributions = {axis.key: _distribution(axis) for axis in plan.axes}
        self._grid = plan.settings() if plan.search == "grid" else []
        self._trials: dict[int, optuna.Trial] = {}
        self._known: set[str] = set()

    def restore(self, trial: Trial) -> None:
        """Add a trial of the record. Call it in their order."""
        self._add(trial.number, trial.settings)
        for epoch, value in sorted(trial.reports.items()):
            self.report(trial.number, epoch, value)
        if trial.is_over:
            self.end(trial)

    def next(self, number: int) -> Settings:
        """The settings of a new trial. UserError if all have been tried."""
        if self.plan.search == "grid":
            settings = self._grid[number - 1]
            self._add(number, settings)
            return settings
        for attempt in range(DRAWS):
            self.study.sampler = self._sampler(number, attempt)
            trial = self.study.ask(self.distributions)
            settings = {axis.key: _drawn(axis, trial.params[axis.key]) for axis in self.plan.axes}
            if json.dumps(settings) not in self._known:
                self._known.add(json.dumps(settings))
                self._trials[number] = trial
                return settings
            self._forget(trial)  # the same seed would give the same result again
        raise UserError("No further settings are found: all combinations have been tried.")

    def report(self, number: int, epoch: int, value: float) -> bool:
        """Report the measure after an epoch of `comparisons`. Returns whether to prune the
        trial."""
        trial = self._trials[number]
        trial.report(value, epoch)
        return bool(trial.should_prune())

    def end(self, trial: Trial) -> None:
        """Report the end of a trial."""
        import optuna

        asked = self._trials[trial.number]
        if trial.state == "done" and trial.value is not None:
            self.study.tell(asked, trial.value)
        elif trial.state == "pruned" and trial.reports:
            self.study.tell(asked, state=optuna.trial.TrialState.PRUNED)
        else:
            self._forget(asked)

    def _add(self, number: int, settings: Settings) -> None:
        encoded = {axis.key: _encoded(axis, settings[axis.key]) for axis in self.plan.axes}
        self.study.enqueue_trial(encoded)
        self._trials[number] = self.study.ask(self.distributions)
        self._known.add(json.dumps(settings))

    def _forget(self, trial: optuna.Trial) -> None:
        import optuna

        self.study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def _sampler(self, number: int, attempt: int) -> optuna.samplers.BaseSampler:
        """A sampler that draws the same for this trial however often the sweep was interrupted."""
        import optuna

        base = self.plan.config.training.seed
        seed = int(np.random.SeedSequence([base, number, attempt]).generate_state(1)[0])
        if self.plan.search == "random" or attempt >= TPE_DRAWS:
            return optuna.samplers.RandomSampler(seed)
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)


def _distribution(axis: Axis) -> optuna.distributions.BaseDistribution:
    import optuna

    kinds = optuna.distributions
    if axis.values:
        return kinds.CategoricalDistribution([json.dumps(value) for value in axis.values])
    if axis.whole:
        return kinds.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return kinds.FloatDistribution(axis.low, axis.high, log=axis.log)


def _encoded(axis: Axis, value: Any) -> Any:
    """Optuna's choices cannot be lists, so those of `axis.values` are JSON texts."""
    return json.dumps(value) if axis.values else value


def _drawn(axis: Axis, value: Any) -> Any:
    if axis.values:
        return json.loads(value)
    if axis.whole:
        return value
    return min(max(float(f"{value:.{DIGITS}g}"), axis.low), axis.high)
