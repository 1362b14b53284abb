"""What reconstruction and KL do alone and together: two-dimensional VAEs over the weight of the KL.

With the weight 0 only the reconstruction counts, with a very large one only the KL. Alemi et al.
2018, "Fixing a Broken ELBO", has the rate-distortion curve.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.datasets.binarised import binarised
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import decode_all, encode_all
from aeviz.evaluation.likelihood import code_information
from aeviz.evaluation.validation import validate
from aeviz.experiments import maps
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
from aeviz.experiments.fitting import fitted
from aeviz.experiments.pictures import grid
from aeviz.experiments.statistics import Interval, compare, interval
from aeviz.nn.bottlenecks import reparameterize
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for
from aeviz.training.state import leaves_one

VOTERS: Final = 10_000
SHOWN: Final = 2_000
SIDE: Final = 9
"""Decoded images on each side of the square of codes."""
COLLAPSED: Final = 0.5
"""Nats: a code that holds less says nothing about its image."""
KEPT: Final = 0.5
"""A weight organises if the classes keep at least this share of what they have without the KL."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    betas: tuple[float, ...] = p.numbers(
        (0.0, 0.1, 1.0, 5.0, 20.0, 1000.0),
        "Weights of the KL",
        "0: only the reconstruction counts. 1,000: almost only the KL.",
        0,
        1000,
        12,
    )
    steps: int = p.number(320, "Training steps", "The same for each weight.", 20, 100_000)
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    if len(found.betas) < 3:
        raise UserError("Name at least three weights (betas): the two ends and one between them.")


def tasks(found: Parameters) -> list[Task]:
    """The ELBO first, then the two ends, then what lies between; seed by seed."""
    ends = (together(found), found.betas[0], found.betas[-1])
    order = [*ends, *(beta for beta in found.betas if beta not in ends)]
    return [
        Task(f"{beta:g}-{seed}", {"beta": beta, "seed": seed})
        for seed in range(found.seeds)
        for beta in order
    ]


def together(found: Parameters) -> float:
    """Of the weights between the two ends the one nearest to 1, which is the ELBO."""
    return min(found.betas[1:-1], key=lambda beta: abs(math.log(max(beta, 1e-9))))


def config(found: Parameters, beta: float) -> RunConfig:
    """The settings of the VAE with a code of two numbers. Batches are a little smaller if the last
    one would be a single image, which batch normalisation cannot take."""
    made = settings_for("vae", found.dataset).replace(
        **{"network.hidden": [256, 64], "bottleneck.latent_dim": 2, "loss.beta": beta}
    )
    images = datasets.find(found.dataset).counts[0]
    while leaves_one(made, images) and made.training.batch_size > 2:
        made = made.replace(**{"training.batch_size": made.training.batch_size - 1})
    return made


def work(found: Parameters, task: Task) -> Output:
    dataset = binarised(datasets.load(found.dataset), "threshold")
    beta, seed = task.values["beta"], task.values["seed"]
    model = fitted(config(found, beta), dataset, found.steps, seed)
    terms = validate(model, dataset.test)
    generator = torch.Generator().manual_seed(seed)
    voters = dataset.train.take(slice(0, VOTERS))
    mu, logvar = encode_all(model, voters)
    assert logvar is not None
    train_z = reparameterize(mu, logvar, generator)
    test = dataset.test.take(slice(0, SHOWN))
    test_z = drawn(model, test, generator)
    row: Row = {
        "arm": arm_of(beta),
        "beta": beta,
        "seed": seed,
        "kl": terms["kl"],
        "recon": terms["recon"],
        "loss": terms["kl"] + terms["recon"],
        "aggregated": code_information(mu, logvar, generator).aggregated,
        "knn": metrics.knn_accuracy(train_z, voters.labels, test_z, test.labels),
        "chance": commonest(dataset),
    }
    curve: Row = {"arm": f"seed {seed}", "rate": terms["kl"], "distortion": terms["recon"]}
    return Output([row, curve], _pictures(model, beta, test_z, test) if seed == 0 else {})


def arm_of(beta: float) -> str:
    return f"beta {beta:g}"


def drawn(model: Autoencoder, split: Split, generator: torch.Generator) -> Tensor:
    """z ~ q(z|x) of each image, (N, 2), which is what the decoder is trained with. A mean may move
    by far less than the noise and would still rank the images."""
    mu, logvar = encode_all(model, split)
    assert logvar is not None
    return reparameterize(mu, logvar, generator)


def commonest(dataset: Dataset) -> float:
    """Share of the test images in the largest class of the training images: what a guess gets."""
    largest = Counter(dataset.train.labels.tolist()).most_common(1)[0][0]
    return (dataset.test.labels == largest).double().mean().item()


def _pictures(model: Autoencoder, beta: float, z: Tensor, test: Split) -> dict[str, Picture]:
    half = maps.half_width(z)
    decoded = decode_all(model, maps.plane(SIDE)).clamp(0, 1)
    return {
        "map": Picture(
            f"{arm_of(beta)}: codes of test images, to ±{half:.3g}",
            maps.scatter(z, test.labels),
            "codes; the circle is two standard deviations of the prior",
        ),
        "decoded": Picture(
            f"{arm_of(beta)}: decoded", grid(decoded, SIDE), "codes from −2 to 2, decoded"
        ),
    }


def judge(result: Result) -> Verdict:
    """Three parts: without the KL the codes lie apart from the prior; with the KL alone the code
    says nothing; between them it keeps the classes and lies closer to the prior."""
    found: Parameters = result.parameters
    low, middle, high = (arm_of(b) for b in (found.betas[0], together(found), found.betas[-1]))
    seeds = min(len(result.of("knn", arm=arm)) for arm in (low, middle, high))
    if not seeds:
        return Verdict("open", "The two ends and the middle are not trained yet.")

    def column(name: str, arm: str) -> list[float]:
        return result.of(name, arm=arm)[:seeds]

    gaps = compare(column("aggregated", low), column("aggregated", middle))
    rate = interval(column("kl", high)).mean
    knn = {arm: interval(column("knn", arm)).mean for arm in (low, middle, high)}
    said = (
        f"Reconstruction alone ({low}): neighbours give the class of {knn[low]:.0%}, but the codes "
        f"are {interval(column('aggregated', low)).mean:.1f} nats from the prior. {middle}: "
        f"{knn[middle]:.0%} and {interval(column('aggregated', middle)).mean:.2f} nats. {high}: "
        f"{knn[high]:.0%}, and the code holds {rate:.2f} nats about its image."
    )
    share = kept(*(column("knn", arm) for arm in (low, middle, high)))
    if share is None:
        return Verdict("open", f"{said} The classes are not told apart by reconstruction either.")
    if rate > COLLAPSED:
        return Verdict("fails", f"{said} The largest weight does not collapse the code.")
    if share.high < KEPT or gaps.ahead == "b":
        why = (
            f"{middle} keeps only {share.mean:.0%} of what tells the classes apart."
            if share.high < KEPT
            else f"{middle} is no nearer to the prior."
        )
        return Verdict("fails", f"{said} {why}")
    if share.low > KEPT and gaps.ahead == "a":
        return Verdict("holds", f"{said} {middle} keeps {share} of what tells the classes apart.")
    return Verdict("open", f"{said} It is too close to call.")


def kept(low: list[float], middle: list[float], high: list[float]) -> Interval | None:
    """Accuracy of the middle as a share of the way from `high` (nothing left) to `low`, seed by
    seed; None if there is no way between them."""
    way = interval(low).mean - interval(high).mean
    if way < 0.05:
        return None
    base = interval(high).mean
    return interval([(value - base) / way for value in middle])


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        ("Images", "black and white: a pixel is white from the middle grey on"),
        ("Equal for all weights", f"network (256, 64, code of 2), {found.steps} steps"),
        ("Reconstruction, KL", "test images, one drawn code each; their sum is the negative ELBO"),
        ("Classes", "5 nearest neighbours of drawn codes, not of means"),
        ("Distance to the prior", "KL of the aggregated posterior, exact mixture of the codes"),
        ("Tuned on", "nothing: the settings are those that Train starts with"),
    ]


def _answer(result: Result) -> float | None:
    arm = arm_of(together(result.parameters))
    rates = result.of("kl", arm=arm)
    return interval(rates).mean if rates else None


EXPERIMENT = Experiment(
    name="balance",
    title="Reconstruction against KL",
    claim="Reconstruction alone gives clusters with gaps, the KL alone collapses the code, and "
    "together they organise it.",
    why="Reconstruction wants each image to have a place of its own, as far from the others as "
    "possible. The KL wants each image's code to be the same normal distribution. Together, codes "
    "overlap a little, so it pays to put images that look alike beside each other. The weight "
    "beta decides how much overlap is worth.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    needs=frozenset({"labels"}),
    charts=(
        Chart(
            "knn",
            "Classes: accuracy of 5 nearest neighbours",
            kind="bars",
            better="higher",
            note="Of codes that are drawn from the encoder's distribution.",
        ),
        Chart(
            "aggregated",
            "Distance of all codes together to the prior (nats)",
            kind="bars",
            better="lower",
            note="0: random codes from N(0, I) come from where the encoder puts images.",
        ),
        Chart(
            "distortion",
            "Distortion: reconstruction (nats per image)",
            "rate",
            "rate: KL (nats per image)",
            better="lower",
            note="Each point is one weight. Beta = 1 has the smallest sum of both, if training "
            "finds it.",
        ),
    ),
    prediction=Prediction(
        "How well do neighbours tell the class at each weight of the KL?",
        "",
        lambda found: [arm_of(beta) for beta in found.betas],
        0.0,
        1.0,
    ),
    break_it=BreakIt(
        "Beta = 20 between the ends",
        "Here the middle has the weight 20. Does it still organise the code?",
        {"betas": [0, 20, 1000]},
    ),
    questions=(
        Choice(
            "With a very large beta all random codes decode to the same image. Which one?",
            ("The mean of all images", "A digit drawn at random"),
            0,
            (
                "If the code says nothing, the mean of all images has the smallest error.",
                "The decoder gets no information, so it cannot choose a digit.",
            ),
        ),
        Choice(
            "With beta = 0, is a VAE an autoencoder?",
            (
                "Nearly: its noise shrinks until it hardly matters",
                "No, its codes still follow N(0, I)",
            ),
            0,
            (
                "Noise only makes the reconstruction worse, and without the KL it costs nothing to "
                "make it small.",
                "Only the KL pulls the codes towards N(0, I). Look at the scale of the map.",
            ),
        ),
        Numeric(
            "In your result: how many nats does the code hold about its image (KL) at the weight "
            "nearest to 1 between the ends?",
            _answer,
            "It is the x coordinate of that weight in the last chart, and the KL in the table.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "betas": [0, 0.01, 0.1, 0.3, 1, 2, 5, 10, 20, 50, 1000],
        "steps": 9000,
        "seeds": 3,
    },
    table=("arm", "seed", "recon", "kl", "loss", "aggregated", "knn"),
    recipe=lambda found, row: config(found, float(row["beta"])) if "beta" in row else None,
)
