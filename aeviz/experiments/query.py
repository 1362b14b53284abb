"""A person's own image: what an experiment computes for it after the run, with a stored network
(`aeviz.experiments.stored`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from aeviz.datasets import Split
from aeviz.models.checkpoint import Loaded

if TYPE_CHECKING:
    from aeviz.experiments.base import Chart, Result, Task


@dataclass(frozen=True)
class Shelf:
    """Images (N, C, H, W) in [0, 1] in a row, each with a label. `wrong`: the places of those that
    have another class than the person's image."""

    title: str
    detail: str
    images: Tensor
    labels: tuple[str, ...]
    wrong: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Answer:
    """What is computed for one image. `chart`: a chart of the result, with the image's place as a
    mark."""

    headline: str
    sentence: str
    shelves: tuple[Shelf, ...]
    note: str = ""
    chart: Chart | None = None


Respond = Callable[[Tensor, str], Answer]
"""An image (C, H, W) in [0, 1] and its class, "" if that is not known -> the answer."""


@dataclass(frozen=True)
class Query:
    """The part of an experiment about a person's own image.

    `text`: what can be done, in one or two sentences. `choose`: what is chosen if several networks
    are stored. `prepare(result, task, loaded, corpus)`: the function for the network that this task
    has stored; `corpus` is None if there are no images with it.
    """

    text: str
    choose: str
    prepare: Callable[[Result, Task, Loaded, Split | None], Respond]
