"""`aeviz lab`: run an experiment of the Lab and write its result."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aeviz.cli.terminal import say
from aeviz.cluster import address
from aeviz.errors import UserError
from aeviz.experiments import document, parameters, run, table
from aeviz.experiments.base import Task
from aeviz.experiments.run import Done
from aeviz.io import atomic

SCALES = ("live", "reference")
ORIGIN = ("device", "version", "code")


def add_arguments(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("name", nargs="?", help="an experiment: see --list")
    sub.add_argument("--list", action="store_true", help="the experiments and their claims")
    sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes")
    sub.add_argument("--seeds", type=int, help="the number of repetitions of each task")
    sub.add_argument("--scale", choices=SCALES, default="live", help="reference: full data sets")
    sub.add_argument("--workers", type=int, default=1, help="the number of processes")
    sub.add_argument("--out", type=Path, metavar="FILE.json")


def lab(args: argparse.Namespace) -> dict[str, Any]:
    """Run the tasks of one experiment, and write the result after each of them. If the `--out` file
    has a result of the same experiment and parameters, only the missing tasks are done; if there
    are none, its verdict and protocol are written again."""
    if args.list or args.name is None:
        return _list()
    experiment = table.find(args.name)
    changes = dict(experiment.reference) if args.scale == "reference" else {}
    changes |= _changes(args)
    params = experiment.build(changes)
    data = parameters.plain(params)
    if args.out is not None and not args.out.resolve().parent.is_dir():
        raise UserError(f"There is no folder {args.out.parent}: create it, or change --out.")
    tasks = experiment.tasks(params)
    before = _read(args.out, args.name, data) if args.out else {}
    done = _finished(args.out, before, tasks)
    left = [task for task in tasks if task.key not in done]
    if done and left and before.get("code") != run.revision(experiment.name):
        say(
            f"{len(done)} tasks were done by another version of the code: delete {args.out} to do "
            "all again."
        )
    # where and by what a result was computed stays true if it is only judged again
    origin = {key: before.get(key, "") for key in ORIGIN} if before and not left else {}
    if address.configured() is None:
        outputs = run.in_processes(experiment.name, data, left, workers=args.workers)
    else:
        outputs = run.on_cluster(experiment.name, data, left)
    for new in outputs:
        done[new.key] = new
        say(f"{len(done)} of {len(tasks)}: {new.key}, {new.seconds:.1f} s")
        if args.out is not None:
            _write(args.out, _document(experiment.name, params, done), done)
    written = _document(experiment.name, params, done) | origin
    say(written["verdict"]["sentence"])
    if args.out is not None:
        _write(args.out, written, done)
    return {"out": str(args.out)} | written if args.out else written


def _list() -> dict[str, Any]:
    rows = [
        {
            "name": one.name,
            "title": one.title,
            "claim": one.claim,
            "parameters": parameters.plain(one.build({})),
        }
        for one in table.experiments().values()
    ]
    for row in rows:
        say(f"{row['name']:18} {row['claim']}")
    return {"experiments": rows}


def _changes(args: argparse.Namespace) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for change in args.changes:
        key, sign, text = change.partition("=")
        if not sign:
            raise UserError(f"--set takes KEY=VALUE, for example seeds=5; it is {change[:60]!r}.")
        changes[key] = text
    if args.seeds is not None:
        changes["seeds"] = args.seeds
    return changes


def _document(name: str, params: Any, done: Mapping[str, Done]) -> dict[str, Any]:
    result = run.assemble(name, params, dict(done))
    seconds = sum(one.seconds for one in done.values())
    written = document.document(table.find(name), result, seconds)
    return written | {"code": run.revision(name)}


def _write(path: Path, written: Mapping[str, Any], done: Mapping[str, Done]) -> None:
    """Write the document, with how many of its rows are of which task."""
    tasks = {key: {"rows": len(one.rows), "seconds": one.seconds} for key, one in done.items()}
    data = {**written, "tasks": tasks}
    atomic.write_bytes(path, (json.dumps(data, indent=1) + "\n").encode())


def _read(path: Path, name: str, data: dict[str, Any]) -> dict[str, Any]:
    """The document of an earlier run of the same experiment, {} if there is none."""
    try:
        before = json.loads(path.read_bytes())
        same = before["experiment"] == name and before["parameters"] == data
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_result(path) from error
    if not same:
        raise UserError(f"{path} has another result: change --out, or delete the file.")
    return dict(before)


def _finished(path: Path, before: Mapping[str, Any], tasks: Sequence[Task]) -> dict[str, Done]:
    """The tasks that a document has, with their rows."""
    if not before:
        return {}
    try:
        rows = iter(before["rows"])
        return {
            task.key: Done(task.key, [next(rows) for _ in range(one["rows"])], {}, one["seconds"])
            for task in tasks
            if (one := before["tasks"].get(task.key)) is not None
        }
    except (KeyError, TypeError, AttributeError, StopIteration) as error:
        raise _no_result(path) from error


def _no_result(path: Path) -> UserError:
    return UserError(f"{path} is not a result of the Lab: change --out.")
