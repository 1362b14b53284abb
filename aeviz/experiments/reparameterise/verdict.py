"""The verdict: the loss and the noise with the trick against the best arm without it."""

from __future__ import annotations

from typing import Final

from aeviz.experiments import parameters as p
from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.reparameterise.parameters import ARMS, WITH, WITHOUT
from aeviz.experiments.statistics import compare, interval, why_open

MARGIN: Final = 0.1
"""Share of what the trick gains over no gradient. An arm that certainly loses less than that is as
good."""
FAR: Final = 2.0
"""From this ratio on a gradient counts as far noisier."""


def judge(result: Result) -> Verdict:
    """The noise with as many samples as in training (or the nearest number), and the last loss: the
    trick against the best arm without it, seed by seed."""
    last = result.parameters.steps
    losses = {arm: result.of("loss", arm=arm, step=last) for arm in ARMS.values()}
    validation = {arm: result.of("validation", arm=arm) for arm in WITHOUT}
    candidates = [arm for arm in WITHOUT if losses[arm]]
    if not losses[WITH] or not candidates:
        return Verdict("open", "Not every arm is trained yet.")
    best = min(candidates, key=lambda arm: interval(validation[arm]).mean)
    pairs = min(len(losses[best]), len(losses[WITH]))
    behind = compare(losses[best][:pairs], losses[WITH][:pairs], paired=True)
    ratio = noise_ratio(result, best)
    noisy = f"{ratio} times as noisy as with the trick" if ratio else "of unknown noise"
    cut = losses[ARMS["cut"]]
    if not cut:
        return Verdict("open", "Not every arm is trained yet.")
    margin = MARGIN * (interval(cut).mean - interval(losses[WITH]).mean)
    ends = f" If no gradient passes, it ends at {interval(cut).mean:.1f}."
    said = (
        f"The gradient without the trick ({best}) is {noisy}. After {last} steps its loss is "
        f"{interval(losses[best]).mean:.1f} nats per image, with the trick "
        f"{interval(losses[WITH]).mean:.1f}: a difference of {behind.difference}.{ends}"
    )
    if margin <= 0:
        return Verdict("open", f"{said} The trick gains nothing over no gradient: train longer.")
    if behind.difference.high < margin:
        return Verdict("fails", f"{said} The trick is not needed here.")
    if behind.ahead == "a" and ratio:
        if ratio.low > FAR:
            return Verdict("holds", said)
        if ratio.high < FAR:
            return Verdict("fails", f"{said} That is not far noisier.")
    return Verdict("open", f"{said} {why_open(behind.difference)}")


def noise_ratio(result: Result, arm: str) -> p.Any:
    """The noise of an arm divided by that with the trick, seed by seed; None without rows."""
    counts = result.values("samples", arm=arm)
    if not counts:
        return None
    count = min(counts, key=lambda one: abs(one - result.parameters.samples))
    a, b = (result.of("noise", arm=name, samples=count) for name in (arm, WITH))
    return interval([x / y for x, y in zip(a, b, strict=True)])
