"""The verdict: the best beta above 1 against beta = 1, over the seeds."""

from __future__ import annotations

from typing import Final

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.disentangle.parameters import Parameters, arm_of
from aeviz.experiments.statistics import compare, interval

SCORES: Final = {
    "mig": "MIG",
    "sap": "SAP",
    "disentanglement": "DCI disentanglement",
    "completeness": "DCI completeness",
    "factor_vae": "FactorVAE score",
    "modularity": "modularity",
}


def judge(result: Result) -> Verdict:
    """The beta above 1 that is best on the validation images against beta = 1, over the seeds; and
    how many of the other scores say the same."""
    params: Parameters = result.parameters
    above = [arm_of(beta) for beta in params.betas if beta > 1]
    base = arm_of(1.0)
    above = [arm for arm in above if result.of("score", arm=arm)]
    if not above or not result.of("score", arm=base):
        return Verdict("open", "There is no pair of weights to compare yet.")
    best = max(above, key=lambda arm: interval(result.of("validation", arm=arm)).mean)
    plain, other = (interval(result.of("score", arm=arm)) for arm in (base, best))
    difference = compare(result.of("score", arm=best), result.of("score", arm=base))
    name = "MIG" if params.factor == "all" else f"mutual information gap of {params.factor}"
    said = f"The {name} is {other} with {best} and {plain} with {base}, over {other.count} seeds."
    if params.factor == "all":
        said += _agreement(result, best, base)
    if difference.ahead == "a" and other.mean > 0.1:
        return Verdict("holds", said)
    if difference.ahead == "b":
        return Verdict("fails", f"{said} Beta = 1 is ahead.")
    if other.high < 0.1:
        return Verdict("fails", f"{said} Neither gives it a dimension of its own.")
    return Verdict("open", f"{said} It is too close to call.")


def _agreement(result: Result, best: str, base: str) -> str:
    """Which of the scores put `best` ahead, and which `base`."""
    ahead = {
        label: compare(result.of(key, arm=best), result.of(key, arm=base)).ahead
        for key, label in SCORES.items()
        if result.of(key, arm=best) and result.of(key, arm=base)
    }
    better = [label for label, side in ahead.items() if side == "a"]
    worse = [label for label, side in ahead.items() if side == "b"]
    text = f" {len(better)} of {len(ahead)} scores put {best} ahead"
    return text + (f", and {', '.join(worse)} {base}." if worse else ".")
