"""All models: bundled in `checkpoints/`, trained in `checkpoints/runs/`, or uploaded.

The folders are the only registry. When a run in any process finishes its model, the next list
contains it. Networks that a result of the Lab keeps are found by name, as RESULT.TASK, but not
listed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.images import decode_sprite
from aeviz.io.paths import checkpoints_dir, given_name, lab_dir, owner_of, runs_dir
from aeviz.models import checkpoint
from aeviz.models.checkpoint import Loaded, LoadedRestorer
from aeviz.models.header import is_restorer
from aeviz.nn.networks import ImageShape
from aeviz.presets.autoencoders import data_of, kind_of, title

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class ModelInfo:
    """One row of a model list, read from a file's header alone."""

    name: str
    path: Path
    title: str
    type: str
    dataset: str
    image_shape: ImageShape
    latent_dim: int
    config: RunConfig
    card: dict[str, Any]
    bundled: bool
    made: float
    """The time its file was written, in seconds since the epoch."""

    @property
    def display_name(self) -> str:
        """Its name on pages. For a bundled model, the name of its file, as in the documentation;
        for others, the name that a person gave to the run, or else the title."""
        return self.name if self.bundled else given_name(self.path.parent) or self.title

    @property
    def owner(self) -> str:
        """The person who trained it (`aeviz.identity`); "" if there is no owner."""
        return "" if self.bundled else owner_of(self.path.parent)

    @property
    def in_lab(self) -> bool:
        """Whether a result of the Lab keeps it."""
        return lab_dir() in self.path.parents

    @property
    def kind(self) -> str:
        return kind_of(self.config)

    @property
    def data(self) -> str:
        return data_of(self.config)

    @property
    def label(self) -> str:
        """One line of a list: its name, time, type, data set and code size."""
        display_name = self.display_name
        parts = [display_name]
        if not self.bundled:
            parts.append(time.strftime("%d %b, %H:%M", time.localtime(self.made)).lstrip("0"))
        parts += [part for part in (self.kind, self.data) if part not in display_name]
        parts.append(f"code of {self.latent_dim:,}")
        return " · ".join(parts)


_summaries: dict[Path, tuple[tuple[int, int], ModelInfo | None]] = {}


def models() -> list[ModelInfo]:
    """All models of small images, bundled ones first, then the newest runs first."""
    return [info for info in _all() if not is_restorer(info.config)]


def restorers() -> list[ModelInfo]:
    """All restorers of photographs, in the order of `models`."""
    return [info for info in _all() if is_restorer(info.config)]


def load_restorer(name: str, device: torch.device | str = "cpu") -> LoadedRestorer:
    """Read the restorer of this name from disk; UserError if it is missing or damaged."""
    return checkpoint.load_restorer(find(name).path, device)


def _all() -> list[ModelInfo]:
    bundled = sorted(checkpoints_dir().glob("*.safetensors"))
    runs = sorted(runs_dir().glob("*/model.safetensors"), key=_modified, reverse=True)
    named = [(path, path.stem, True) for path in bundled]
    named += [(path, path.parent.name, False) for path in runs]
    rows = [_info(*entry) for entry in named if _NAME.fullmatch(entry[1])]
    return [row for row in rows if row is not None]


def labels(infos: Iterable[ModelInfo]) -> dict[str, str]:
    """The label of each model, by its name. All labels are different."""
    return distinct({info.name: info.label for info in infos})


def distinct(labels: Mapping[str, str]) -> dict[str, str]:
    """The same labels; equal ones are numbered."""
    found: dict[str, str] = {}
    for name, label in labels.items():
        times, own = 1, label
        while own in found.values():
            times += 1
            own = f"{label} ({times})"
        found[name] = own
    return found


def bundled_like(config: RunConfig) -> ModelInfo | None:
    """The bundled model that is most similar to this configuration: in its type, then its data set,
    then the number of equal axes, then its code size."""

    def axes(config: RunConfig) -> tuple[object, ...]:
        network, loss = config.network, config.loss
        linear = network.activation == "none"
        kinds = (network.kind, config.bottleneck.kind, config.corruption.kind, loss.penalty)
        return (*kinds, linear)

    def nearness(info: ModelInfo) -> tuple[bool, bool, int, int]:
        data = info.dataset.startswith(config.dataset) or config.dataset.startswith(info.dataset)
        alike = sum(a == b for a, b in zip(axes(info.config), axes(config), strict=True))
        size = -abs(info.latent_dim - config.bottleneck.latent_dim)
        return info.type == config.type, data, alike, size

    return max((info for info in models() if info.bundled), key=nearness, default=None)


def find(name: str) -> ModelInfo:
    """The model of this name; UserError if it does not exist (any more)."""
    if _NAME.fullmatch(name):
        result, _, task = name.partition(".")
        for path, bundled in (
            (checkpoints_dir() / f"{name}.safetensors", True),
            (runs_dir() / name / "model.safetensors", False),
            (lab_dir() / result / "models" / task / "model.safetensors", False),
        ):
            info = _info(path, name, bundled) if path.is_file() else None
            if info is not None:
                return info
    raise UserError(f"There is no model called {name[:60]!r}: choose one from the list.")


def load(name: str, device: torch.device | str = "cpu") -> Loaded:
    """Read the model of this name from disk; UserError if it is missing or damaged. If its
    thumbnails cannot be read, the gallery is left out: the model works without it."""
    info = find(name)
    loaded = checkpoint.load(info.path, device)
    try:
        if not info.bundled:
            check_thumbnails(loaded)
    except UserError:
        return replace(loaded, gallery=None)
    return loaded


def check_thumbnails(loaded: Loaded) -> None:
    """UserError if the gallery does not have one thumbnail of the model's shape for each code."""
    gallery = loaded.gallery
    if gallery is not None:
        decode_sprite(gallery.sprite, len(gallery.latents), loaded.model.image_shape)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _info(path: Path, name: str, bundled: bool) -> ModelInfo | None:
    """A list row, cached until the file changes; None if the file is not a readable model."""
    try:
        stat = path.stat()
    except OSError:
        return None
    stamp = (stat.st_mtime_ns, stat.st_size)
    if path not in _summaries or _summaries[path][0] != stamp:
        try:
            summary = checkpoint.read_summary(path)
        except UserError:
            _summaries[path] = (stamp, None)
            return None
        config = summary.config
        info = ModelInfo(
            name,
            path,
            title(config),
            config.type,
            config.dataset,
            summary.image_shape,
            config.bottleneck.latent_dim,
            config,
            summary.card,
            bundled,
            stat.st_mtime,
        )
        _summaries[path] = (stamp, info)
    return _summaries[path][1]
