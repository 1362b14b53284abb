"""The experiments of the Lab by name, in the order of the page. A new one is one file and one row.

Their modules are imported on first use: some need scikit-learn, which takes a second.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from aeviz.errors import UserError
from aeviz.experiments.base import Experiment

MODULES: dict[str, str] = {
    "code-size": "code_size",
    "linear-is-pca": "linear_is_pca",
    "capacity": "capacity",
    "points-3d": "points_3d",
    "regularity": "regularity",
    "balance": "balance",
    "reparameterise": "reparameterise",
    "likelihood": "likelihood",
    "compression": "compression",
    "anomaly": "anomaly",
    "few-labels": "few_labels",
    "retrieval": "retrieval",
    "clustering": "clustering",
    "disentangle": "disentangle",
    "denoise-limits": "denoise_limits",
    "denoise-manifold": "denoise_manifold",
}
"""Name of an experiment -> module or subpackage, which has it as EXPERIMENT."""


@cache
def _imported(module: str) -> Experiment:
    found = import_module(f"aeviz.experiments.{module}").EXPERIMENT
    assert isinstance(found, Experiment)
    return found


def find(name: str) -> Experiment:
    """The experiment of this name. UserError if there is none."""
    if name not in MODULES:
        raise UserError(
            f"There is no experiment called {name[:40]!r}: choose one of {', '.join(MODULES)}."
        )
    return _imported(MODULES[name])


def experiments() -> dict[str, Experiment]:
    """All of them by name."""
    return {name: find(name) for name in MODULES}
