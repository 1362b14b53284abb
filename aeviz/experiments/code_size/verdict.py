"""The verdict: networks against PCA at 32 numbers, and small codes against large ones."""

from __future__ import annotations

from typing import Final

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.code_size.parameters import ARMS
from aeviz.experiments.statistics import compare, interval, why_open

FOCUS: Final = 32
"""Numbers in the code at which the claim is judged."""


def judge(result: Result) -> Verdict:
    """At 32 numbers (or the size nearest to it) the best network against PCA; and whether the
    smallest code loses more than the largest."""
    sizes = sorted(result.values("size", arm="PCA"))
    if not sizes:
        return Verdict("open", "No network is trained yet.")
    size = min(sizes, key=lambda size: abs(size - FOCUS))
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
    falls = all(ends) and len(sizes) > 1 and compare(ends[0], ends[1]).ahead == "a"
    change = " Whether a smaller code loses more takes two code sizes."
    if all(ends) and len(sizes) > 1:
        change = (
            f" From {sizes[0]} to {sizes[-1]} numbers its error "
            f"{'falls' if falls else 'does not clearly fall'} from {interval(ends[0]).mean:.4f} to "
            f"{interval(ends[1]).mean:.4f}."
        )
    change += _beyond(result, best, size, sizes[-1])
    is_near = FOCUS / 2 <= size <= FOCUS * 2
    if not is_near:
        change += f" The claim is about {FOCUS} numbers: add them."
    if difference.ahead == "b":
        return Verdict(
            "holds" if falls and is_near else "open",
            f"With {numbers} the best network ({best}) has an error of {mean} per pixel, PCA "
            f"{pca[0]:.3g}. PCA needs {worth:.0f} numbers for the network's error.{change}",
        )
    if difference.ahead == "a":
        return Verdict(
            "fails",
            f"With {numbers} PCA is better: {pca[0]:.3g} per pixel against {mean} of the best "
            f"network ({best}).{change}",
        )
    return Verdict(
        "open",
        f"With {numbers} PCA has an error of {pca[0]:.3g} per pixel, the best network ({best}) "
        f"{mean}. {why_open(difference.difference)}{change}",
    )


def _beyond(result: Result, arm: str, size: int, largest: int) -> str:
    """What more numbers than `size` change: the error, and what neighbours know of the class."""
    error, class_ = (
        [result.of(name, arm=arm, size=end) for end in (size, largest)] for name in ("mse", "knn")
    )
    if largest == size or not all(error) or not all(class_):
        return ""
    falls = compare(error[0], error[1]).ahead == "a"
    rises = compare(class_[0], class_[1]).ahead == "b"
    said = [" and ".join(f"{interval(end).mean:.3g}" for end in both) for both in (error, class_)]
    return (
        f" With {size} and {largest:,} numbers its error is {said[0]}: it "
        f"{'falls' if falls else 'does not clearly fall'}. The accuracy of 5 nearest neighbours is "
        f"{said[1]}: it {'rises' if rises else 'does not clearly rise'}."
    )
