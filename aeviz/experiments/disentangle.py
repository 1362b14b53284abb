"""Does beta > 1 give each true factor a dimension of its own? Five scores over beta and seeds.

Locatello et al. 2019, "Challenging Common Assumptions in the Unsupervised Learning of Disentangled
Representations": the seed matters as much as the method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split, shapes
from aeviz.errors import UserError
from aeviz.evaluation import disentanglement, metrics
from aeviz.evaluation import disentanglement_scores as scores
from aeviz.evaluation.evaluate import CATEGORIES, decode_all
from aeviz.evaluation.validation import to_float
from aeviz.experiments import parameters as p
from aeviz.experiments.base import (
    BreakIt,
    Chart,
    Choice,
    Experiment,
    Numeric,
    Output,
    Picture,
    Prediction,
    Result,
    Row,
    Task,
    Verdict,
)
from aeviz.experiments.fitting import codes, first, fitted
from aeviz.experiments.pictures import grid
from aeviz.experiments.statistics import compare, interval
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

FACTORS: Final = ("all", "shape", *shapes.FACTORS)
SCORES: Final = {
    "mig": "MIG",
    "sap": "SAP",
    "disentanglement": "DCI disentanglement",
    "completeness": "DCI completeness",
    "factor_vae": "FactorVAE score",
    "modularity": "modularity",
}
SHOWN: Final = 8
"""Images in a traversal."""
REACH: Final = 2.0
"""Standard deviations of a dimension's codes on each side of their mean, in a traversal."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset("shapes")
    betas: tuple[float, ...] = p.numbers(
        (1.0, 8.0, 16.0),
        "Weights of the KL",
        "Name 1, the ordinary VAE, and larger ones.",
        1,
        100,
        8,
    )
    factor: str = p.choice(
        "all", "Factor", "Which true factor must have a dimension of its own.", FACTORS
    )
    network: str = p.choice(
        "dense", "Network", "A dense one is faster, a conv one is better.", ("dense", "conv")
    )
    size: int = p.number(6, "Code size", "How many numbers the code has.", 2, 32)
    images: int = p.number(
        8000, "Training images", "The first images of the training set.", 500, 16_000
    )
    steps: int = p.number(600, "Training steps", "The same for each weight.", 20, 100_000)
    seeds: int = p.seeds(5)


def check(found: Parameters) -> None:
    source = datasets.find(found.dataset)
    if 1.0 not in found.betas or len(found.betas) < 2:
        raise UserError(
            "Compare beta = 1 with larger ones: name both in Weights of the KL (betas)."
        )
    if found.factor != "all" and found.factor not in source.factor_names:
        there = ", ".join(source.factor_names)
        raise UserError(f"{source.title} has no factor called {found.factor}: choose of {there}.")


def tasks(found: Parameters) -> list[Task]:
    return [
        Task(f"{beta:g}-{seed}", {"beta": beta, "seed": seed})
        for seed in range(found.seeds)
        for beta in found.betas
    ]


def config(found: Parameters, beta: float) -> RunConfig:
    """The settings of the beta-VAE, with a constant beta so that only its value differs."""
    settings = settings_for("beta-vae", found.dataset).replace(
        **{
            "bottleneck.latent_dim": found.size,
            "loss.beta": beta,
            "loss.beta_start": beta,
            "loss.warmup": 0.0,
        }
    )
    if found.network == "conv":
        return settings
    return settings.replace(
        **{"network.kind": "dense", "network.hidden": [256, 128], "training.lr": 0.002}
    )


def work(found: Parameters, task: Task) -> Output:
    dataset = first(datasets.load(found.dataset), found.images)
    beta, seed = task.values["beta"], task.values["seed"]
    model = fitted(config(found, beta), dataset, found.steps, seed)
    row: Row = {"arm": arm_of(beta), "beta": beta, "seed": seed}
    z = active_codes(model, dataset.test)
    row |= measured(z, dataset.test, dataset.factor_names, seed)
    row["score"] = own_dimension(row, found.factor)
    held_out = gaps_of(active_codes(model, dataset.validation), dataset.validation, dataset)
    row["validation"] = own_dimension(held_out, found.factor)
    row["active"] = int((z.var(0) > 0).sum())
    x = to_float(dataset.test.images)
    row["mse"] = metrics.mse(x, decode_all(model, codes(model, dataset.test))).mean().item()
    return Output([row], _pictures(model, beta, dataset) if seed == 0 else {})


def arm_of(beta: float) -> str:
    return f"beta {beta:g}"


def active_codes(model: Autoencoder, split: Split) -> Tensor:
    """Posterior means, (N, d). Dimensions that collapsed count as constant: their mean moves by
    less than the noise that they are drawn with, and yet may rank images by a factor."""
    z = codes(model, split)
    return torch.where(z.var(0, correction=0) > metrics.ACTIVE_VARIANCE, z, 0)


def factors_of(split: Split) -> Tensor:
    """The true factors (N, f)."""
    assert split.factors is not None
    return split.factors


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
    """The mutual information gap of the factor that is asked for, or of all of them."""
    return float(row["mig" if factor == "all" else f"gap {factor}"])


@torch.no_grad()
def _pictures(model: Autoencoder, beta: float, dataset: Dataset) -> dict[str, Picture]:
    """For each factor two rows: the factor as it is drawn, and the dimension that follows it."""
    z = active_codes(model, dataset.test)
    test_factors = factors_of(dataset.test)
    names = dataset.factor_names
    followers = disentanglement.followers(z, test_factors, names, CATEGORIES)
    middle = torch.tensor([0.0] + [sum(ends) / 2 for ends in shapes.FACTORS.values()])
    middle = middle[: len(names)]
    device = next(model.parameters()).device
    ends = torch.linspace(-REACH, REACH, SHOWN)
    rows = []
    for k, name in enumerate(names):
        low, high = (0.0, 2.0) if name in CATEGORIES else shapes.FACTORS[name]
        true = middle.repeat(SHOWN, 1)
        true[:, k] = torch.linspace(low, high, SHOWN)
        if name in CATEGORIES:
            true[:, k] = true[:, k].round()
        rows.append(to_float(shapes.draw(true)))
        dimension = followers[name]["dimension"]
        start = model.encode(to_float(shapes.draw(middle[None])).to(device)).cpu()
        path = start.repeat(SHOWN, 1)
        path[:, dimension] = z[:, dimension].mean() + ends * z[:, dimension].std()
        rows.append(decode_all(model, path).clamp(0, 1))
    caption = f"{arm_of(beta)}: {', '.join(names)}; true factor above, its dimension below"
    return {"traversal": Picture(caption, grid(torch.cat(rows), SHOWN), "traversals")}


def judge(result: Result) -> Verdict:
    """The beta above 1 that is best on the validation images against beta = 1, over the seeds; and
    how many of the other scores say the same."""
    found: Parameters = result.parameters
    above = [arm_of(beta) for beta in found.betas if beta > 1]
    base = arm_of(1.0)
    above = [arm for arm in above if result.of("score", arm=arm)]
    if not above or not result.of("score", arm=base):
        return Verdict("open", "There is no pair of weights to compare yet.")
    best = max(above, key=lambda arm: interval(result.of("validation", arm=arm)).mean)
    plain, other = (interval(result.of("score", arm=arm)) for arm in (base, best))
    difference = compare(result.of("score", arm=best), result.of("score", arm=base))
    name = "MIG" if found.factor == "all" else f"mutual information gap of {found.factor}"
    said = f"The {name} is {other} with {best} and {plain} with {base}, over {other.count} seeds."
    if found.factor == "all":
        said += _agreement(result, best, base)
    if difference.ahead == "a" and other.mean > 0.1:
        return Verdict("holds", said)
    if difference.ahead == "b":
        return Verdict("fails", f"{said} Beta = 1 is ahead.")
    if other.high < 0.1:
        return Verdict("fails", f"{said} Neither gives it a dimension of its own.")
    return Verdict("open", f"{said} It is too close to call.")


def _agreement(result: Result, best: str, base: str) -> str:
    """Which of the scores put `best` ahead, and which `base`."""
    ahead = {
        label: compare(result.of(key, arm=best), result.of(key, arm=base)).ahead
        for key, label in SCORES.items()
        if result.of(key, arm=best) and result.of(key, arm=base)
    }
    better = [label for label, side in ahead.items() if side == "a"]
    worse = [label for label, side in ahead.items() if side == "b"]
    text = f" {len(better)} of {len(ahead)} scores put {best} ahead"
    return text + (f", and {', '.join(worse)} {base}." if worse else ".")


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        (
            "Equal for all weights",
            f"{found.network} network, code of {found.size}, {found.steps} steps, "
            f"{found.images:,} training images; beta is constant",
        ),
        ("Codes", "posterior means of the test images; collapsed dimensions count as constant"),
        ("MIG", "20 bins of equal width for codes and for factors"),
        ("SAP", "squared correlation; for the shape a linear support vector machine"),
        (
            "DCI",
            f"random forests of {scores.TREES} trees (not gradient boosting), half of the images "
            "to learn from",
        ),
        (
            "FactorVAE score",
            f"{scores.VOTES} votes and as many new ones, each of the {scores.GROUP} images nearest "
            "in one factor",
        ),
        ("Tuned on validation images", "which beta above 1 is compared with beta = 1"),
    ]


def _answer(result: Result) -> float | None:
    """How far apart the seeds of beta = 1 are."""
    found = result.of("mig", arm=arm_of(1.0))
    return max(found) - min(found) if len(found) > 1 else None


EXPERIMENT = Experiment(
    name="disentangle",
    title="Does beta separate the factors?",
    claim="With beta > 1, each true factor of the images gets a dimension of its own.",
    why="A higher beta makes information in the code expensive, so few dimensions stay in use, and "
    "the noise of each is aligned with directions that matter about equally. On shapes these are "
    "often position and size. Nothing in the loss names the factors. Another seed may mix them, "
    "and a category such as the shape has no direction at all.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    needs=frozenset({"factors"}),
    charts=(
        Chart(
            "score",
            "Mutual information gap (MIG) of the chosen factor",
            kind="bars",
            better="higher",
            note="1: one dimension tells the factor, and no other does. A dot is a seed.",
        ),
        Chart("sap", "SAP", kind="bars", better="higher"),
        Chart(
            "disentanglement",
            "DCI disentanglement",
            kind="bars",
            better="higher",
            note="By random forests, so it does not compare with figures by gradient boosting.",
        ),
        Chart("factor_vae", "FactorVAE score", kind="bars", better="higher"),
        Chart("modularity", "Modularity", kind="bars", better="higher"),
        Chart(
            "mse",
            "Error per pixel (MSE)",
            kind="bars",
            better="lower",
            note="What the separation costs.",
        ),
    ),
    prediction=Prediction(
        "How well separated are the factors with each beta? 1 is perfect.",
        "",
        lambda found: [arm_of(beta) for beta in found.betas],
        0.0,
        1.0,
    ),
    break_it=BreakIt(
        "The shape alone",
        "Square, ellipse and heart have no order. Does any beta give the shape its own dimension?",
        {"factor": "shape", "seeds": 3},
    ),
    questions=(
        Choice(
            "A beta above 1 wins with one seed. Is it better?",
            ("Yes, the images were the same", "One seed does not say so"),
            1,
            (
                "The start and the order of the images differ from seed to seed, and the scores "
                "with them.",
                "Seeds of one beta differ as much as two betas do. Look at the dots.",
            ),
        ),
        Choice(
            "A code is rotated by 45 degrees. What happens to the reconstruction and to the MIG?",
            (
                "Both get worse",
                "The reconstruction can stay the same, the MIG falls",
            ),
            1,
            (
                "The decoder can undo a rotation exactly.",
                "A decoder that starts with the opposite rotation gives the same images. But now "
                "two dimensions share each factor.",
            ),
        ),
        Numeric(
            "In your result: how far apart are the best and the worst seed of beta = 1 in their "
            "MIG of all factors?",
            _answer,
            "It is the largest MIG of these rows of the table less the smallest.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "shapes",
        "betas": [1, 2, 4, 8, 16],
        "network": "conv",
        "size": 10,
        "images": 16000,
        "steps": 4000,
        "seeds": 5,
    },
    table=("arm", "seed", *SCORES, "informativeness", "active", "mse"),
    recipe=lambda found, row: config(found, float(row["beta"])),
)
