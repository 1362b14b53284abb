"""Codes and bits of each arm, and the distances between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.evaluation import metrics, retrieval
from aeviz.experiments.fitting import codes, fitted, pixels, with_splits
from aeviz.experiments.retrieval.images import K, Search, search_of, split_of
from aeviz.experiments.retrieval.parameters import Parameters
from aeviz.latent import binary
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

NUMBER = 4
"""Bytes of a number of a code (float32)."""


def config(network: str, dataset: str, size: int) -> RunConfig:
    """The settings of a network: one hidden layer of 256 units for both."""
    settings = settings_for({"ae": "standard"}.get(network, network), dataset)
    return settings.replace(**{"network.hidden": [256], "bottleneck.latent_dim": size})


Three = tuple[Tensor, Tensor, Tensor]
"""Rows of the collection, of the validation queries and of the queries."""


def codes_of(params: Parameters, search: Search, model: str, size: int, seed: int) -> Three:
    """The pixels, or the codes of PCA or of a network with this code size."""
    splits = (search.collection, search.validation, search.queries)
    if model == "pixels":
        a, b, c = (pixels(part) for part in splits)
        return a, b, c
    if model == "pca":
        train = pixels(search.collection)
        basis = _basis(*split_of(params, seed))
        a, b, c = ((pixels(part) - train.mean(0)) @ basis[:, :size] for part in splits)
        return a, b, c
    network = trained(params, search, model, size, seed)
    a, b, c = (codes(network, part) for part in splits)
    return a, b, c


def trained(params: Parameters, search: Search, model: str, size: int, seed: int) -> Autoencoder:
    """A network that learned from the collection."""
    train_split = search.collection.take(slice(0, len(search.collection) // 2 * 2))
    return fitted(
        config(model, params.dataset, size),
        with_splits(search.dataset, train_split, search.validation),
        params.steps,
        seed,
    )


@lru_cache(maxsize=2)
def _basis(name: str, images: int, seed: int) -> Tensor:
    return metrics.pca_subspace(pixels(search_of(name, images, seed).collection), 512).float()


def distances_of(
    search: Search, wanted: list[str], z: Three, seed: int
) -> Iterator[tuple[str, str, float, Tensor, float]]:
    """Of each arm: its setting, its bytes per image, the distances from the queries, and the
    precision of the validation queries."""
    for arm in wanted:
        if arm.endswith(("median", "itq")):
            bits = [
                binary.median_bits(z[0], part)
                if arm.endswith("median")
                else binary.itq_bits(z[0], part, seed)
                for part in z
            ]
            a, b = binary.hamming(bits[2], bits[0]), binary.hamming(bits[1], bits[0])
            yield arm, "", z[0].shape[1] / 8, a, _precision(b, search.validation_relevant)
            continue
        best, setting = -1.0, ""
        changes = normalisations(z[0], arm == "pixels")
        for name, change in changes.items():
            distances = torch.cdist(change(z[1]), change(z[0]))
            value = _precision(distances, search.validation_relevant)
            if value > best:
                best, setting = value, name
        change = changes[setting]
        count = z[0].shape[1] * (1 if arm == "pixels" else NUMBER)
        yield arm, setting, count, torch.cdist(change(z[2]), change(z[0])), best


def normalisations(train: Tensor, is_pixels: bool) -> dict[str, Callable[[Tensor], Tensor]]:
    """How rows can be compared: as they are, on the unit sphere (cosine), and with equal
    spreads."""
    mean, spread = train.mean(0), train.std(0).clamp(min=1e-6)
    centre = torch.zeros_like(mean) if is_pixels else mean
    found: dict[str, Callable[[Tensor], Tensor]] = {
        "Euclidean": lambda part: part,
        "cosine": lambda part: F.normalize(part - centre, dim=1),
    }
    if not is_pixels:
        found["equal spreads"] = lambda part: (part - mean) / spread
    return found


def distances_to(arm: str, z: Tensor, setting: str, seed: int) -> Callable[[Tensor], Tensor]:
    """The distances (N,) of a query's row (1, d) from these rows z (N, d), by this arm."""
    if arm.endswith("median"):
        bits = binary.median_bits(z, z)
        return lambda row: binary.hamming(binary.median_bits(z, row), bits)[0]
    if arm.endswith("itq"):
        mean, rotation = z.mean(0), binary.itq_rotation(z, seed)
        bits = (z - mean).double() @ rotation > 0
        return lambda row: binary.hamming((row - mean).double() @ rotation > 0, bits)[0]
    change = normalisations(z, arm == "pixels")[setting]
    rows = change(z)
    return lambda row: torch.cdist(change(row), rows)[0]


def _precision(distances: Tensor, relevant: Tensor) -> float:
    return retrieval.precision(retrieval.found_first(distances, K), relevant).mean().item()
