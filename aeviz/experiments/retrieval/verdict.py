"""The verdict: the best arm of a network against the pixels and PCA."""

from __future__ import annotations

from typing import Literal

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.retrieval.images import K
from aeviz.experiments.retrieval.parameters import ARMS, FOCUS, NETWORKS, is_bits
from aeviz.experiments.splits import same_test_images
from aeviz.experiments.statistics import compare, interval

MARGIN = 0.01
"""Precision by which the code may be behind the pixels and still count as good."""

Outcome = Literal["holds", "fails", "open"]


def judge(result: Result) -> Verdict:
    """At 16 numbers (or the size nearest to it) the best arm of a network, chosen on the validation
    queries: against the pixels, and against PCA's arm of the same kind, split by split."""
    sizes = [size for size in result.values("size") if size]
    networks = [arm for arm in result.values("arm") if arm in NETWORKS]
    if not networks:
        return Verdict("open", "No network is trained yet.")
    size = min(sizes, key=lambda size: abs(size - FOCUS))
    networks = [arm for arm in networks if result.of("precision", arm=arm, size=size)]
    if not networks:
        return Verdict("open", "No network is trained yet.")
    best = _winner(result, networks, size)
    mine = _by_seed(result, best, size)
    rivals = {ARMS["pixels"]: 0}
    same_kind = [
        arm
        for arm in result.values("arm")
        if arm.startswith("PCA") and is_bits(arm) == is_bits(best)
    ]
    if same_kind:
        rivals[_winner(result, same_kind, size)] = size
    outcomes: list[Outcome] = []
    said = []
    for rival, rival_size in rivals.items():
        theirs = _by_seed(result, rival, rival_size)
        seeds = [seed for seed in mine if seed in theirs]
        if not seeds:
            continue
        values = [theirs[seed] for seed in seeds]
        outcome, word = _against([mine[seed] for seed in seeds], values, rival)
        outcomes.append(outcome)
        count = result.of("bytes", arm=rival, size=rival_size)[0]
        said.append(f"{rival} with {_bytes(count)}: {interval(values)}, {word}")
    if not outcomes:
        return Verdict("open", "Nothing to compare with is measured yet.")
    count = result.of("bytes", arm=best, size=size)[0]
    sentence = (
        f"{best} with {_bytes(count)} per image: of the first {K} images found, a share of "
        f"{interval([*mine.values()])} has the right class. {'; '.join(said)}."
        f"{same_test_images(result.parameters)}"
    )
    verdict: Outcome = "fails" if "fails" in outcomes else "open" if "open" in outcomes else "holds"
    return Verdict(verdict, sentence)


def _against(mine: list[float], theirs: list[float], rival: str) -> tuple[Outcome, str]:
    """What one comparison says of the claim: to be ahead of PCA, and not behind the pixels by more
    than `MARGIN`."""
    found = compare(mine, theirs, paired=True)
    if found.ahead == "a":
        return "holds", "behind it"
    if rival == ARMS["pixels"] and found.difference.low > -MARGIN:
        return "holds", f"as good to within {MARGIN:g}"
    if found.ahead == "b":
        return "fails", "ahead"
    return "open", "too close to call" if len(mine) > 1 else "which one seed does not decide"


def _bytes(count: float) -> str:
    return f"{count:g} byte{'s' * (count != 1)}"


def _winner(result: Result, arms: list[str], size: int) -> str:
    def value(arm: str) -> float:
        found = result.of("validation_precision", arm=arm, size=size)
        return interval(found).mean if found else -1.0

    return max(arms, key=value)


def _by_seed(result: Result, arm: str, size: int) -> dict[int, float]:
    seeds = result.values("seed", arm=arm, size=size)
    return dict(zip(seeds, result.of("precision", arm=arm, size=size), strict=True))
