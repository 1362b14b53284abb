"""The command line: train, evaluate and use models from scripts.

The result is one JSON object on the last line of standard output. Progress goes to standard error.
An error is one sentence on standard error and exit code 2.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from aeviz import datasets, images
from aeviz.cli import lab, restore, sweep, train
from aeviz.cli.start import start_app
from aeviz.cli.terminal import read, say
from aeviz.device import pick_device
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import evaluate, reconstruct
from aeviz.io import atomic
from aeviz.models import checkpoint, library
from aeviz.presets.autoencoders import PRESETS
from aeviz.presets.restorers import RESTORERS


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 after an error, or 130 after an interrupt."""
    args = parser().parse_args(argv)
    try:
        result = args.run(args)
    except UserError as error:
        say(f"aeviz: {error}")
        return 2
    except KeyboardInterrupt:
        say("aeviz: interrupted; nothing was written.")
        return 130
    print(json.dumps(result), flush=True)
    return int(result.get("exit_code", 0)) if isinstance(result, dict) else 0


def parser() -> argparse.ArgumentParser:
    """The commands and their options; `args.run` is the function of the command."""
    root = argparse.ArgumentParser(prog="aeviz", description=__doc__)
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    sub = command("app", lambda args: start_app(args.options), "start the app in the browser")
    sub.add_argument("options", nargs=argparse.REMAINDER, help="options of `streamlit run`")
    command("presets", _presets, "the types of autoencoder and their settings")
    command("datasets", _datasets, "the data sets")
    command("models", _models, "the models that can be opened")

    sub = command("train", train.train, "train a model and write it to one file")
    train.add_arguments(sub)

    sub = command("sweep", sweep.sweep, "train many runs that differ in a few settings")
    sweep.add_arguments(sub)

    sub = command("evaluate", _evaluate, "measure a model on a data set's test split")
    sub.add_argument("file", type=Path)
    sub.add_argument("--dataset", help="default: the one it was trained on")
    sub.add_argument("--device", default="auto")

    sub = command("reconstruct", _reconstruct, "encode and decode one image")
    sub.add_argument("file", type=Path)
    sub.add_argument("image", type=Path)
    sub.add_argument("out", type=Path)

    sub = command("lab", lab.lab, "test a claim about autoencoders")
    lab.add_arguments(sub)

    sub = command("restore", restore.restore, "denoise, fill, enlarge or colour images")
    restore.add_arguments(sub)
    return root


def _presets(args: argparse.Namespace) -> dict[str, Any]:
    rows = {
        name: {
            "title": p.title,
            "knobs": [h.key for h in p.hyperparameters],
            "config": p.config.to_dict(),
        }
        for name, p in PRESETS.items()
    }
    for name, row in rows.items():
        say(f"{name:14} {row['title']}")
    for name in RESTORERS:
        say(f"{name:18} restorer of photographs")
    restorers = {name: {"config": config.to_dict()} for name, config in RESTORERS.items()}
    return {"presets": rows, "restorers": restorers}


def _datasets(args: argparse.Namespace) -> dict[str, Any]:
    rows = [
        {
            "name": s.name,
            "title": s.title,
            "description": s.description,
            "image_shape": s.image_shape,
            "classes": s.class_names,
            "images": dict(zip(("train", "validation", "test"), s.counts, strict=True)),
            "network": s.network,
            "available": datasets.available(s.name),
        }
        for s in datasets.table().values()
    ]
    for row in rows:
        say(f"{row['name']:14} {row['description']}")
    return {"datasets": rows}


def _models(args: argparse.Namespace) -> dict[str, Any]:
    rows = [
        {
            "name": m.name,
            "title": m.title,
            "type": m.type,
            "dataset": m.dataset,
            "image_shape": m.image_shape,
            "latent_dim": m.latent_dim,
            "bundled": m.bundled,
            "path": str(m.path),
        }
        for m in library.models()
    ]
    for row in rows:
        say(f"{row['name']:30} {row['title']}")
    restorers = [{"name": m.name, "path": str(m.path)} for m in library.restorers()]
    for restorer in restorers:
        say(f"{restorer['name']:30} restorer of photographs")
    return {"models": rows, "restorers": restorers}


def _evaluate(args: argparse.Namespace) -> dict[str, Any]:
    loaded = _open(args.file, pick_device(args.device))
    dataset = datasets.load(args.dataset or loaded.config.dataset)
    figures = evaluate(loaded.model, dataset)
    for key, value in figures.items():
        say(f"{key:24} {value}")
    return {"file": str(args.file), "dataset": dataset.name, "split": "test"} | figures


def _reconstruct(args: argparse.Namespace) -> dict[str, Any]:
    loaded = _open(args.file)
    decoded = images.decode(read(args.image))
    x, notes = images.to_tensor(decoded, loaded.model.image_shape)
    x_hat = reconstruct(loaded.model, x[None])
    atomic.write_bytes(args.out, images.encode_png(x_hat[0]))
    notes = (*decoded.notes, *notes)
    for note in notes:
        say(note)
    with torch.no_grad():
        code = loaded.model.encode(x[None])[0].tolist()
    return {
        "out": str(args.out),
        "code": code,
        "mse": metrics.mse(x[None], x_hat).item(),
        "psnr": metrics.psnr_value(x[None], x_hat),
        "ssim": metrics.ssim(x[None], x_hat).item(),
        "notes": notes,
    }


def _open(name: Path | str, device: torch.device | str = "cpu") -> checkpoint.Loaded:
    """The model with this file, or with this name in the library."""
    path = Path(name)
    if path.suffix == ".safetensors" or path.exists():
        return checkpoint.load(path, device)
    return library.load(str(name), device)
