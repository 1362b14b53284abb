"""`aeviz lab`: run an experiment of the Lab and write its result."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aeviz.cli.terminal import say
from aeviz.cluster import address
from aeviz.errors import UserError
from aeviz.experiments import document, parameters, run, table
from aeviz.experiments.run import Done
from aeviz.io import atomic

SCALES = ("live", "reference")


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
    has an unfinished result of the same experiment and parameters, complete it."""
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
    done = _read(args.out, args.name, data) if args.out else {}
    left = [task for task in tasks if task.key not in done]
    if address.configured() is None:
        outputs = run.in_processes(experiment.name, data, left, workers=args.workers)
    else:
        outputs = run.on_cluster(experiment.name, data, left)
    for new in outputs:
        done[new.key] = new
        say(f"{len(done)} of {len(tasks)}: {new.key}, {new.seconds:.1f} s")
        if args.out is not None:
            _write(args.out, experiment.name, params, done)
    result = run.assemble(experiment.name, params, done)
    written = document.document(experiment, result, sum(one.seconds for one in done.values()))
    say(written["verdict"]["sentence"])
    if args.out is not None:
        _write(args.out, experiment.name, params, done)
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


def _write(path: Path, name: str, params: Any, done: Mapping[str, Done]) -> None:
    experiment = table.find(name)
    result = run.assemble(name, params, dict(done))
    data = document.document(experiment, result, sum(one.seconds for one in done.values()))
    data["tasks"] = {
        key: {"rows": len(one.rows), "seconds": one.seconds} for key, one in done.items()
    }
    atomic.write_bytes(path, (json.dumps(data, indent=1) + "\n").encode())


def _read(path: Path, name: str, data: dict[str, Any]) -> dict[str, Done]:
    """The finished tasks of a file that an interrupted run of the same experiment left."""
    try:
        before = json.loads(path.read_bytes())
        if before["experiment"] != name or before["parameters"] != data:
            raise UserError(f"{path} has another result: change --out, or delete the file.")
        if before["complete"]:
            raise UserError(f"{path} has this result already: change --out, or delete the file.")
        rows = iter(before["rows"])
        keys = [task.key for task in table.find(name).tasks(table.find(name).build(data))]
        return {
            key: Done(key, [next(rows) for _ in range(one["rows"])], {}, one["seconds"])
            for key in keys
            if (one := before["tasks"].get(key)) is not None
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is not a result of the Lab: change --out.") from error
