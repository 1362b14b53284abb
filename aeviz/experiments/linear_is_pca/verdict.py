"""The verdict: the network's error and plane against PCA's."""

from __future__ import annotations

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.linear_is_pca.parameters import PCA, arm
from aeviz.experiments.statistics import interval, percent

EQUAL_ERROR = 0.01
"""Shares of PCA's error that count as no difference."""
EQUAL_ANGLE = 5.0
"""Degrees between the planes that count as none."""


def judge(result: Result) -> Verdict:
    """After the last step: the error as a share of PCA's, and the largest angle of the planes.

    An equal error at another angle is open: further steps may turn the plane, slowly if the last
    component within it explains hardly more than the first one outside.
    """
    params = result.parameters
    name, last = arm(params), params.steps
    pca = result.of("mse", arm=PCA)
    errors = result.of("mse", arm=name, step=last)
    if not pca or not errors:
        return Verdict("open", "No network is trained yet.")
    excess = interval([error / pca[0] - 1 for error in errors])
    angle = interval(result.of("angle", arm=name, step=last))
    above = "above" if excess.mean >= 0 else "below"
    said = (
        f"After {last:,} steps the error of the network ({name}) is {interval(errors).mean:.5f} "
        f"per pixel, PCA's {pca[0]:.5f}: {percent(abs(excess.mean), 2)} {above} it. The largest "
        f"angle between the two planes is {angle} degrees."
    )
    if len(errors) < 2:
        return Verdict("open", f"{said} One seed is not enough for a verdict.")
    same_error = max(abs(excess.low), abs(excess.high)) <= EQUAL_ERROR
    other_error = excess.low > EQUAL_ERROR or excess.high < -EQUAL_ERROR
    if same_error and angle.high <= EQUAL_ANGLE:
        return Verdict("holds", f"{said} So both have learned the same.")
    if excess.low > EQUAL_ERROR and params.relu == "none":
        return Verdict("open", f"{said} That is not PCA's error yet: train longer.")
    if other_error:
        winner = "PCA" if excess.mean > 0 else "the network"
        return Verdict("fails", f"{said} So it is not PCA. The lower error is that of {winner}.")
    if same_error and angle.low > EQUAL_ANGLE:
        plane = "not yet: train longer" if params.relu == "none" else "another one"
        return Verdict("open", f"{said} The error is PCA's, the plane is {plane}.")
    more = ": train longer" if params.relu == "none" else ""
    return Verdict("open", f"{said} That is too close to call{more}.")
