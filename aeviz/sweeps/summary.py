"""What a sweep has found: how its trials ended, and which setting matters most."""

from __future__ import annotations

import math
from collections import Counter

from aeviz.sweeps.record import State, Sweep, Trial

MOST_SHARE = 0.5
"""The main effect of the setting that matters most explains at least this share of the variance."""


def ranked(sweep: Sweep) -> list[Trial]:
    """The finished trials, lowest value first."""
    done = [trial for trial in sweep.trials if trial.state == "done" and trial.value is not None]
    return sorted(done, key=lambda trial: trial.value or 0.0)


def counts(sweep: Sweep) -> dict[State, int]:
    """The number of trials in each state that occurs; planned trials count as running."""
    found = Counter(trial.state for trial in sweep.trials)
    found["running"] += max(0, sweep.count - len(sweep.trials))
    order: tuple[State, ...] = ("done", "pruned", "stopped", "failed", "running")
    return {state: found[state] for state in order if found[state]}


def main_effects(sweep: Sweep) -> dict[str, float]:
    """For each setting, the share of the variance of the value that its main effect explains, as in
    an analysis of variance: the variance of the means over the trials with the same value of it.

    Only if every combination of a grid is done: there, each value of a setting occurs with all
    values of the others, so the shares add up to at most 1. Empty for other sweeps, if only one
    setting varies, or if all values are equal.
    """
    plan, done = sweep.plan, ranked(sweep)
    axes = [axis for axis in plan.axes if len(axis.values) > 1]
    combinations = math.prod(len(axis.values) for axis in axes)
    if plan.search != "grid" or len(axes) < 2 or len(done) != combinations:
        return {}
    values = [trial.value or 0.0 for trial in done]
    mean = math.fsum(values) / len(values)
    total = math.fsum((value - mean) ** 2 for value in values)
    if not total > 0:
        return {}
    return {axis.key: _between(done, axis.key, axis.values, mean) / total for axis in axes}


def _between(done: list[Trial], key: str, levels: tuple[object, ...], mean: float) -> float:
    """The sum of squares between the groups of trials with the same value of the setting."""
    found = 0.0
    for level in levels:
        group = [trial.value or 0.0 for trial in done if trial.settings[key] == level]
        found += len(group) * (math.fsum(group) / len(group) - mean) ** 2
    return found


def matters_most(sweep: Sweep) -> tuple[str, float] | None:
    """The setting with the largest main effect, and its share of the variance; None if that is less
    than `MOST_SHARE`, or cannot be computed."""
    effects = main_effects(sweep)
    if not effects:
        return None
    key = max(effects, key=effects.__getitem__)
    return (key, effects[key]) if effects[key] >= MOST_SHARE else None
