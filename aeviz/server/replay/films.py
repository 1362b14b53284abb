"""A run's film, from its folder."""

from __future__ import annotations

from aeviz.errors import UserError
from aeviz.presets.autoencoders import title
from aeviz.runs import store
from aeviz.server.replay.film import Kind, Theme, film
from aeviz.training import snapshots
from aeviz.training.snapshots import Snapshot


def make(run_id: str, kind: Kind, theme: Theme) -> bytes:
    """The film of all snapshots of the run. UserError if there are too few."""
    run = store.find(run_id)
    config = run.config
    shown: list[Snapshot] = []
    for path in run.snapshots():
        try:
            shown.append(snapshots.read(path))
        except UserError:
            continue  # damaged, or removed meanwhile: the film does without it
    same = [one for one in shown if one.x.shape == shown[-1].x.shape]
    return film(kind, same, config, title(config), theme)
