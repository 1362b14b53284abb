"""The verdict: the best beta above 1 against beta = 1, and the gap of each factor."""

from __future__ import annotations

from typing import Final

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.disentangle.parameters import Parameters, arm_of
from aeviz.experiments.statistics import Interval, compare, interval, why_open

SCORES: Final = {
    "mig": "MIG",
    "sap": "SAP",
    "disentanglement": "DCI disentanglement",
    "completeness": "DCI completeness",
    "factor_vae": "FactorVAE score",
    "modularity": "modularity",
}
OWN: Final = 0.1
"""If a factor's mutual information gap is above this, one dimension says clearly more about it than
any other."""


def judge(result: Result) -> Verdict:
    """The beta above 1 that is best on the validation images against beta = 1, over the seeds, and
    how many of the other scores say the same. It has to be ahead, and each factor that the claim is
    about needs a dimension that says clearly more about it than any other."""
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
    seeds = f"{other.count} seed{'s' * (other.count != 1)}"
    said = f"The {name} is {other} with {best} and {plain} with {base}, over {seeds}."
    if params.factor == "all":
        said += _agreement(result, best, base)
    if difference.ahead == "b":
        return Verdict("fails", f"{said} Beta = 1 is ahead.")
    gaps = _gaps(result, best)
    if without := [factor for factor, gap in gaps.items() if gap.high < OWN]:
        own = f"no dimension says clearly more about {' or '.join(without)} than any other"
        return Verdict("fails", f"{said} With {best}, {own}: a gap below {OWN:g}.")
    unclear = [factor for factor, gap in gaps.items() if gap.low <= OWN]
    if difference.ahead == "open":
        return Verdict("open", f"{said} {why_open(difference.difference)}")
    if unclear:
        own = f"Whether one dimension says clearly more about {' or '.join(unclear)} than any other"
        return Verdict("open", f"{said} {own} is too close to call.")
    own = "Each factor has one dimension that says clearly more about it than any other"
    return Verdict("holds", f"{said} {own}: a gap above {OWN:g}.")


def _gaps(result: Result, arm: str) -> dict[str, Interval]:
    """The mutual information gap of each factor that the claim is about."""
    chosen = result.parameters.factor
    if chosen != "all":
        return {chosen: interval(result.of("score", arm=arm))}
    names = sorted({name for row in result.rows for name in row if name.startswith("gap ")})
    return {
        name.removeprefix("gap "): interval(values)
        for name in names
        if (values := result.of(name, arm=arm))
    }


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
