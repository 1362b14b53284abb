"""A loss in words: its unit and its terms."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from aeviz.config import RunConfig
from aeviz.io.json_file import is_number

UNITS = {
    "bce": "nats per image",
    "mse": "squared error per image",
    "l1": "abs. error per image",
    "log-mse": "nats per image, up to a constant",
}
AFTER = {kind: unit if unit.startswith("nats") else f"({unit})" for kind, unit in UNITS.items()}
"""The units as they follow a number."""
SHORT = {"bce": "nats", "mse": "sq. error", "l1": "abs. error", "log-mse": "nats"}
"""For cells of a table."""


def named(config: RunConfig) -> tuple[str, str]:
    """The name of the reconstruction term in a sentence, and its unit."""
    error = {"mse": "squared error", "l1": "absolute error"}.get(config.loss.reconstruction)
    return (error, "per image") if error else ("reconstruction error", "nats per image")


def excuse(config: RunConfig) -> str:
    """What this network must do besides reconstructing images, unlike PCA; "" for nothing."""
    if config.bottleneck.kind == "gaussian":
        return "PCA has no KL to keep small."
    return {
        "l1": "PCA does not keep its code sparse.",
        "kl-sparsity": "PCA does not keep its code sparse.",
        "contractive": "PCA does not keep its Jacobian small.",
    }.get(config.loss.penalty, "")


def summed(terms: Mapping[str, Any], config: RunConfig) -> str:
    """ "177.3 nats per image = 171.8 reconstruction + 5.5 KL"; only the first number if the loss
    has one term. `terms` are loss, recon, kl and penalty; "" if one is missing."""
    loss, unit = config.loss, AFTER[config.loss.reconstruction]
    names = ["loss", "recon"] + ["kl"] * (config.bottleneck.kind == "gaussian")
    names += ["penalty"] * (loss.penalty != "none")
    if not all(is_number(terms.get(name)) for name in names):
        return ""
    parts = [(terms["recon"], "reconstruction")]
    for term, weight, name in (("kl", loss.beta, "KL"), ("penalty", loss.weight, "penalty")):
        if term in names:
            value = f"{terms[term]:.{_decimals(terms[term])}f}"
            times = "" if weight == 1 else f" ({weight:g} × {value})"
            parts.append((weight * terms[term], f"{name}{times}"))
    total, decimals = terms["loss"], _decimals(terms["loss"])
    if len(parts) == 1:
        return f"{total:.{decimals}f} {unit}"
    if _remainder(total, parts, decimals):
        decimals += 1  # with one more digit, the rounded terms add up to the total
        first, name = parts[0]
        parts[0] = (round(first, decimals) + _remainder(total, parts, decimals), name)
    sum_of = " + ".join(f"{value:.{decimals}f} {name}" for value, name in parts)
    return f"{total:.{decimals}f} {unit} = {sum_of}"


def _remainder(total: float, parts: Sequence[tuple[float, str]], decimals: int) -> float:
    """The rounded total minus the rounded parts."""
    rounded = sum(round(value, decimals) for value, _ in parts)
    return round(round(total, decimals) - rounded, decimals)


def _decimals(value: float) -> int:
    """As many decimals as give three significant digits: one at least, six at most."""
    return min(max(1, 2 - math.floor(math.log10(abs(value)))), 6) if value else 1
