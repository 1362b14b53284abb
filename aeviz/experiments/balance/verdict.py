"""The verdict: the two ends, and the weight between them."""

from __future__ import annotations

from typing import Final

from aeviz.experiments.balance.parameters import Parameters, arm_of, together
from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.statistics import Interval, compare, interval, percent, why_open

COLLAPSED: Final = 0.5
"""Nats: a code with a smaller KL says nothing about its image."""
ALONE: Final = 100.0
"""From this weight on almost only the KL counts."""
KEPT: Final = 0.5
"""A weight organises if the classes keep at least this share of what they have without the KL."""


def judge(result: Result) -> Verdict:
    """Two parts: with the KL alone the code says nothing; between the ends it keeps the classes
    and lies closer to the prior than without the KL."""
    params: Parameters = result.parameters
    low, middle, high = (arm_of(b) for b in (params.betas[0], together(params), params.betas[-1]))
    seeds = min(len(result.of("knn", arm=arm)) for arm in (low, middle, high))
    if not seeds:
        return Verdict("open", "The two ends and the middle are not trained yet.")

    def column(name: str, arm: str) -> list[float]:
        return result.of(name, arm=arm)[:seeds]

    gaps = compare(column("aggregated", low), column("aggregated", middle))
    rate = interval(column("kl", high))
    knn = {arm: interval(column("knn", arm)).mean for arm in (low, middle, high)}
    said = (
        f"Reconstruction alone ({low}): neighbours give the class of {percent(knn[low])}, but the "
        f"codes are {interval(column('aggregated', low)).mean:.1f} nats from the prior. {middle}: "
        f"{percent(knn[middle])} and {interval(column('aggregated', middle)).mean:.2f} nats. "
        f"{high}: {percent(knn[high])}, and its KL is {rate.mean:.2f} nats per image: the code "
        "says at most that much about its image."
    )
    if rate.mean > COLLAPSED:
        if params.betas[-1] < ALONE or rate.low <= COLLAPSED:
            return Verdict("open", f"{said} {high} is not the KL alone yet: name a larger weight.")
        return Verdict("fails", f"{said} The largest weight does not collapse the code.")
    share = kept(*(column("knn", arm) for arm in (low, middle, high)))
    if share is None:
        text = "Reconstruction alone does not tell the classes apart better than a collapsed code."
        return Verdict("open", f"{said} {text}")
    if share.high < KEPT or gaps.ahead == "b":
        why = (
            f"{middle} keeps only {percent(share.mean)} of what tells the classes apart."
            if share.high < KEPT
            else f"{middle} is no nearer to the prior."
        )
        return Verdict("fails", f"{said} {why}")
    if share.low > KEPT and gaps.ahead == "a":
        return Verdict("holds", f"{said} {middle} keeps {share} of what tells the classes apart.")
    return Verdict("open", f"{said} {why_open(share)}")


def kept(low: list[float], middle: list[float], high: list[float]) -> Interval | None:
    """Accuracy of the middle as a share of the way from `high` (nothing left) to `low`, seed by
    seed; None if there is no way between them."""
    way = interval(low).mean - interval(high).mean
    if way < 0.05:
        return None
    base = interval(high).mean
    return interval([(value - base) / way for value in middle])
