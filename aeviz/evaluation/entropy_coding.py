"""Entropy coding of integers: histograms with +1 smoothing, and a range coder (rANS).

The rate of a symbol is -log2 of its share in a histogram of training symbols. The coder writes
bytes with the same histogram, so the rate can be checked against the size of a file. Source: Duda
2013, "Asymmetric numeral systems", arXiv 1311.2540, section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRECISION = 16
"""Bits of the coder's frequencies: the frequencies of a histogram sum to 2^16."""
_LOWER = 1 << 23
"""Between two symbols, the coder's state is from this to 256 times as much."""

Symbols = NDArray[np.int64]


@dataclass(frozen=True)
class Histogram:
    """The symbols low, low + 1, ... with their counts, each one higher than in the training data.
    Symbols outside the range are coded as the nearest one inside."""

    low: int
    counts: NDArray[np.int64]

    def clipped(self, symbols: Symbols) -> Symbols:
        return np.clip(symbols, self.low, self.low + len(self.counts) - 1)

    def bits(self, symbols: Symbols) -> NDArray[np.float64]:
        """-log2 of the share of each symbol."""
        shares = self.counts / self.counts.sum()
        return -np.log2(shares[self.clipped(symbols) - self.low])

    def frequencies(self) -> list[int]:
        """The counts scaled to a sum of 2^16, each at least 1."""
        total = (1 << PRECISION) - len(self.counts)
        if total < 0:
            raise ValueError(f"more than {1 << PRECISION} symbols")
        edges = np.floor(np.cumsum([0, *self.counts]) * total / self.counts.sum())
        return [int(width) + 1 for width in np.diff(edges)]


def histogram(symbols: Symbols) -> Histogram:
    """Counts of the training symbols from the lowest to the highest, plus one each."""
    low = int(symbols.min())
    return Histogram(low, np.bincount(symbols - low) + 1)


def encode(symbols: Symbols, histograms: list[Histogram]) -> bytes:
    """(N, d) symbols, a histogram for each column -> one stream of bytes."""
    tables = [_table(one) for one in histograms]
    state, out = _LOWER, bytearray()
    columns = [one.clipped(symbols[:, i]) - one.low for i, one in enumerate(histograms)]
    for row in np.stack(columns, 1)[::-1].tolist():
        for symbol, (starts, widths, _) in zip(reversed(row), reversed(tables), strict=True):
            width = widths[symbol]
            while state >= (_LOWER >> PRECISION << 8) * width:
                out.append(state & 255)
                state >>= 8
            state = (state // width << PRECISION) + state % width + starts[symbol]
    return state.to_bytes(4, "big") + bytes(reversed(out))


def decode(data: bytes, count: int, histograms: list[Histogram]) -> Symbols:
    """The `count` rows of symbols in a stream that `encode` wrote with the same histograms.
    ValueError if the stream is too short."""
    tables = [_table(one) for one in histograms]
    state, place, mask = int.from_bytes(data[:4], "big"), 4, (1 << PRECISION) - 1
    rows = np.empty((count, len(tables)), np.int64)
    for row in rows:
        for i, (starts, widths, symbol_at) in enumerate(tables):
            symbol = int(symbol_at[state & mask])
            row[i] = symbol + histograms[i].low
            state = widths[symbol] * (state >> PRECISION) + (state & mask) - starts[symbol]
            while state < _LOWER:
                if place >= len(data):
                    raise ValueError("the stream ends early")
                state = state << 8 | data[place]
                place += 1
    return rows


def _table(one: Histogram) -> tuple[list[int], list[int], Symbols]:
    """Start and width of each symbol's range, and the symbol at each of the 2^16 places."""
    widths = one.frequencies()
    starts = np.cumsum([0, *widths[:-1]]).tolist()
    return starts, widths, np.repeat(np.arange(len(widths)), widths)
