"""From photographs to a restorer's file: train it, measure it, write its card."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import aeviz
from aeviz.config import RunConfig
from aeviz.datasets.photos import Photos
from aeviz.device import describe
from aeviz.errors import UserError
from aeviz.models import checkpoint
from aeviz.nn.networks import count_parameters
from aeviz.nn.unet import Restorer
from aeviz.restoration.inference import card_figures, vividness
from aeviz.training.restorers import begin, interpolate_weights, train

TITLE = "Photographs"
_REPORT_STEPS = 100  # between two lines
_VIVIDNESS_PHOTOS = 40  # training photographs from which the vividness of colours is computed


@dataclass(frozen=True)
class Start:
    """The restorer that a training starts from. `keep`: the share of its weights in the result, at
    least 0 and below 1. UserError if it is out of range."""

    path: Path
    keep: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.keep < 1:
            raise UserError("--keep is the share of the start's weights: use 0 or more, below 1.")


def train_to_file(
    config: RunConfig,
    photos: Photos,
    out: Path,
    start: Start | None,
    device: torch.device,
    half: bool,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train a restorer and write it to `out`, after every epoch and at the end. Returns its card.

    With `half` the weights are stored, and therefore measured, in half precision. The files before
    the end have no metrics, and no share of the start's weights.
    """
    first = None if start is None else checkpoint.load_restorer(start.path).model
    model = begin(config, first, device)
    began, psnr = time.perf_counter(), 0.0
    for step in train(model, photos.train):
        psnr += step.psnr
        if step.step % _REPORT_STEPS == 0:
            say(f"step {step.step}/{step.steps}  psnr {psnr / _REPORT_STEPS:.2f} dB")
            psnr = 0.0
        if step.step * config.training.epochs % step.steps == 0:  # the end of an epoch
            history = _history(step.epoch, step.step, time.perf_counter() - began, start)
            checkpoint.save(out, model, base_card(model, photos) | history, None, half)
    if start is not None and first is not None:
        interpolate_weights(model, first, start.keep)
    return write(model, photos, history, out, half)


def write(
    model: Restorer, photos: Photos, history: dict[str, Any], out: Path, half: bool
) -> dict[str, Any]:
    """Measure the trained `model` on the held-out photographs; write the file with its card."""
    if half:
        model.half().float()
    factor = 1.0
    card = base_card(model, photos) | history
    if model.config.corruption.kind == "grey":
        factor = card["vividness"] = vividness(model, photos.train[:_VIVIDNESS_PHOTOS])
    card["metrics"] = card_figures(model, photos.held_out, factor)
    checkpoint.save(out, model, card, None, half)
    return card


def _history(epochs: int, steps: int, seconds: float, start: Start | None) -> dict[str, Any]:
    begun: dict[str, Any] = {} if start is None else {"started_from": start.path.stem}
    if start is not None and start.keep:
        begun["kept_of_start"] = start.keep
    return {"epochs": epochs, "steps": steps, "seconds": round(seconds, 1), **begun}


def base_card(model: Restorer, photos: Photos) -> dict[str, Any]:
    """A restorer's card before it is measured."""
    return {
        "dataset": "photos",
        "dataset_title": TITLE,
        "dataset_sha256": photos.sha256,
        "train_images": len(photos.train),
        "test_images": len(photos.held_out),
        "parameters": count_parameters(model),
        "device": describe(_device(model)),
        "versions": {
            "aeviz": aeviz.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
        "date": time.strftime("%Y-%m-%d"),
    }


def _device(model: Restorer) -> torch.device:
    parameter: Tensor = next(model.parameters())
    return parameter.device
