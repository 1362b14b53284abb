"""Whether the loss of a run is good, in words: compared with its baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aeviz.evaluation.baselines import Baseline, as_text

CLOSE = 0.01
"""Relative differences up to this count as none."""


def verdict(
    terms: Mapping[str, float], found: Sequence[Baseline], error: str, unit: str, excuse: str = ""
) -> str:
    """The reply to "Is this good?" for the validation `terms` (recon, loss, ...).

    `error`: the name of the reconstruction term, in `unit`. `excuse`: a sentence on what the
    network has to do and PCA does not; "" if both do the same.
    """
    recon = terms["recon"]
    by_key = {baseline.key: baseline for baseline in found}
    figure = f"on the validation images its {error} is {as_text(recon)} {unit}"
    floor, pca = by_key.get("floor"), by_key.get("pca")
    at_floor = floor is not None and recon <= floor.value * (1 + CLOSE)
    if at_floor:
        sentences = [f"Yes: {figure}."]
    elif pca:
        sentences = [f"{_against_pca(recon, pca.value, excuse)}: {figure}.", pca.sentence]
        if excuse and recon > pca.value * (1 + CLOSE):
            sentences.append(excuse)
    else:
        sentences = [f"{figure[0].upper()}{figure[1:]}."]
    if floor:
        sentences.append(f"No network can get below {as_text(floor.value)}.")
    if published := by_key.get("published"):
        sentences.append(published.sentence)
        if published.term != "recon":
            sentences.append(f"This run is at {as_text(terms[published.term])}.")
    return " ".join(sentences)


def _against_pca(recon: float, pca: float, excuse: str) -> str:
    if recon < pca * (1 - CLOSE):
        return "Yes, better than PCA"
    if recon <= pca * (1 + CLOSE):
        return "It is as good as PCA"
    return "Not by this figure alone" if excuse else "Not yet"


def advice(losses: Sequence[float]) -> str:
    """Advice to train longer, if the validation loss (after each epoch) still improved at the end;
    else "". It is the whole loss, as for early stopping."""
    if len(losses) < 2 or losses[-1] >= losses[-2] * (1 - CLOSE):
        return ""
    improvement = 1 - losses[-1] / losses[-2]
    return f"It was still improving, by {improvement:.0%} in the last epoch: train longer."
