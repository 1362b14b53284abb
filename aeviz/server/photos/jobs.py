"""Restoration jobs for the worker: restore a stored photograph, store the result, score it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

import numpy as np

from aeviz.device import pick_device
from aeviz.errors import UserError
from aeviz.images import Photo, safe_name
from aeviz.models import library
from aeviz.models.checkpoint import LoadedRestorer
from aeviz.restoration.filters import BASELINES, ClassicalFilter, FilterSettings
from aeviz.restoration.findings import without_hidden_colours
from aeviz.restoration.photo import restore_tiles, vividness_of
from aeviz.restoration.tasks import Task
from aeviz.server.photos.previews import resize
from aeviz.server.photos.scores import scoring
from aeviz.server.photos.store import Store, StoredPhoto
from aeviz.server.photos.worker import Step, Steps

OURS: Final = "ours"
BOTTLENECK: Final = "bottleneck"
BOTTLENECK_MODEL: Final = "bottleneck-photo"

Load = Callable[[str], LoadedRestorer]


class Restorers:
    """The restorers' networks, loaded at first use and again when a file changes."""

    def __init__(self) -> None:
        self._loaded: dict[str, tuple[tuple[Path, int, int], LoadedRestorer]] = {}

    def __call__(self, name: str) -> LoadedRestorer:
        """The restorer of this name; UserError if its file is missing or damaged."""
        path = library.find(name).path
        stat = path.stat()
        version = (path, stat.st_mtime_ns, stat.st_size)
        if name not in self._loaded or self._loaded[name][0] != version:
            self._loaded[name] = version, library.load_restorer(name, pick_device())
        return self._loaded[name][1]


def photo_of(stored: StoredPhoto) -> Photo:
    """The stored pixels, memory-mapped from disk."""
    return Photo(stored.read("pixels"), stored.read_if_there("alpha"), stored.notes)


def methods(task: Task) -> tuple[str, ...]:
    """The methods for this task: our own restorer, the classical filters, the network without
    skips."""
    return (OURS, *task.baselines, BOTTLENECK)


def restoration_steps(
    store: Store, stored: StoredPhoto, task: Task, method: str, sigma: float | None, load: Load
) -> Steps:
    """The steps of one job; returns the fields of its "done" message."""
    photo, mask = photo_of(stored), stored.read_if_there("mask") if task.mask else None
    sigma = sigma if task.name == "denoise" else None
    if method in BASELINES:
        result = yield from _filter(photo, task, BASELINES[method], mask, sigma)
    else:
        loaded = load(task.model if method == OURS else BOTTLENECK_MODEL)
        result = yield from _restore(photo, task, loaded, mask, sigma)
    arrays = {"pixels": result.pixels}
    if result.alpha is not None:
        arrays["alpha"] = result.alpha
    suffix = task.name if method == OURS else f"{task.name}-{method}"
    name = safe_name(stored.name, f"-{suffix}.png")
    new = store.add(name, arrays, result.notes, original=stored.id)
    height, width = result.pixels.shape[:2]
    return {
        "result": new.id,
        "width": width,
        "height": height,
        "scores": (yield from _score(stored, result.pixels)),
        "notes": list(result.notes),
    }


def _restore(
    photo: Photo, task: Task, loaded: LoadedRestorer, mask: np.ndarray | None, sigma: float | None
) -> Generator[Step, None, Photo]:
    tiles = restore_tiles(
        loaded.model, task, photo, mask=mask, sigma=sigma, vividness=vividness_of(loaded.card)
    )
    while True:
        try:
            tile = next(tiles)
        except StopIteration as end:
            return end.value
        yield Step(tile.done, tile.total, tile.box, tile.pixels)


def _filter(
    photo: Photo, task: Task, filter_: ClassicalFilter, mask: np.ndarray | None, sigma: float | None
) -> Generator[Step, None, Photo]:
    if not filter_.available():
        raise UserError(f"{filter_.title} is not installed on this server.")
    photo = without_hidden_colours(photo)
    steps = filter_.steps(photo.pixels, FilterSettings(sigma, mask, task.scale))
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            pixels = end.value
            break
        yield Step(done, total)
    alpha = photo.alpha
    if alpha is not None:
        alpha = resize(alpha[:, :, None], *pixels.shape[:2])[:, :, 0]
    return Photo(pixels, alpha, photo.notes)


def _score(
    stored: StoredPhoto, pixels: np.ndarray
) -> Generator[None, None, dict[str, float] | None]:
    """Scores against the photo's reference; None if there is none of this size."""
    reference = stored.read_if_there("reference")
    if reference is None or reference.shape[:2] != pixels.shape[:2]:
        return None
    return (yield from scoring(reference, pixels))
