"""`aeviz sweep`: train many runs that differ in a few settings, and find the best."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from aeviz import limits
from aeviz.cli.terminal import read, say
from aeviz.cli.train import add_settings, changed_settings, preset_config, with_steps
from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.runs import queue
from aeviz.sweeps import record, run, space
from aeviz.sweeps.record import MEASURES, Measure, Plan
from aeviz.sweeps.search import comparisons
from aeviz.wording import plural


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The options of the command."""
    sub.add_argument("config", metavar="CONFIG", help="a type (see `presets`), or a config.json")
    add_settings(sub)
    sub.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="KEY=A,B,...",
        help="vary this setting: try each of these values",
    )
    sub.add_argument(
        "--range",
        action="append",
        default=[],
        metavar="KEY=LOW,HIGH[,log]",
        dest="ranges",
        help="vary this number between these ends",
    )
    draw = sub.add_mutually_exclusive_group()
    draw.add_argument("--random", type=int, metavar="N", help="N trials, drawn at random")
    draw.add_argument("--tpe", type=int, metavar="N", help="N trials, near the best ones so far")
    sub.add_argument("--asha", action="store_true", help="stop unpromising trials early")
    sub.add_argument("--by", choices=[*MEASURES], help="what to minimise (default: the loss)")
    sub.add_argument("--name", help="the name of the sweep and its runs")


def sweep(args: argparse.Namespace) -> dict[str, Any]:
    """Run or continue a sweep; its trials are runs like those of the Train page."""
    plan, count = plan_of(args)
    slots = plural(queue.slots(), "run")
    say(f"{plan.name}: {plural(count, 'trial')}, {slots} at a time, by {MEASURES[plan.measure]}")
    try:
        done = run.run(plan, count, say)
    except KeyboardInterrupt:
        sofar = record.opened(plan, count)
        over = sum(trial.is_over for trial in sofar.trials)
        say(
            f"\naeviz: interrupted after {over} of {plural(count, 'trial')}. "
            "Run the same command again to continue."
        )
        return run.result(sofar) | {"exit_code": 130}
    result = run.result(done)
    if done.best is None:
        return result | {"error": "No trial was completed.", "exit_code": 2}
    say(f"best: {space.in_words(done.best.settings)}")
    return result


def plan_of(args: argparse.Namespace) -> tuple[Plan, int]:
    """What to vary, and the number of trials. UserError unless all of it can be trained."""
    config = _config(args)
    axes = tuple(
        [space.listed(text, config) for text in args.grid]
        + [space.ranged(text, config) for text in args.ranges]
    )
    space.check(config, axes)
    search: record.Search = "grid"
    count = math.prod(axis.count for axis in axes)
    drawn = args.random if args.tpe is None else args.tpe
    if drawn is not None:
        search = "random" if args.tpe is None else "tpe"
        if not 1 <= drawn <= count:
            most = "" if math.isinf(count) else f" and at most {int(count):,}, all combinations"
            raise UserError(f"--{search} needs a number of trials, at least 1{most}.")
        count = drawn
    elif args.ranges:
        raise UserError("Values from a range are drawn: add --random N or --tpe N.")
    if count > limits.SWEEP_TRIALS:
        raise UserError(
            f"A sweep has at most {limits.SWEEP_TRIALS} trials, and these are {count:,}: list "
            "fewer values, or use --random N."
        )
    name = args.name or config.name or f"{config.type} sweep"
    if len(name) > record.LONGEST_NAME:
        raise UserError(f"The name of a sweep has at most {record.LONGEST_NAME} characters.")
    plan = Plan(name, config, axes, search, args.asha, _measure(args.by, axes))
    _check_asha(plan)
    return plan, int(count)


def _config(args: argparse.Namespace) -> RunConfig:
    changes = changed_settings(args)
    path = Path(args.config)
    if path.suffix != ".json":
        return preset_config(args.config, args, changes)
    config = RunConfig.from_json(read(path)).replace(**changes)
    return with_steps(config, args.steps) if args.steps else config


def _measure(asked: Measure | None, axes: tuple[space.Axis, ...]) -> Measure:
    if asked is not None and not record.comparable(asked, axes):
        raise UserError(f"These settings change what {asked} measures: use --by mse.")
    if asked is None and not record.comparable("loss", axes):
        return "mse"
    return asked or "loss"


def _check_asha(plan: Plan) -> None:
    if not plan.asha:
        return
    if "training.epochs" in [axis.key for axis in plan.axes]:
        raise UserError("--asha compares runs of the same length: do not vary training.epochs.")
    if not comparisons(plan):
        raise UserError("--asha needs at least four epochs: use more --epochs.")
