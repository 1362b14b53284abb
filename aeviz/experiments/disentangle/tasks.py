"""Tasks: a training for each weight and seed, measured by all scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import Dataset, Split, shapes
from aeviz.evaluation import disentanglement, metrics
from aeviz.evaluation import disentanglement_scores as scores
from aeviz.evaluation.evaluate import CATEGORIES, decode_all
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.disentangle.arms import active_codes, config, factors_of
from aeviz.experiments.disentangle.parameters import Parameters, arm_of
from aeviz.experiments.fitting import codes, first, fitted
from aeviz.experiments.pictures import strip
from aeviz.experiments.stored import stored
from aeviz.nn.model import Autoencoder

SHOWN: Final = 8
"""Images in a traversal."""
REACH: Final = 2.0
"""Standard deviations of a dimension's codes on each side of their mean, in a traversal."""


def tasks(params: Parameters) -> list[Task]:
    return [
        Task(f"{beta:g}-{seed}", {"beta": beta, "seed": seed})
        for seed in range(params.seeds)
        for beta in params.betas
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = first(datasets.load(params.dataset), params.images)
    beta, seed = task.values["beta"], task.values["seed"]
    model = fitted(config(params, beta), dataset, params.steps, seed)
    row: Row = {"arm": arm_of(beta), "beta": beta, "seed": seed}
    z = active_codes(model, dataset.test)
    row |= measured(z, dataset.test, dataset.factor_names, seed)
    row["score"] = own_dimension(row, params.factor)
    held_out = gaps_of(active_codes(model, dataset.validation), dataset.validation, dataset)
    row["validation"] = own_dimension(held_out, params.factor)
    row["active"] = int((z.var(0) > 0).sum())
    x = to_float(dataset.test.images)
    row["mse"] = metrics.mse(x, decode_all(model, codes(model, dataset.test))).mean().item()
    if seed:
        return Output([row])
    pictures = _pictures(model, params, beta, dataset)
    return Output([row], pictures, stored=stored(arm_of(beta), model, dataset))


def measured(z: Tensor, split: Split, names: Sequence[str], seed: int) -> Row:
    """All scores of codes z (N, d), and the gap of each factor as "gap NAME"."""
    factors = factors_of(split)
    categories = [k for k, name in enumerate(names) if name in CATEGORIES]
    found = scores.dci(z, factors, categories, seed)
    gaps = disentanglement.gaps(disentanglement.mutual_information_shares(z, factors))
    return {
        "mig": gaps.mean().item(),
        "sap": scores.sap(z, factors, categories),
        "disentanglement": found.disentanglement,
        "completeness": found.completeness,
        "informativeness": found.informativeness,
        "factor_vae": scores.factor_vae_score(z, factors, seed),
        "modularity": scores.modularity(z, factors),
        **{f"gap {name}": gap for name, gap in zip(names, gaps.tolist(), strict=True)},
    }


def gaps_of(z: Tensor, split: Split, dataset: Dataset) -> Row:
    """The MIG and the gap of each factor alone."""
    shares = disentanglement.mutual_information_shares(z, factors_of(split))
    gaps = disentanglement.gaps(shares)
    row: Row = {"mig": gaps.mean().item()}
    return row | {
        f"gap {name}": gap for name, gap in zip(dataset.factor_names, gaps.tolist(), strict=True)
    }


def own_dimension(row: Row, factor: str) -> float:
    """The mutual information gap of the chosen factor, or the mean gap of all of them."""
    return float(row["mig" if factor == "all" else f"gap {factor}"])


@torch.no_grad()
def _pictures(
    model: Autoencoder, params: Parameters, beta: float, dataset: Dataset
) -> dict[str, Picture]:
    """For each factor the dimension that follows it best, from low to high values of the factor;
    with the first weight also the factor as it is drawn."""
    z, factors, names = (
        active_codes(model, dataset.test),
        factors_of(dataset.test),
        dataset.factor_names,
    )
    followers = disentanglement.followers(z, factors, names, CATEGORIES)
    middle = torch.tensor([0.0] + [sum(ends) / 2 for ends in shapes.FACTORS.values()])
    middle = middle[: len(names)]
    device = next(model.parameters()).device
    start = model.encode(to_float(shapes.draw(middle[None])).to(device)).cpu()
    found = {}
    for k, name in enumerate(names):
        if beta == params.betas[0]:
            low, high = (0.0, 2.0) if name in CATEGORIES else shapes.FACTORS[name]
            true = middle.repeat(SHOWN, 1)
            true[:, k] = torch.linspace(low, high, SHOWN)
            if name in CATEGORIES:
                true[:, k] = true[:, k].round()
            drawn = to_float(shapes.draw(true))
            found[f"true-{name}"] = Picture("true factor", strip(drawn), name)
        dimension, score = followers[name]["dimension"], followers[name]["score"]
        values = z[:, dimension]
        rising = ((values - values.mean()) * (factors[:, k] - factors[:, k].mean())).sum() >= 0
        ends = torch.linspace(-REACH, REACH, SHOWN) * (1 if rising else -1)
        path = start.repeat(SHOWN, 1)
        path[:, dimension] = values.mean() + ends * values.std()
        measure = "share of information" if name in CATEGORIES else "rank correlation"
        found[name] = Picture(
            f"{arm_of(beta)}: z{dimension}, {measure} {score:.2f}",
            strip(decode_all(model, path).clamp(0, 1)),
            name,
        )
    return found
