"""Train a model in all processes of a group: `fit` in the leader, `follow` in the others.

Followers need no files: they get settings, images and weights from the leader.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.device import pick_device
from aeviz.errors import UserError, is_out_of_memory
from aeviz.training import fit as alone
from aeviz.training import resume
from aeviz.training.cpu import microbatches
from aeviz.training.fit import Outcome
from aeviz.training.loop import StepResult
from aeviz.training.parallel.group import Group
from aeviz.training.state import TrainingState, begin


def fit(
    state: TrainingState,
    dataset: Dataset,
    on_step: Callable[[StepResult], None] = lambda result: None,
    on_epoch: Callable[[StepResult], None] = lambda result: None,
    should_stop: Callable[[], bool] = lambda: False,
    group: Group | None = None,
) -> Outcome:
    """`aeviz.training.fit.fit`, in all processes of the group if there is one.

    If a process runs out of memory, all raise MemoryError. If one ends, so does the training, with
    a sentence.
    """
    if group is None:
        return alone.fit(state, dataset, on_step, on_epoch, should_stop)
    device, config = next(state.model.parameters()).device, state.model.config
    check(config, device)
    threads = torch.get_num_threads() * group.size
    divides = microbatches.divides(config, device)
    order: dict[str, Any] = {
        "config": config.to_dict(),
        "device": device.type,
        "images": list(dataset.train.images.shape),
        "microbatches": microbatches.pieces_of(config, threads) if divides else 0,
    }
    group.should_stop, group.microbatches = should_stop, order["microbatches"]
    with group.session():
        group.send_order(order)
        group.connect(device)
        group.send(dataset.train.images)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.safetensors"
            resume.save(path, state)
            group.send_bytes(path.read_bytes())
        return alone.fit(state, dataset, on_step, on_epoch, lambda: group.stopped, group)


def check(config: RunConfig, device: torch.device) -> None:
    """UserError if this training cannot run in several processes."""
    if device.type == "mps":
        raise UserError("Several processes train on CPUs or NVIDIA GPUs: choose another device.")
    if config.network.dropout and config.loss.penalty == "contractive":
        raise UserError(
            "Several processes cannot train a contractive penalty with dropout: use no dropout.",
            "network.dropout",
        )


def follow(group: Group) -> None:
    """Take part in all trainings of the leader, until it has no more or has ended."""
    while (order := group.next_order()) is not None:
        try:
            _follow(group, order)
        except Exception as error:
            if not isinstance(error, UserError) and not is_out_of_memory(error):
                traceback.print_exc()


def _follow(group: Group, order: dict[str, Any]) -> None:
    with group.session():
        config = RunConfig.from_dict(order["config"])
        device = _device(order["device"])
        images = torch.empty(order["images"], dtype=torch.uint8)
        labels = torch.zeros(len(images), dtype=torch.int64)
        split = Split(images, labels)
        dataset = Dataset(config.dataset, "", (), (), split, split, split, "")
        state = begin(config, dataset, device)
        group.microbatches = order["microbatches"]
        group.connect(device)
        images.copy_(group.send(images))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.safetensors"
            path.write_bytes(group.send_bytes())
            resume.load_into(path, state)
        alone.fit(state, dataset, should_stop=lambda: group.stopped, group=group)


def _device(kind: str) -> torch.device:
    """This process's device: each process of a machine has a GPU of its own."""
    device = pick_device(kind)
    if kind == "cuda":
        number = int(os.environ.get("LOCAL_RANK", os.environ["RANK"]))
        torch.cuda.set_device(number % torch.cuda.device_count())
    return device
