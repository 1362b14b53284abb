"""Pixels and codes of the images drawn, and the clusters in them."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation import metrics
from aeviz.experiments.clustering.parameters import Parameters
from aeviz.experiments.fitting import codes, fitted, pixels, with_splits
from aeviz.experiments.splits import pooled
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

RESTARTS = 10
UMAP_NEIGHBOURS = 15
UMAP_EPOCHS = 200
"""UMAP's own choice for many images. For few it takes 500, which needs twice the time."""


@lru_cache(maxsize=2)
def drawn(name: str, images: int, seed: int) -> Dataset:
    """Random images of all parts of the data set, to learn from and to cluster. Test and validation
    images are others, unless nearly all are drawn."""
    dataset = datasets.load(name)
    everything = pooled(dataset)
    order = torch.randperm(len(everything), generator=torch.Generator().manual_seed(seed))
    count = min(images, len(everything)) // 2 * 2  # batch norm cannot take one image alone
    made = with_splits(dataset, everything.take(order[:count]), everything.take(order[-100:]))
    return dataclasses.replace(made, test=everything.take(order[-500:-100]))


def config(network: str, params: Parameters) -> RunConfig:
    """The settings of the type, with the same hidden layers for both: those of a published
    experiment if they are large (J. Xie et al., Unsupervised Deep Embedding for Clustering
    Analysis, 2016)."""
    settings = settings_for({"AE": "standard", "VAE": "vae"}[network], params.dataset)
    layers: dict[str, dict[str, Any]] = {
        "small": {"network.hidden": [256]},
        "large": {
            "network.hidden": [500, 500, 2000],
            "network.norm": "none",
            "training.lr": 0.001,
        },
    }
    return settings.replace(**layers[params.network], **{"bottleneck.latent_dim": params.size})


def points_of(
    params: Parameters, dataset: Dataset, space: str, seed: int
) -> tuple[NDArray[np.float64], Autoencoder | None]:
    """What is clustered, (N, d), and the network if it is its codes as they are trained."""
    x = pixels(dataset.train)
    if space == "pixels":
        return _array(x), None
    if space == "UMAP of pixels":
        return _umap(_array(x), seed), None
    if space == "PCA":
        basis = metrics.pca_subspace(x, params.size).float()
        return _array(_scaled((x - x.mean(0)) @ basis, params.scale)), None
    network = "VAE" if space == "VAE" else "AE"
    model = fitted(config(network, params), dataset, params.steps, seed)
    z = _array(_scaled(codes(model, dataset.train), params.scale))
    return (_umap(z, seed), None) if space == "UMAP of AE" else (z, model)


def _array(x: Tensor) -> NDArray[np.float64]:
    return x.double().numpy()


def _scaled(z: Tensor, scale: str) -> Tensor:
    return z if scale == "as they are" else (z - z.mean(0)) / z.std(0).clamp(min=1e-6)


def _umap(x: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """In the plane, with the settings for clusters of UMAP's manual: no minimal distance."""
    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parts that it does without
        from umap import UMAP  # takes seconds to import

        mapper = UMAP(
            n_neighbors=min(UMAP_NEIGHBOURS, len(x) - 1),
            min_dist=0.0,
            n_epochs=UMAP_EPOCHS,
            random_state=seed,
            n_jobs=1,
        )
        found: NDArray[np.float64] = np.asarray(mapper.fit_transform(x), dtype=np.float64)
    # it changes the number of threads that PyTorch uses, too: the next training would be slower
    torch.set_num_threads(threads)
    return found


def clustered(
    methods: tuple[str, ...], z: NDArray[np.float64], classes: int, seed: int
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Each method, and the cluster that it puts each row of z in, (N,)."""
    from sklearn.cluster import HDBSCAN, KMeans
    from sklearn.mixture import GaussianMixture

    # of the size of 1: a mixture adds a fixed number to each variance
    z = z / max(float(z.std()), 1e-9)
    makers: dict[str, Callable[[], NDArray[np.int64]]] = {
        "k-means": lambda: KMeans(classes, n_init=RESTARTS, random_state=seed).fit_predict(z),
        "Gaussian mixture": lambda: GaussianMixture(
            classes, n_init=3, reg_covar=1e-3, random_state=seed
        ).fit_predict(z),
        "HDBSCAN": lambda: HDBSCAN(min_cluster_size=max(5, len(z) // (10 * classes))).fit_predict(
            z
        ),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer different points than clusters, not converged
        for method in methods:
            yield method, makers[method]()
