"""The verdict: the denoiser against the best rival at each amount of noise."""

from __future__ import annotations

from typing import Final

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.denoise_limits.arms import percent_of
from aeviz.experiments.denoise_limits.parameters import DENOISER, RIVALS
from aeviz.experiments.statistics import compare, interval


def best_rival(result: Result, amount: float) -> tuple[str, float] | None:
    """The rival without a network that has the least error at this amount, and its error."""
    errors = {
        arm: result.of("mse", arm=arm, amount=amount)[0]
        for arm in RIVALS
        if result.of("mse", arm=arm, amount=amount)
    }
    if not errors:
        return None
    arm = min(errors, key=errors.__getitem__)
    return arm, errors[arm]


CLAIMED: Final = (0.2, 0.9)
"""The amounts of noise that the claim is about."""


def judge(result: Result) -> Verdict:
    """At each amount the denoiser against the best of noisy image, average image, median filter
    and PCA. Amounts that the claim is not about are only reported."""
    won: list[tuple[float, str]] = []
    lost: list[tuple[float, str]] = []
    between: list[tuple[float, str]] = []
    shares, seeds = [], 0
    for amount in sorted(result.values("amount", arm=DENOISER)):
        rival = best_rival(result, amount)
        if rival is None:
            continue
        own = result.of("mse", arm=DENOISER, amount=amount)
        seeds = max(seeds, len(own))
        difference = compare([rival[1]], own)
        {"a": won, "b": lost, "open": between}[difference.ahead].append((amount, rival[0]))
        if rival[1]:
            shares.append((interval(own).mean / rival[1], amount, rival[0]))
    count = len(won) + len(lost) + len(between)
    if not count:
        return Verdict("open", "No denoiser is trained yet.")
    sentence = f"The denoiser is ahead of every rival at {len(won)} of {count} amounts of noise."
    if shares:
        share, amount, arm = min(shares)
        sentence += (
            f" It does best at {percent_of(amount)}: its error is {100 * share:.0f} % of that of "
            f"the best rival ({arm})."
        )
    claimed = [[one for one in part if _is_claimed(one[0])] for part in (won, lost, between)]
    if claimed[1]:
        sentence += f" A rival is ahead at {_named(claimed[1])}."
    if outside := [one for one in lost if one not in claimed[1]]:
        sentence += f" Outside the claim, a rival is ahead at {_named(outside)}."
    if between and seeds < 2:
        sentence += f" One seed is not enough for a verdict. The best rivals: {_named(between)}."
    elif between:
        sentence += f" Too close to call: {_named(between)}."
    if not any(claimed):
        return Verdict("open", f"{sentence} The claim is about 20 % to 90 % noise: add one.")
    if claimed[1]:
        return Verdict("fails", sentence)
    return Verdict("open" if claimed[2] else "holds", sentence)


def _is_claimed(amount: float) -> bool:
    return CLAIMED[0] <= amount <= CLAIMED[1]


def _named(found: list[tuple[float, str]]) -> str:
    """Amounts of noise, each with its best rival."""
    return "; ".join(f"{percent_of(amount)}: {arm}" for amount, arm in found)


def falls_below(result: Result, arm: str, line: float, measure: str = "read") -> float | None:
    """The first amount from which on the mean of this measure lies below `line`, read between the
    measured ones; None if it never does."""
    amounts = sorted(result.values("amount", arm=arm))
    values = [interval(result.of(measure, arm=arm, amount=a)).mean for a in amounts]
    for i, value in enumerate(values):
        if value < line:
            if i == 0:
                return float(amounts[0])
            share = (values[i - 1] - line) / (values[i - 1] - value)
            return float(amounts[i - 1] + share * (amounts[i] - amounts[i - 1]))
    return None
