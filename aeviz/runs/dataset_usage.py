"""Removing a data set that people made of their own images, where nobody trains on it."""

from __future__ import annotations

from aeviz.datasets import custom
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.runs import store


def remove(name: str, person: Person) -> None:
    """UserError where it is somebody else's, a run waits for it or trains on it, or it is not there
    (any more).

    Models trained on it stay as they are: a model file has its own gallery.
    """
    if custom.exists(name) and not person.may_manage(custom.owner(name)):
        raise UserError(
            "These images are somebody else's: only who made this data set, or the teacher, can "
            "remove it."
        )
    for run in store.runs():
        try:
            used = run.config.dataset == name and not run.is_over
        except UserError:  # removed or damaged: it trains on nothing
            continue
        if used:
            raise UserError("A run is training on these images: stop it first, or wait for it.")
    custom.remove(name)
