"""The verdict: networks against PCA at 32 numbers, and small codes against large ones."""

from __future__ import annotations

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.code_size.parameters import ARMS
from aeviz.experiments.statistics import compare, interval


def judge(result: Result) -> Verdict:
    """At 32 numbers (or the size nearest to it) the best network against PCA; and whether the
    smallest code loses more than the largest."""
    sizes = sorted(result.values("size", arm="PCA"))
    size = min(sizes, key=lambda size: abs(size - 32))
    networks = {
        arm: result.of("mse", arm=arm, size=size)
        for arm in result.values("arm")
        if arm not in ("data", "PCA", ARMS["linear"]) and result.of("mse", arm=arm, size=size)
    }
    if not networks:
        return Verdict("open", "No network is trained yet.")
    best = min(networks, key=lambda arm: interval(networks[arm]).mean)
    pca = result.of("mse", arm="PCA", size=size)
    difference = compare(networks[best], pca)
    mean = interval(networks[best])
    worth = interval(result.of("pca_numbers", arm=best, size=size)).mean
    numbers = f"{size} number{'s' * (size != 1)}"
    ends = [result.of("mse", arm=best, size=end) for end in (sizes[0], sizes[-1])]
    falls = all(ends) and len(sizes) > 1 and interval(ends[0]).mean > interval(ends[1]).mean
    change = (
        f" From {sizes[0]} to {sizes[-1]} numbers its error falls from "
        f"{interval(ends[0]).mean:.4f} to {interval(ends[1]).mean:.4f}."
        if falls
        else ""
    )
    if difference.ahead == "b":
        return Verdict(
            "holds" if falls else "open",
            f"With {numbers} the best network ({best}) has an error of {mean} per pixel, PCA "
            f"{pca[0]:.3g}: as little as PCA with {worth:.0f} numbers.{change}",
        )
    if difference.ahead == "a":
        return Verdict(
            "fails",
            f"With {numbers} PCA is better: {pca[0]:.3g} per pixel against {mean} of the best "
            f"network ({best}).{change}",
        )
    return Verdict(
        "open",
        f"With {numbers} it is too close to call: PCA {pca[0]:.3g} per pixel, the best network "
        f"({best}) {mean}.{change}",
    )
