"""The verdict: the autoencoder's error of new points against PCA's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.points_3d.parameters import AE, ARMS
from aeviz.experiments.statistics import compare, interval, percent

LOSS: Final = 0.01
"""Share of the points' variance that counts as almost no loss; they have a variance of 1."""


def judge(result: Result) -> Verdict:
    """Whether the error of new points is below LOSS of their variance, and below PCA's, paired by
    the points drawn. And whose map is truest to the surface, which a small error does not say."""
    errors = {arm: result.of("mse", arm=arm) for arm in (AE, ARMS["pca"])}
    if min(map(len, errors.values())) < 2:
        return Verdict("open", "Two seeds of the autoencoder and of PCA are needed for a verdict.")
    back = compare(*_paired(errors[AE], errors[ARMS["pca"]]), paired=True)
    error = interval(errors[AE]).within(0.0)
    said = (
        f"The autoencoder's error of new points is {error} of their variance, PCA's "
        f"{interval(errors[ARMS['pca']]).mean:.3g}."
    )
    truest = _truest(result)
    if back.ahead == "a":
        return Verdict("fails", f"{said} PCA is better.{truest}")
    if error.low > LOSS:
        ahead = "" if back.ahead == "b" else " There is no clear difference to PCA."
        return Verdict("fails", f"{said} That is more than {percent(LOSS)}.{ahead}{truest}")
    if error.high <= LOSS and back.ahead == "b":
        return Verdict("holds", f"{said} That is less than {percent(LOSS)}.{truest}")
    reason = f"That is too close to {percent(LOSS)} to call."
    if error.high <= LOSS:
        reason = f"That is less than {percent(LOSS)}, but there is no clear difference to PCA."
    return Verdict("open", f"{said} {reason}{truest}")


def _truest(result: Result) -> str:
    """The autoencoder's map against the best other one, in a sentence."""
    order = {arm: result.of("order", arm=arm) for arm in result.values("arm")}
    others = {arm: values for arm, values in order.items() if arm != AE and len(values) > 1}
    if not others or len(order.get(AE, [])) < 2:
        return ""
    best = max(others, key=lambda arm: interval(others[arm]).mean)
    flat = compare(*_paired(order[AE], others[best]), paired=True)
    verdict = {
        "a": "Its map is the truest to the surface",
        "b": f"{best}'s map is truer to the surface",
        "open": f"Whether its map or {best}'s is truer to the surface is too close to call",
    }[flat.ahead]
    back = result.values("way_back", arm=best) == ["yes"]
    but = "" if back or flat.ahead == "a" else f", but {best} has no way back"
    return (
        f" {verdict} (rank correlation of distances {interval(order[AE]).mean:.2f} against "
        f"{interval(others[best]).mean:.2f}){but}."
    )


def _paired(a: Sequence[float], b: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    both = min(len(a), len(b))
    return a[:both], b[:both]
