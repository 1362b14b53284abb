"""An experiment of the Lab: a claim, the tasks that test it, and the verdict on their results.

An experiment has a class of parameters (`aeviz.experiments.parameters`), a function that lists
independent tasks, a function that does one of them, and a function that judges the rows. It is one
file, or a folder with a file for each of these parts (docs/lab.md). `aeviz.experiments.table` lists
them; pages, command line and tests read that table. Nothing here knows Streamlit or Plotly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aeviz import datasets
from aeviz.datasets import Source
from aeviz.errors import UserError
from aeviz.experiments import parameters
from aeviz.experiments.query import Query
from aeviz.experiments.stored import Stored

Row = dict[str, float | int | str]
"""One measurement: the arm, what was varied, the seed, and what was measured. Plain numbers and
texts, so that a table of rows is a CSV file."""


@dataclass(frozen=True)
class Task:
    """One training or one evaluation. `key` names it within its experiment and is a file name;
    `values` are plain data."""

    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """A PNG file, and in a few words what it shows. Pictures of one `group` are shown below each
    other, so that they can be compared."""

    caption: str
    png: bytes = b""
    group: str = ""


@dataclass(frozen=True)
class Output:
    """The output of a task. The names of the pictures are file names. `arrays`: nested lists of
    numbers for a figure of the experiment's own, up to `MAX_NUMBERS` in all. `stored`: the network,
    if it is to be a model for other pages."""

    rows: list[Row]
    pictures: dict[str, Picture] = field(default_factory=dict)
    arrays: dict[str, list[Any]] = field(default_factory=dict)
    stored: Stored | None = None


MAX_NUMBERS = 30_000


@dataclass(frozen=True)
class Result:
    """The rows of all finished tasks, in the order of the tasks, and by "TASK/NAME" their pictures,
    without the bytes, and their arrays."""

    parameters: Any
    rows: list[Row]
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    complete: bool = True
    arrays: Mapping[str, list[Any]] = field(default_factory=dict)

    def of(self, measure: str, **where: Any) -> list[float]:
        """The values of one column in the rows that match, in the order of the rows."""
        return [
            float(row[measure])
            for row in self.rows
            if measure in row and all(row.get(name) == value for name, value in where.items())
        ]

    def values(self, column: str, **where: Any) -> list[Any]:
        """The different values of a column in the rows that match, in the order of the rows."""
        found: Iterator[Any] = (
            row[column]
            for row in self.rows
            if column in row and all(row.get(name) == value for name, value in where.items())
        )
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Verdict:
    """Whether the numbers support the claim. `sentence` says which arm is ahead, by how much and
    with which interval; it is computed from the result."""

    outcome: Literal["holds", "fails", "open"]
    sentence: str


@dataclass(frozen=True)
class Chart:
    """One measure of the rows as a figure: a dot per row, a line or a bar through the means.

    `x` and `y` are columns. `kind`: "curve" over numbers, "bars" over words. `better`: which end of
    the measure is good, shown beside the axis. `where` chooses rows. `note`: one sentence under the
    chart. `marks`: places on the x axis with a label each.
    """

    y: str
    label: str
    x: str = "arm"
    x_label: str = ""
    kind: Literal["curve", "bars"] = "curve"
    log_x: bool = False
    log_y: bool = False
    better: Literal["lower", "higher", ""] = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    marks: Callable[[Result], Sequence[tuple[float, str]]] = lambda result: ()


@dataclass(frozen=True)
class Prediction:
    """What a student draws before the run: the measure of one arm over `at` (the places of x), from
    `low` to `high`, on the experiment's first chart. With `winner` the student also picks one of
    these answers to the question `pick`.
    """

    ask: str
    arm: str
    at: Callable[[Any], Sequence[float | str]]
    low: float
    high: float
    winner: tuple[str, ...] = ()
    pick: str = "Which will be ahead?"


@dataclass(frozen=True)
class Choice:
    """A question with a few answers. `right` is the index of the correct one; `reasons` say for
    each answer why it is right or wrong."""

    text: str
    answers: tuple[str, ...]
    right: int
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.answers) != len(self.reasons) or not 0 <= self.right < len(self.answers):
            raise ValueError("each answer needs a reason, and one of them is right")


@dataclass(frozen=True)
class Numeric:
    """A question whose answer is a number of the student's own result. `answer` computes it, or
    None if the result does not have it; within `tolerance` (a share of it) counts as right."""

    text: str
    answer: Callable[[Result], float | None]
    reason: str
    tolerance: float = 0.05


@dataclass(frozen=True)
class BreakIt:
    """Parameters for which the claim fails, and in one sentence what to look at."""

    label: str
    text: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Series:
    """Tasks that differ in one parameter: the pictures of a few are shown side by side, those of
    all on a slider. `label`: the parameter. `tasks(p)`: the key of each task by its label on the
    slider; `beside(p)`: the labels of those side by side."""

    label: str
    tasks: Callable[[Any], Mapping[str, str]]
    beside: Callable[[Any], Sequence[str]]


@dataclass(frozen=True, eq=False)
class Experiment:
    """A claim, and the tasks that test it.

    `parameters` is a frozen dataclass whose defaults are the live scale; `reference` changes them
    to the scale of full data sets. `tasks(p)` are independent; `work(p, task)` does one, in any
    process. `judge(result)` gets the rows of all tasks; "open" is a verdict, too. `needs`: what the
    data set must have. `table`: the columns of the table under the charts. `protocol(p)`: lines
    (what, how) of the protocol card beside data set, seeds and time. `recipe(p, row)`: the
    configuration that a row was trained with, for a link to Train; None if there is none. `query`:
    what a person can do with an image of their own after the run. `series`: how pictures are shown
    that form a series. `comparable`: the parameters that say what the question is. Results that
    differ in another one, such as the training steps, answer the same question.
    `adapt(p, chart)`: the chart for these parameters, if they change what it measures.
    """

    name: str
    title: str
    claim: str
    why: str
    parameters: type
    tasks: Callable[[Any], Sequence[Task]]
    work: Callable[[Any, Task], Output]
    judge: Callable[[Result], Verdict]
    charts: tuple[Chart, ...]
    prediction: Prediction
    break_it: BreakIt
    questions: tuple[Choice | Numeric, ...]
    protocol: Callable[[Any], Sequence[tuple[str, str]]]
    reference: Mapping[str, Any]
    needs: frozenset[Literal["labels", "factors"]] = frozenset()
    min_images: int = 60
    max_values: int = 3 * 64 * 64
    table: tuple[str, ...] = ()
    check: Callable[[Any], None] = lambda parameters: None
    recipe: Callable[[Any, Row], Any] = lambda parameters, row: None
    query: Query | None = None
    series: Series | None = None
    comparable: tuple[str, ...] = ("dataset",)
    adapt: Callable[[Any, Chart], Chart] = lambda parameters, chart: chart

    def charts_of(self, params: Any) -> list[Chart]:
        """The charts of a result with these parameters."""
        return [self.adapt(params, chart) for chart in self.charts]

    def incomparable(self, a: Any, b: Any) -> list[str]:
        """The names of the parameters due to which two results are about different questions. A
        data set and a part of it are the same question."""
        return [name for name in self.comparable if _subject(a, name) != _subject(b, name)]

    def build(self, data: Mapping[str, Any]) -> Any:
        """Parameters from plain data. UserError for an invalid one, and for a data set that does
        not suit the experiment."""
        params: Any = parameters.build(self.parameters, data)
        name = getattr(params, "dataset", None)
        if name is not None:
            self._check_dataset(datasets.find(name))
        self.check(params)
        return params

    def verdict(self, result: Result) -> Verdict:
        """The verdict on a result; "open" as long as tasks are missing."""
        if result.complete:
            return self.judge(result)
        return Verdict("open", "Some tasks are still to be done, so there is no verdict yet.")

    def _check_dataset(self, source: Source) -> None:
        title, images = source.title, sum(source.counts)
        if "labels" in self.needs and len(source.class_names) < 2:
            raise UserError(
                f"“{self.title}” needs images of two or more classes; {title} has one: choose "
                "another data set."
            )
        if "factors" in self.needs and not source.factor_names:
            raise UserError(
                f"“{self.title}” needs the true factors of each image, which {title} does not "
                "have: choose shapes or shapes-colour."
            )
        if images < self.min_images:
            raise UserError(
                f"“{self.title}” needs at least {self.min_images} images; {title} has "
                f"{images}: choose another data set."
            )
        channels, height, width = source.image_shape
        if channels * height * width > self.max_values:
            raise UserError(
                f"The images of {title} are too large for “{self.title}”: it takes up to "
                f"{self.max_values:,} numbers per image. Choose another data set."
            )


def _subject(params: Any, name: str) -> Any:
    """The value of a parameter; of a data set that is a part of another one, the other one."""
    value = getattr(params, name)
    source = datasets.get(value) if name == "dataset" else None
    return source.part_of or value if source is not None else value
