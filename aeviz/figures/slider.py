"""A slider that shows one group of a figure's traces at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def slider(
    prefix: str, labels: Sequence[str], active: int, first: int, each: int = 1
) -> dict[str, Any]:
    """Plotly's slider with a step for each label. Step i shows the i-th group of `each` traces,
    from the trace `first` on, and hides the others; traces before `first` stay as they are."""
    traces = list(range(first, first + each * len(labels)))
    return {
        "active": active,
        "currentvalue": {"prefix": prefix},
        "pad": {"t": 8, "l": 16, "r": 24},
        "steps": [
            {
                "label": label,
                "method": "restyle",
                "args": [
                    {"visible": [shown // each == number for shown in range(len(traces))]},
                    traces,
                ],
            }
            for number, label in enumerate(labels)
        ],
    }
