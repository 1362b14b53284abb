"""A result as a file: JSON with its protocol, CSV with its rows, and a notebook that repeats it.

The reference results of `checkpoints/lab/` are such JSON documents, made by `aeviz lab NAME --scale
reference`.
"""

from __future__ import annotations

import csv
import io
import json
import platform
import shlex
from dataclasses import dataclass
from functools import cache
from typing import Any

import aeviz
from aeviz import datasets
from aeviz.device import describe, pick_device
from aeviz.errors import UserError
from aeviz.experiments import parameters
from aeviz.experiments.base import Experiment, Result
from aeviz.io import json_file
from aeviz.io.paths import checkpoints_dir

MAX_BYTES = 4 << 20
"""Of a reference result."""


@dataclass(frozen=True)
class Reference:
    """A result that ships with aeviz, and the (what, how) lines of its protocol card."""

    result: Result
    protocol: list[tuple[str, str]]
    seconds: float
    device: str


def document(experiment: Experiment, result: Result, seconds: float) -> dict[str, Any]:
    """The result as plain data for JSON. `seconds`: the time of all tasks together."""
    verdict = experiment.verdict(result)
    params = result.parameters
    return {
        "experiment": experiment.name,
        "claim": experiment.claim,
        "parameters": parameters.plain(params),
        "complete": result.complete,
        "verdict": {"outcome": verdict.outcome, "sentence": verdict.sentence},
        "protocol": [list(line) for line in protocol(experiment, params)],
        "command": command(experiment, params),
        "seconds": round(seconds, 1),
        "device": f"{describe(pick_device('auto'))}, {platform.machine()}",
        "version": aeviz.__version__,
        "columns": columns(experiment, params),
        "rows": result.rows,
    }


def columns(experiment: Experiment, params: Any) -> dict[str, str]:
    """What the columns that are drawn hold, with their units."""
    charts = experiment.charts_of(params)[::-1]  # of several charts of a column the first
    named = {spec.x: spec.x_label for spec in charts} | {spec.y: spec.label for spec in charts}
    return {column: label for column, label in named.items() if label}


def protocol(experiment: Experiment, params: Any) -> list[tuple[str, str]]:
    """The protocol card: the data, what is repeated, and the experiment's own lines."""
    lines = []
    if name := getattr(params, "dataset", None):
        source = datasets.find(name)
        train, validation, test = source.counts
        lines.append(
            (
                "Data",
                f"{source.title}: {train:,} training, {validation:,} validation, {test:,} test",
            )
        )
    if seeds := getattr(params, "seeds", None):
        lines.append(("Repeats", f"{seeds} seed{'s' * (seeds != 1)}, each a dot"))
    return [*lines, *experiment.protocol(params)]


def command(experiment: Experiment, params: Any) -> str:
    """The command line that repeats the result."""
    usual = parameters.plain(experiment.build({}))
    changes = [
        f" --set {shlex.quote(f'{name}={parameters.as_text(value)}')}"
        for name, value in parameters.plain(params).items()
        if value != usual[name]
    ]
    return f"aeviz lab {experiment.name}{''.join(changes)} --out {experiment.name}.json"


def as_csv(result: Result) -> str:
    """The rows as CSV with a header; columns in the order in which they first appear."""
    columns = list(dict.fromkeys(name for row in result.rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(result.rows)
    return text.getvalue()


@cache
def reference(experiment: Experiment) -> Reference | None:
    """The reference result that ships with aeviz, or None if there is none that fits."""
    path = checkpoints_dir() / "lab" / f"{experiment.name}.json"
    try:
        with path.open("rb") as file:
            data = json_file.parse(file.read(MAX_BYTES))
        params: Any = parameters.build(experiment.parameters, data["parameters"])
        lines = [(str(what), str(how)) for what, how in data["protocol"]]
        rows = [dict(row) for row in data["rows"]]
        return Reference(
            Result(params, rows, complete=bool(data["complete"])),
            lines,
            float(data["seconds"]),
            str(data["device"]),
        )
    except (OSError, ValueError, KeyError, TypeError, UserError):
        return None


def notebook(experiment: Experiment, params: Any) -> str:
    """A Jupyter notebook that does the experiment again and draws its charts, as JSON text."""
    cells = [
        _markdown(f"# {experiment.title}\n\n**Claim:** {experiment.claim}\n\n{experiment.why}"),
        _code(
            "from aeviz.experiments import parameters, run, table\n"
            "from aeviz.figures import lab\n"
            "import plotly.graph_objects as go\n\n"
            f"experiment = table.find({experiment.name!r})\n"
            f"params = experiment.build({parameters.plain(params)!r})"
        ),
        _code(
            "done = {}\n"
            "tasks = experiment.tasks(params)\n"
            "for task in run.in_turn(experiment.name, parameters.plain(params), tasks):\n"
            "    done[task.key] = task\n"
            '    print(f"{len(done)} of {len(tasks)}: {task.key}, {task.seconds:.1f} s")\n'
            "result = run.assemble(experiment.name, params, done)"
        ),
        _code("print(experiment.verdict(result).sentence)"),
        _code(
            "for spec in experiment.charts_of(params):\n"
            "    go.Figure(lab.chart(spec, result)).show()"
        ),
        _markdown("Change the parameters in the first cell and run all cells again."),
    ]
    book = {
        "cells": [cell | {"id": f"cell-{i}"} for i, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(book, indent=1)


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }
