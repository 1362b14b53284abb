"""Remove a data set of a person's own images, unless a run uses it."""

from __future__ import annotations

from aeviz.datasets import custom
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.runs import store


def remove(name: str, person: Person) -> None:
    """Remove the data set. UserError if it belongs to somebody else, if a run trains or waits to
    train on it, or if it does not exist.

    Models trained on it do not change: a model file has its own gallery.
    """
    if custom.exists(name) and not person.may_manage(custom.owner(name)):
        raise UserError(
            "These images belong to somebody else: only that person or the teacher can remove "
            "this data set."
        )
    for run in store.runs():
        try:
            used = run.config.dataset == name and not run.is_over
        except UserError:  # removed or damaged: it trains on nothing
            continue
        if used:
            raise UserError("A run is using these images: stop it first, or wait for its end.")
    custom.remove(name)
