"""The verdict: whether the bound rises with the samples and stays below the exact value."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.likelihood.parameters import EXACT, Parameters, arm_of
from aeviz.experiments.statistics import compare, interval, why_open

SLACK: Final = 0.1
"""Nats per image by which an estimate of the bound may pass the exact value by chance."""


def judge(result: Result) -> Verdict:
    """Whether the bound rises with the samples, for the largest code, and stays below the exact
    value of a code that is small enough for one. Grey pixels have no likelihood, whatever the curve
    does."""
    params: Parameters = result.parameters
    masses = result.of("mass")
    if params.pixels == "grey" and masses:
        return Verdict(
            "fails",
            "Grey pixels have no likelihood here: over all grey images the “probabilities” sum to "
            f"e^{interval(masses).mean:.0f} and not to 1. Even a perfect reconstruction would have "
            f"{interval(result.of('floor')).mean:.0f} nats per image and not 0.",
        )
    arms = [arm_of(size) for size in params.sizes if result.of("nll", arm=arm_of(size))]
    if not arms:
        return Verdict("open", "No model is trained yet.")
    arm, first, last = arms[-1], params.counts[0], params.counts[-1]
    means = [interval(result.of("nll", arm=arm, k=k)).mean for k in params.counts]
    gain = compare(
        result.of("nll", arm=arm, k=first), result.of("nll", arm=arm, k=last), paired=True
    )
    said = (
        f"With a code of {arm}, −log p(x) is at most {means[0]:.2f} nats per image by the ELBO and "
        f"at most {means[-1]:.2f} by {last:,} samples: {gain.difference} nats less. The last step, "
        f"from {params.counts[-2]:,} to {last:,}, gives {means[-2] - means[-1]:.2f}."
    )
    passed, more = _against_exact(result)
    rises = all(a >= b for a, b in pairwise(means))
    if passed or gain.ahead == "b":
        return Verdict("fails", said + more)
    if passed is None:
        text = "Add a code of 1 or 2 numbers: only for these is there an exact value."
        return Verdict("open", f"{said} {text}")
    if gain.ahead == "a" and rises:
        return Verdict("holds", said + more)
    return Verdict("open", f"{said}{more} {why_open(gain.difference)}")


def _against_exact(result: Result) -> tuple[bool | None, str]:
    """Whether the bound passes the exact value (None if there is no such value), and a sentence on
    the distance."""
    params: Parameters = result.parameters
    for size in reversed(params.sizes):
        exact = result.of("nll", arm=arm_of(size) + EXACT, k=params.counts[-1])
        reached = result.of("nll", arm=arm_of(size), k=params.counts[-1])
        if exact and len(exact) == len(reached):
            distance = interval([a - b for a, b in zip(reached, exact, strict=True)])
            return distance.high < -SLACK or distance.mean < -SLACK, (
                f" With {arm_of(size)} the exact value is {interval(exact).mean:.2f}; the bound by "
                f"{params.counts[-1]:,} samples is {abs(distance.mean):.2f} "
                f"{'above' if distance.mean >= 0 else 'below'} it."
            )
    return None, ""
