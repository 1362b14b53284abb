"""The verdict: the VAE against the autoencoder in three measures."""

from __future__ import annotations

from typing import Final

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.regularity.parameters import MODELS, SAMPLERS
from aeviz.experiments.statistics import Interval, compare, interval, percent

MEASURES: Final = {
    "sure": ("complete", "samples that the classifier is sure of", "higher"),
    "coverage": ("without gaps", "unseen images that samples reach", "higher"),
    "smoothness": ("continuous", "unevenness of straight lines", "lower"),
}
"""What counts in the verdict: (the course's word, the measure, which end is good)."""


def judge(result: Result) -> Verdict:
    """VAE against autoencoder in three measures, paired by seed; the autoencoder's samples are
    drawn in the chosen way. It holds if the VAE is ahead in all three, and fails if it
    is behind in any."""
    params = result.parameters
    chosen, model = SAMPLERS[params.sampler], MODELS["ae"]
    ahead, behind, parts = 0, 0, []
    for measure, (word, what, good) in MEASURES.items():
        vae = result.of(measure, arm=MODELS["vae"])
        ae = result.of(measure, arm=model if measure == "smoothness" else chosen)
        both = min(len(vae), len(ae))
        if both < 2:
            return Verdict("open", "Two seeds of the VAE and the autoencoder are needed.")
        better = compare(vae[:both], ae[:both], paired=True)
        wins = {"a": good == "higher", "b": good == "lower"}.get(better.ahead)
        ahead += wins is True
        behind += wins is False
        said = {True: "the VAE is ahead", False: "the autoencoder is ahead", None: "too close"}
        parts.append(
            f"{word} ({what}): VAE {_figure(measure, vae)}, autoencoder {_figure(measure, ae)}, "
            f"a difference of {_difference(measure, better.difference)}: {said[wins]}"
        )
    text = (
        f"It holds in {ahead} of {len(MEASURES)} parts. With {chosen}: {'; '.join(parts)}."
        f"{_rival(result)}"
    )
    if behind:
        return Verdict("fails", text)
    return Verdict("holds" if ahead == len(MEASURES) else "open", text)


def _figure(measure: str, values: list[float]) -> str:
    mean = interval(values).mean
    return f"{mean:.3f}" if measure == "smoothness" else percent(mean)


def _difference(measure: str, found: Interval) -> str:
    """Its size with its interval; of shares in percentage points."""
    scale = 1 if measure == "smoothness" else 100
    low, high = sorted(scale * end for end in (found.low, found.high))
    if found.mean < 0:
        low, high = -high, -low
    size = Interval(scale * abs(found.mean), low, high, found.count)
    return str(size) if measure == "smoothness" else f"{size} points"


def _rival(result: Result) -> str:
    """The autoencoder's figures with a mixture, unless that is the chosen way."""
    if result.parameters.sampler == "mixture":
        return ""
    sure = result.of("sure", arm=SAMPLERS["mixture"])
    reached = result.of("coverage", arm=SAMPLERS["mixture"])
    if not sure:
        return ""
    return (
        f" If its codes come from a mixture that is fitted to them, the autoencoder has "
        f"{_figure('sure', sure)} and {_figure('coverage', reached)}."
    )
