"""Codes in the plane, coloured by label and by cluster (`aeviz.experiments.clustering`), as Plotly
figures: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aeviz import datasets
from aeviz.escaping import in_plotly
from aeviz.evaluation.clustering import NO_CLASS
from aeviz.experiments.base import Result
from aeviz.experiments.clustering.parameters import MAPPED, Parameters
from aeviz.experiments.statistics import percent
from aeviz.figures.palette import CLASS_COLOURS
from aeviz.figures.training import Figure

HEIGHT: Final = 400
NOTHING: Final = "#8a8f8c"
"""Colour of a cluster that is matched with no class."""


@dataclass(frozen=True)
class Maps:
    """Figures of the same points beside each other, each with its title; `note` says what to look
    at."""

    figures: list[tuple[str, Figure]]
    note: str


def maps(result: Result) -> Maps | None:
    """The codes that the claim is about on a map: by label, by their clusters, and by those of UMAP
    if it is done; then the map is UMAP's. None for other experiments, and before the clusters are
    known."""
    if not isinstance(result.parameters, Parameters):
        return None
    own = result.parameters.judged
    codes = {space: f"{space.replace(' ', '-').lower()}-0" for space in MAPPED}
    arrays = result.arrays
    there = [space for space in (own, f"UMAP of {own}") if f"{codes.get(space)}/labels" in arrays]
    if own not in there:
        return None
    places, labels = (arrays[f"{codes[there[-1]]}/{part}"] for part in ("places", "labels"))
    names = datasets.find(result.parameters.dataset).class_names
    figures = [("True label", _scatter(places, labels, labels, names))]
    for space in there:
        clusters = arrays[f"{codes[space]}/clusters"]
        arm = f"{space} + {MAPPED[space]}"
        title = f"{arm}: {percent(result.of('acc', arm=arm, seed=0)[0])} right"
        figures.append((title, _scatter(places, clusters, labels, names)))
    plane = (
        f"The plane is UMAP's, made of the codes of the {own}. k-means uses the codes, not the "
        "plane."
        if len(there) > 1
        else "The plane shows the two directions in which the codes vary most. k-means uses all."
    )
    return Maps(
        figures,
        f"{plane} A cluster has the colour of the class that it is matched with; a cross is an "
        "image of another class.",
    )


def _scatter(
    places: Sequence[Sequence[float]],
    classes: Sequence[int],
    labels: Sequence[int],
    names: Sequence[str],
) -> Figure:
    """Points in the colours of these classes, crosses if their label is another. An entry of the
    legend shows and hides both."""
    data: list[dict[str, Any]] = []
    for number in sorted(set(classes), key=lambda number: (number == NO_CLASS, number)):
        name = "no class" if number == NO_CLASS else in_plotly(names[number])
        colour = NOTHING if number == NO_CLASS else CLASS_COLOURS[number % len(CLASS_COLOURS)]
        for cross in (False, True):
            chosen = [
                place
                for place, one, label in zip(places, classes, labels, strict=True)
                if one == number and (one != label) == cross
            ]
            if not chosen and cross:
                continue
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": name,
                    "legendgroup": name,
                    "showlegend": not cross,
                    "x": [place[0] for place in chosen],
                    "y": [place[1] for place in chosen],
                    "marker": {
                        "color": colour,
                        "size": 5 if cross else 4,
                        "symbol": "x-thin-open" if cross else "circle",
                        "opacity": 1.0 if cross else 0.85,
                        "line": {"width": 1.2 if cross else 0, "color": colour},
                    },
                    "hovertemplate": f"{name}<extra></extra>",
                }
            )
    bare = {"showticklabels": False, "showgrid": False, "zeroline": False}
    return {
        "data": data,
        "layout": {
            "height": HEIGHT,
            "margin": {"l": 4, "r": 4, "t": 8, "b": 4},
            "uirevision": "kept",
            "hovermode": "closest",
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": -0.02,
                "yanchor": "top",
                "itemsizing": "constant",
            },
            "xaxis": bare,
            "yaxis": bare | {"scaleanchor": "x"},
        },
    }
