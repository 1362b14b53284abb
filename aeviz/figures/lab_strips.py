"""Results of the Lab as one line per arm: a mark at the mean with its interval, a dot per seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aeviz.escaping import in_plotly
from aeviz.experiments.base import Chart, Result
from aeviz.experiments.statistics import interval
from aeviz.figures.lab_common import GHOST, layout_of, log_ticks, look, rows_of
from aeviz.figures.training import Figure

ROW_HEIGHT: Final = 34


def strips(
    spec: Chart,
    arms: dict[str, int],
    result: Result | None,
    reference: Result | None,
    ghost: tuple[Sequence[float | str], Sequence[float]] | None,
) -> Figure:
    """One line per arm, the measure to the right: mean with its interval, and the repeats as dots.
    Arms are words, which have room at the left."""
    data: list[dict[str, Any]] = []
    if result is not None:
        for arm, number in arms.items():
            rows = rows_of(spec, result, arm)
            if not rows:
                continue
            values = [float(row[spec.y]) for row in rows]
            mean, label = interval(values), in_plotly(arm)
            colour, symbol = look(number)
            half = mean.high - mean.mean if math.isfinite(mean.high) else 0.0
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": label,
                    "showlegend": False,
                    "x": [mean.mean],
                    "y": [label],
                    "error_x": {"type": "data", "array": [half], "thickness": 2, "width": 6},
                    "marker": {"color": colour, "size": 12, "symbol": symbol},
                    "hovertemplate": f"{label}: %{{x:.4g}}<extra></extra>",
                }
            )
            if len(values) > 1:
                data.append(
                    {
                        "type": "scatter",
                        "mode": "markers",
                        "showlegend": False,
                        "x": values,
                        "y": [label] * len(values),
                        "marker": {"color": colour, "size": 6, "opacity": 0.5},
                        "hovertemplate": f"{label}, one run: %{{x:.4g}}<extra></extra>",
                    }
                )
    if reference is not None:
        rows = rows_of(spec, reference)
        means = [(arm, [float(row[spec.y]) for row in rows if row["arm"] == arm]) for arm in arms]
        there = [(arm, interval(values).mean) for arm, values in means if values]
        data.append(
            _beside("reference", [in_plotly(arm) for arm, _ in there], [m for _, m in there])
            | {"marker": {"color": GHOST, "size": 12, "symbol": "diamond-open"}}
        )
    if ghost is not None:
        data.append(_beside("your prediction", [in_plotly(str(p)) for p in ghost[0]], ghost[1]))
    layout = layout_of(spec, _title_width(arms))
    title = layout["yaxis"]["title"]
    layout["height"] = 90 + 18 * title["text"].count("<br>") + ROW_HEIGHT * max(len(arms), 2)
    layout["xaxis"] = {"title": title, "type": "log" if spec.log_y else "-"}
    if spec.log_y:
        layout["xaxis"] |= log_ticks([float(x) for trace in data for x in trace["x"]])
    labels = [in_plotly(arm) for arm in reversed(arms)]
    layout["yaxis"] = {"type": "category", "categoryorder": "array", "categoryarray": labels}
    layout["showlegend"] = reference is not None or ghost is not None
    return {"data": data, "layout": layout}


def _title_width(arms: Iterable[str]) -> int:
    """Characters of a title in a line, which has the width that the names of the arms leave on a
    phone."""
    return max(18, 48 - max((len(arm) for arm in arms), default=0))


def _beside(name: str, labels: Sequence[str], values: Sequence[float]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": list(values),
        "y": list(labels),
        "marker": {"color": GHOST, "size": 13, "symbol": "circle-open-dot"},
        "hovertemplate": f"{name}, %{{y}}: %{{x:.3g}}<extra></extra>",
    }
