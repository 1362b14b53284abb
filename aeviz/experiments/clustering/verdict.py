"""The verdict: k-means in codes against k-means in pixels and in PCA's numbers."""

from __future__ import annotations

from typing import Final

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.statistics import compare, interval, why_open

BASELINES: Final = ("pixels + k-means", "PCA + k-means")


def judge(result: Result) -> Verdict:
    """k-means in the codes against k-means in the pixels, and in PCA's numbers: by ACC, seed by
    seed. It has to be ahead of both."""
    mine = f"{result.parameters.judged} + k-means"
    ours = _by_seed(result, mine)
    said, ahead, reason = [], [], ""
    for rival in BASELINES:
        theirs = _by_seed(result, rival)
        seeds = [seed for seed in ours if seed in theirs]
        if not seeds:
            continue
        values = [theirs[seed] for seed in seeds]
        difference = compare([ours[seed] for seed in seeds], values, paired=True)
        ahead.append(difference.ahead)
        if difference.ahead == "open":
            reason = why_open(difference.difference)
        said.append(f"{rival} {interval(values)}")
    if not ahead:
        return Verdict("open", "The first seed is not done yet.")
    sentence = f"{mine} finds the classes with an accuracy of {interval([*ours.values()])}; "
    sentence += f"{', '.join(said)}.{_others(result)}"
    if "b" in ahead:
        return Verdict("fails", f"A simple method is ahead. {sentence}")
    if "open" in ahead:
        return Verdict("open", f"{reason} {sentence}")
    return Verdict("holds", sentence)


def _others(result: Result) -> str:
    """The best of all arms, and UMAP with and without the codes."""
    means = {arm: interval(result.of("acc", arm=arm)) for arm in result.values("arm")}
    best = max(means, key=lambda arm: means[arm].mean)
    said = f" The most accurate of all is {best} with {means[best]}."
    two = [f"{space} + Gaussian mixture" for space in ("UMAP of AE", "UMAP of pixels")]
    if all(arm in means for arm in two):
        a, b = (_by_seed(result, arm) for arm in two)
        seeds = [seed for seed in a if seed in b]
        ahead = compare([a[seed] for seed in seeds], [b[seed] for seed in seeds], paired=True).ahead
        word = {"a": "helps", "b": "hurts", "open": "makes no clear difference"}[ahead]
        said += f" For UMAP it {word} to start from codes instead of pixels"
        said += f" ({means[two[0]]} and {means[two[1]]})."
    return said


def _by_seed(result: Result, arm: str) -> dict[int, float]:
    seeds = result.values("seed", arm=arm)
    return dict(zip(seeds, result.of("acc", arm=arm), strict=True))
