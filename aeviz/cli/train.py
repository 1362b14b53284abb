"""`python -m aeviz train`: train an autoencoder or a restorer and write it to one file."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import torch

from aeviz import datasets
from aeviz.cli.terminal import say
from aeviz.cluster import address
from aeviz.config import RunConfig
from aeviz.datasets import photos
from aeviz.device import describe, pick_device, plain_memory_errors
from aeviz.errors import UserError
from aeviz.evaluation.evaluate import evaluate
from aeviz.models.header import is_restorer
from aeviz.presets.autoencoders import preset, settings_for
from aeviz.presets.defaults import epochs_for
from aeviz.presets.restorers import RESTORERS
from aeviz.training.cpu.malloc import keep_memory
from aeviz.training.finish import MAX_IMAGES, finish
from aeviz.training.loop import StepResult
from aeviz.training.parallel import elsewhere
from aeviz.training.parallel.fit import fit
from aeviz.training.parallel.group import Group
from aeviz.training.parallel.launch import MAX_PROCESSES, processes
from aeviz.training.restorer_files import Start, train_to_file
from aeviz.training.state import begin


def add_arguments(sub: argparse.ArgumentParser) -> None:
    """The options of the command."""
    sub.add_argument("--preset", default="standard", help="a type: see `presets`")
    add_settings(sub)
    sub.add_argument(
        "--processes",
        type=int,
        default=1,
        help="train with so many processes, of this machine or of AEVIZ_RAY's cluster",
    )
    sub.add_argument(
        "--reference",
        action="store_true",
        help="also train the same network without its penalty, and add its figures to the card",
    )
    sub.add_argument("--half", action="store_true", help="store the weights in half precision")
    sub.add_argument("--gallery", type=int, default=MAX_IMAGES, help="held-out images to keep")
    sub.add_argument("--photos", type=Path, metavar="DIR", help="restorers: the photographs")
    sub.add_argument("--start", type=Path, metavar="FILE", help="restorers: initial weights")
    sub.add_argument(
        "--keep",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="restorers: share of the initial weights in the average at the end",
    )
    sub.add_argument("--out", type=Path, required=True, help="FILE.safetensors")


def add_settings(sub: argparse.ArgumentParser) -> None:
    """The options that change settings of the RunConfig."""
    sub.add_argument("--dataset", help="a data set: see `datasets` (default: the preset's)")
    length = sub.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int)
    length.add_argument(
        "--steps", type=int, help="train for about so many steps (default: the preset's)"
    )
    sub.add_argument("--latent-dim", type=int)
    sub.add_argument("--batch-size", type=int)
    sub.add_argument("--seed", type=int)
    sub.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"))
    sub.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes")


@plain_memory_errors()
def train(args: argparse.Namespace) -> dict[str, Any]:
    config = train_config(args)
    if config.network.kind == "dense":
        keep_memory()
    if args.out.suffix != ".safetensors":
        raise UserError("The model file's name must end in .safetensors: change --out.")
    if not args.out.resolve().parent.is_dir():
        raise UserError(f"There is no folder {args.out.parent}: create it, or change --out.")
    if args.out.is_dir() or not os.access(args.out.resolve().parent, os.W_OK):
        raise UserError(f"{args.out} cannot be written: change --out.")
    if not 1 <= args.gallery <= MAX_IMAGES:
        raise UserError(f"--gallery must be between 1 and {MAX_IMAGES:,}.")
    device = pick_device(config.training.device)
    if not 1 <= args.processes <= MAX_PROCESSES:
        raise UserError(f"--processes must be between 1 and {MAX_PROCESSES}.")
    if args.processes > 1 and is_restorer(config):
        raise UserError("A restorer trains in one process: leave out --processes.")
    local = address.configured() is None
    if local and device.type == "cuda" and args.processes > torch.cuda.device_count():
        raise UserError(
            "Each process needs a GPU of its own: set --processes to at most "
            f"{torch.cuda.device_count()}, or use --device cpu."
        )
    if is_restorer(config):
        return _train_restorer(args, config, device)
    dataset = datasets.load(config.dataset, lambda share, text: say(f"{text} {share:.0%}"))
    state = begin(config, dataset, device)
    say(f"{config.type} on {dataset.title}, {describe(device)}")

    def on_epoch(result: StepResult) -> None:
        figures = "  ".join(f"{k} {v:.4g}" for k, v in (result.validation or {}).items())
        say(f"epoch {result.epoch}/{config.training.epochs}  validation: {figures}")

    start = processes if local else elsewhere.processes
    with start(args.processes) as group:
        outcome = fit(state, dataset, on_epoch=on_epoch, group=group)
        if outcome.reason == "failed" or (outcome.reason == "diverged" and not outcome.epochs):
            raise UserError(outcome.message)
        if outcome.reason == "done" and outcome.message:
            say(outcome.message)
        history = outcome.history()
        if args.reference:
            history["without_penalty"] = _without_penalty(
                state.model.config, dataset, device, group
            )
    card = finish(
        state.model,
        dataset,
        history,
        args.out,
        lambda share, text: None,
        half=args.half,
        gallery_size=args.gallery,
    )
    result = {"out": str(args.out), "config": config.to_dict(), "parameters": card["parameters"]}
    result |= history | {"metrics": card["metrics"]}
    if outcome.reason == "diverged":
        say(f"aeviz: {outcome.message}")
        result |= {"error": outcome.message, "exit_code": 2}
    return result


def _train_restorer(
    args: argparse.Namespace, config: RunConfig, device: torch.device
) -> dict[str, Any]:
    shown = photos.load(photos.folder(args.photos))
    say(f"{config.corruption.kind}: {len(shown.train)} photographs, {describe(device)}")
    start = None
    if args.start is not None:
        start = Start(args.start, args.keep)
    elif args.keep:
        raise UserError("--keep needs the file of a restorer: add --start FILE.")
    card = train_to_file(config, shown, args.out, start, device, args.half, say)
    return {"out": str(args.out), "config": config.to_dict()} | card


def _without_penalty(
    config: RunConfig, dataset: datasets.Dataset, device: torch.device, group: Group | None
) -> dict[str, Any]:
    """The test figures of the same network, trained in the same way without the penalty."""
    say("The same network without its penalty, for comparison")
    state = begin(config.replace(**{"loss.weight": 0.0}), dataset, device)
    outcome = fit(state, dataset, group=group)
    if outcome.reason == "failed":
        raise UserError(outcome.message)
    return evaluate(state.model, dataset)


def train_config(args: argparse.Namespace) -> RunConfig:
    """The preset with the changes of the command line, validated."""
    return preset_config(args.preset, args, {"name": args.out.stem[:80]} | changed_settings(args))


def changed_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The options of `add_settings` by dotted key, except for `--steps`."""
    changes: dict[str, Any] = {}
    for key, value in (
        ("dataset", args.dataset),
        ("training.epochs", args.epochs),
        ("bottleneck.latent_dim", args.latent_dim),
        ("training.batch_size", args.batch_size),
        ("training.seed", args.seed),
        ("training.device", args.device),
    ):
        if value is not None:
            changes[key] = value
    for change in args.changes:
        key, sign, text = change.partition("=")
        if not sign:
            raise UserError(
                f"--set takes KEY=VALUE, for example network.hidden='[400]'; it is {change!r:.60}."
            )
        try:
            changes[key] = json.loads(text)
        except (ValueError, RecursionError):
            changes[key] = text  # a word without quotes is a string: --set loss.reconstruction=mse
    return changes


def preset_config(name: str, args: argparse.Namespace, changes: dict[str, Any]) -> RunConfig:
    """The preset or restorer of this name with these changes, validated; with epochs for `--steps`
    or the preset's own number of steps, unless they are among the changes."""
    named = RESTORERS.get(name)
    if named is not None:
        return named.replace(**changes)
    config = settings_for(name, changes.get("dataset")).replace(**changes)
    if "training.epochs" in changes:
        return config
    return with_steps(config, args.steps or preset(name).steps)


def with_steps(config: RunConfig, steps: int) -> RunConfig:
    """The configuration with the number of epochs that gives so many steps."""
    images = datasets.find(config.dataset).counts[0]
    epochs = epochs_for(steps, images, config.training.batch_size)
    return config.replace(**{"training.epochs": epochs})
