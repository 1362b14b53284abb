"""resume.safetensors: save and restore a TrainingState, exact to the bit."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.io import atomic, checksums
from aeviz.training.early_stopping import Best
from aeviz.training.state import TrainingState

_POSITION = ("epoch", "step", "images", "seconds", "least_loss", "validation")
_DAMAGED = "This run cannot be continued: its saved state is damaged. Start a new run."


def save(path: Path, state: TrainingState) -> None:
    """Write weights, optimizer, random states and position, atomically."""
    tensors: dict[str, Tensor] = {f"model.{k}": v for k, v in state.model.state_dict().items()}
    for number, values in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{key}": value for key, value in values.items()}
    if state.best is not None:
        tensors |= {f"best.{key}": value for key, value in state.best.weights.items()}
    tensors["rng.order"] = state.order.get_state()
    tensors["rng.noise"] = state.noise.get_state()
    tensors = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
    position = {name: getattr(state, name) for name in _POSITION}
    if state.best is not None:
        position["best"] = {"epoch": state.best.epoch, "validation": state.best.validation}
    metadata = {
        "config": state.model.config.to_json(),
        "position": json.dumps(position),
    }
    atomic.write_bytes(path, checksums.save(tensors, metadata), new_folder=False)


def load_into(path: Path, state: TrainingState) -> None:
    """Restore a saved state into a new one of the same configuration. UserError if the
    configurations differ in more than the batch size (which is halved if memory runs out) and the
    number of epochs (to which more can be added)."""
    checksums.check(path, _DAMAGED)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(_DAMAGED) from error
    try:
        # compare configurations, not texts: an older file lacks settings that were added later
        saved = RunConfig.from_json(metadata["config"])
        length = {
            "training.batch_size": saved.training.batch_size,
            "training.epochs": saved.training.epochs,
        }
        if saved != state.model.config.replace(**length):
            raise UserError("This run cannot be continued with another configuration.")
        _restore(state, tensors, json.loads(metadata["position"]))
    except UserError:
        raise
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(_DAMAGED) from error


def batch_size(path: Path) -> int:
    """The batch size of the run that wrote the file; UserError if it cannot be read."""
    checksums.check(path, _DAMAGED)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        return RunConfig.from_json(metadata["config"]).training.batch_size
    except (SafetensorError, OSError, KeyError) as error:
        raise UserError(_DAMAGED) from error


def _restore(state: TrainingState, tensors: dict[str, Tensor], position: dict[str, Any]) -> None:
    device = next(state.model.parameters()).device
    state.model.load_state_dict(_under(tensors, "model."))
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in _under(tensors, "optimizer.").items():
        number, name = key.split(".", 1)
        slots.setdefault(int(number), {})[name] = value.to(device)
    groups = state.optimizer.state_dict()["param_groups"]
    state.optimizer.load_state_dict({"state": slots, "param_groups": groups})
    state.order.set_state(tensors["rng.order"].to(torch.uint8))
    state.noise.set_state(tensors["rng.noise"].to(torch.uint8))
    state.epoch, state.step = int(position["epoch"]), int(position["step"])
    state.images, state.seconds = int(position.get("images", 0)), position.get("seconds", 0.0)
    state.least_loss = position.get("least_loss", math.inf)
    state.validation = position.get("validation")
    if best := position.get("best"):
        weights = {key: value.to(device) for key, value in _under(tensors, "best.").items()}
        _check_names(weights, state.model.state_dict())
        state.best = Best(int(best["epoch"]), best["validation"], weights)


def _check_names(weights: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    if {k: v.shape for k, v in weights.items()} != {k: v.shape for k, v in wanted.items()}:
        raise ValueError("the best epoch's weights are incomplete")


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
