"""Methods without a network: maps of points in space to the plane."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from aeviz.evaluation.neighbourhoods import continuity, trustworthiness
from aeviz.experiments.surfaces import Array

NEIGHBOURS: Final = 12


@dataclass(frozen=True)
class Map:
    """A method's map of the training points, z (N, 2), and what else it can do: `place` new points
    (M, 3) on it, and lead places (M, 2) `back` to space. `setting`: what was chosen on validation
    points, in words."""

    z: Array
    place: Callable[[Array], Array] | None = None
    back: Callable[[Array], Array] | None = None
    setting: str = ""


def _pca(x: Array, held_out: Array, seed: int) -> Map:
    from sklearn.decomposition import PCA

    model = PCA(2).fit(x)
    return Map(model.transform(x), model.transform, model.inverse_transform)


def _kernel_pca(x: Array, held_out: Array, seed: int) -> Map:
    """The kernel's width by the error of validation points; its way back is a ridge regression."""
    from sklearn.decomposition import KernelPCA

    def error(model: Any) -> float:
        back = model.inverse_transform(model.transform(held_out))
        return float(np.square(back - held_out).mean())

    made = {
        gamma: KernelPCA(
            2, kernel="rbf", gamma=gamma, fit_inverse_transform=True, alpha=1e-3,
            eigen_solver="arpack", random_state=seed,
        ).fit(x)
        for gamma in (0.03, 0.1, 0.3, 1.0)
    }  # fmt: skip
    gamma, model = min(made.items(), key=lambda pair: error(pair[1]))
    return Map(model.transform(x), model.transform, model.inverse_transform, f"gamma {gamma:g}")


def _by_trust(make: Callable[[int], Any], x: Array, held_out: Array, over: Sequence[int]) -> Map:
    """The setting whose map of the validation points is the most trustworthy and continuous."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pieces without a connection are joined, and that is said
        for setting in over:
            model = make(setting)
            z = model.fit_transform(x)
            new = model.transform(held_out)
            score = trustworthiness(held_out, new, NEIGHBOURS) + continuity(
                held_out, new, NEIGHBOURS
            )
            found.append((score, setting, z, model))
    _, setting, z, model = max(found, key=lambda one: one[0])
    return Map(z, model.transform, setting=f"{setting} neighbours")


def _isomap(x: Array, held_out: Array, seed: int) -> Map:
    from sklearn.manifold import Isomap

    return _by_trust(lambda k: Isomap(n_neighbors=k), x, held_out, (6, 9, 12))


def _lle(x: Array, held_out: Array, seed: int) -> Map:
    from sklearn.manifold import LocallyLinearEmbedding

    def make(k: int) -> Any:
        return LocallyLinearEmbedding(n_neighbors=k, random_state=seed, eigen_solver="dense")

    return _by_trust(make, x, held_out, (8, 12, 20))


def _tsne(x: Array, held_out: Array, seed: int) -> Map:
    """scikit-learn's, with the perplexity of its comparison of methods."""
    from sklearn.manifold import TSNE

    perplexity = min(40.0, (len(x) - 1) / 3)
    model = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    return Map(model.fit_transform(x).astype(np.float64), setting=f"perplexity {perplexity:g}")


def _umap(x: Array, held_out: Array, seed: int) -> Map:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        model = UMAP(n_neighbors=15, random_state=seed, n_jobs=1)
        z = model.fit_transform(x.astype(np.float32)).astype(np.float64)

    def place(new: Array) -> Array:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            placed: Array = model.transform(new.astype(np.float32)).astype(np.float64)
        return placed

    return Map(z, place, setting="15 neighbours")


METHODS: Final[dict[str, Callable[[Array, Array, int], Map]]] = {
    "pca": _pca,
    "kernel-pca": _kernel_pca,
    "isomap": _isomap,
    "lle": _lle,
    "t-sne": _tsne,
    "umap": _umap,
}
