"""Means with intervals, and which of two arms is ahead: the basis of a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % confidence interval; `low` and `high` are infinite for one value."""

    mean: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        """All three with as many decimals, at least three digits of the largest: "0.75 (0.712 to
        0.8)" would look as if some were measured less exactly."""
        if not math.isfinite(self.high):
            return f"{_signed(self.mean, _decimals(self.mean))} (one value)"
        largest = max(abs(self.low), abs(self.high))
        decimals = _decimals(largest, (self.high - self.low) / 2)
        mean, low, high = (_signed(one, decimals) for one in (self.mean, self.low, self.high))
        return f"{mean} ({low} to {high})"

    def within(self, low: float, high: float = math.inf) -> Interval:
        """The interval of a quantity that lies between these; that of one value stays infinite."""
        if not math.isfinite(self.high):
            return self
        return Interval(self.mean, max(self.low, low), min(self.high, high), self.count)


def _decimals(value: float, half: float = 0.0) -> int:
    """For three digits of the value, and up to two more if the interval is so narrow that its ends
    would look the same."""
    found = 2 - math.floor(math.log10(abs(value))) if value else 0
    narrow = -math.floor(math.log10(half)) if half > 0 else 0
    return max(0, found, narrow if narrow <= found + 2 else 0)


def _signed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}".replace("-", "−")
    return "0" if not float(f"{value:.{decimals}f}") else text


def interval(values: Sequence[float]) -> Interval:
    """Mean of repeats, with Student's t interval: mean +- t(n - 1) s / sqrt(n)."""
    data = np.asarray(values, dtype=np.float64)
    mean, n = float(data.mean()), len(data)
    if n < 2:
        return Interval(mean, -math.inf, math.inf, n)
    half = float(stats.t.ppf(0.5 + LEVEL / 2, n - 1) * data.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def percent(share: float, digits: int = 0) -> str:
    """A share as a text, in percent."""
    return f"{100 * share:.{digits}f} %"


def wilson(successes: int, trials: int) -> Interval:
    """Wilson's interval of a share, 0 to 1 (Wilson 1927): for an accuracy on `trials` images."""
    z = float(stats.norm.ppf(0.5 + LEVEL / 2))
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = (
        z
        / (1 + z * z / trials)
        * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    )
    return Interval(share, centre - half, centre + half, trials)


def auc(normal: Sequence[float], anomalous: Sequence[float]) -> Interval:
    """Area under the ROC curve of scores that are higher for anomalies, with the interval of Hanley
    & McNeil 1982. It is the chance that an anomaly scores above a normal image; ties count half."""
    a, b = np.asarray(normal, dtype=np.float64), np.asarray(anomalous, dtype=np.float64)
    ranks = stats.rankdata(np.concatenate([a, b]))
    n, m = len(a), len(b)
    area = float((ranks[n:].sum() - m * (m + 1) / 2) / (n * m))
    q1, q2 = area / (2 - area), 2 * area * area / (1 + area)
    variance = area * (1 - area) + (m - 1) * (q1 - area * area) + (n - 1) * (q2 - area * area)
    half = float(stats.norm.ppf(0.5 + LEVEL / 2)) * math.sqrt(max(variance, 0.0) / (n * m))
    return Interval(area, max(0.0, area - half), min(1.0, area + half), n + m)


@dataclass(frozen=True)
class Comparison:
    """Whether `a` is above `b`: the difference of their means with its 95 % interval."""

    difference: Interval
    ahead: Literal["a", "b", "open"]


def compare(a: Sequence[float], b: Sequence[float], paired: bool = False) -> Comparison:
    """The difference a - b. "open": its interval contains zero, or there is one value of each.

    `paired`: the i-th of both share their seed or split, so that what they share cancels. Else
    Welch's t interval. Two arms without any spread are compared as they are.
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if paired:
        if len(x) != len(y):
            raise ValueError("pairs need as many values of each")
        difference = interval([*(x - y)])
    else:
        difference = _welch(x, y)
    if difference.low > 0:
        return Comparison(difference, "a")
    return Comparison(difference, "b" if difference.high < 0 else "open")


def why_open(difference: Interval) -> str:
    """Why a difference decides nothing, in a sentence."""
    if math.isfinite(difference.high):
        return "It is too close to call."
    return "One seed is not enough for a verdict."


def _welch(x: np.ndarray, y: np.ndarray) -> Interval:
    mean, n = float(x.mean() - y.mean()), len(x) + len(y)
    if len(x) < 2 and len(y) < 2:
        return Interval(mean, -math.inf, math.inf, n)
    # one value stands for an arm without randomness, such as PCA
    parts = [float(v.var(ddof=1)) / len(v) if len(v) > 1 else 0.0 for v in (x, y)]
    total = sum(parts)
    if not total:
        return Interval(mean, mean, mean, n)
    below = sum(part**2 / (len(v) - 1) for part, v in zip(parts, (x, y), strict=True) if len(v) > 1)
    half = float(stats.t.ppf(0.5 + LEVEL / 2, total**2 / below)) * math.sqrt(total)
    return Interval(mean, mean - half, mean + half, n)
