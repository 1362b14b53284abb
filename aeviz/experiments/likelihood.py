"""The ELBO as a bound: importance samples tighten it, and for small codes a grid has the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.datasets.binarised import Binarisation, binarised
from aeviz.errors import UserError
from aeviz.evaluation import likelihood, metrics
from aeviz.evaluation.evaluate import decode_all, encode_all
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
from aeviz.experiments.fitting import fitted
from aeviz.experiments.pictures import strip
from aeviz.experiments.statistics import compare, interval
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

EXACT: Final = ", exact"
PIXELS: Final = ("drawn", "threshold", "grey")
HIDDEN: Final = 400
BATCH: Final = 100
SHOWN: Final = 8
GREY_DRAWS: Final = 20_000
SLACK: Final = 0.1
"""Nats per image by which an estimate of the bound may pass the exact value by chance."""
PUBLISHED: Final = (
    "Published for all of MNIST with drawn pixels and a 784-400-40 VAE: 89.78 with 200 samples "
    "(benchmark_VAE by C. Chadebec et al.)."
)


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    sizes: tuple[int, ...] = p.numbers(
        (2, 20), "Code sizes", "How many numbers the code has.", 1, 256, 4
    )
    counts: tuple[int, ...] = p.numbers(
        (1, 5, 50, 500, 5000), "Samples", "How many importance samples a bound uses.", 1, 10_000, 8
    )
    pixels: str = p.choice(
        "drawn",
        "Pixels",
        "drawn: white with the probability of the grey level. threshold: white from the middle "
        "grey on. grey: as they are, which is no likelihood.",
        PIXELS,
    )
    images: int = p.number(
        100, "Test images", "So many test images are measured, of all of them evenly.", 10, 10_000
    )
    steps: int = p.number(600, "Training steps", "The same for each code size.", 20, 400_000)
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    if len(found.counts) < 2 or found.counts[0] > 1:
        raise UserError("Compare 1 sample, which is the ELBO, with more: name both in Samples.")


def tasks(found: Parameters) -> list[Task]:
    return [
        Task(f"{size}-{seed}", {"size": size, "seed": seed})
        for seed in range(found.seeds)
        for size in found.sizes
    ]


def images_of(found: Parameters) -> Dataset:
    """The data set with the pixels that the experiment is about."""
    dataset = datasets.load(found.dataset)
    if found.pixels == "grey":
        return dataset
    return binarised(dataset, cast(Binarisation, found.pixels))


def config(found: Parameters, size: int) -> RunConfig:
    """One hidden layer of 400 units on each side, as in the published figures."""
    return settings_for("vae", found.dataset).replace(
        **{
            "network.hidden": [HIDDEN],
            "network.norm": "none",
            "bottleneck.latent_dim": size,
            "training.batch_size": BATCH,
            "training.lr": 0.002,
        }
    )


def work(found: Parameters, task: Task) -> Output:
    dataset = images_of(found)
    size, seed = task.values["size"], task.values["seed"]
    model = fitted(config(found, size), dataset, found.steps, seed).cpu()
    images = dataset.test.images
    count = min(found.images, len(images))
    x = to_float(images[torch.linspace(0, len(images) - 1, count).long()])
    generator = torch.Generator().manual_seed(seed)
    log_w = likelihood.log_weights(model, x, found.counts[-1], generator)
    bounds = likelihood.bounds(log_w, found.counts)
    arm = _arm(size)
    rows: list[Row] = [
        {"arm": arm, "size": size, "seed": seed, "k": k, "nll": -bound}
        for k, bound in zip(found.counts, bounds.mean(0).tolist(), strict=True)
    ]
    rows[0] |= _codes(found, model, dataset, generator)
    rows[-1] |= _gain(bounds)
    if size <= likelihood.EXACT_SIZE:
        exact = -likelihood.log_marginal(model, x).mean().item()
        rows += [
            {"arm": arm + EXACT, "size": size, "seed": seed, "k": k, "nll": exact}
            for k in found.counts
        ]
    return Output(rows, _pictures(model, x, size, generator) if seed == 0 else {})


def _arm(size: int) -> str:
    return f"{size} number{'s' * (size != 1)}"


def _codes(
    found: Parameters, model: Autoencoder, dataset: Dataset, generator: torch.Generator
) -> Row:
    """What the codes of the training images hold."""
    mu, logvar = encode_all(model, dataset.train)
    assert logvar is not None
    held = likelihood.code_information(mu, logvar, generator)
    row: Row = {
        "kl": held.kl,
        "aggregated": held.aggregated,
        "information": held.information,
        "active": metrics.active_units(mu),
    }
    if found.pixels == "grey":
        row["mass"] = likelihood.log_grey_mass(model, GREY_DRAWS, generator)
        row["floor"] = metrics.entropy_floor(to_float(dataset.test.images)) * mean_size(dataset)
    return row


def mean_size(dataset: Dataset) -> int:
    """The numbers in an image."""
    return math.prod(dataset.image_shape)


def _gain(bounds: Tensor) -> Row:
    """How much the last bound is above the first, with its interval over the images."""
    gain = interval((bounds[:, -1] - bounds[:, 0]).tolist())
    return {"gain": gain.mean, "gain_low": gain.low, "gain_high": gain.high}


def _pictures(
    model: Autoencoder, x: Tensor, size: int, generator: torch.Generator
) -> dict[str, Picture]:
    z = torch.randn(SHOWN, model.latent_dim, generator=generator)
    return {
        "images": Picture("test images", strip(x[:SHOWN]), _arm(size)),
        "drawn": Picture(
            f"decoded from random codes of {_arm(size)}", strip(decode_all(model, z)), _arm(size)
        ),
    }


def judge(result: Result) -> Verdict:
    """Whether the bound rises with the samples, for the largest code, and stays below the exact
    value where there is one. Grey pixels have no likelihood, whatever the curve does."""
    found: Parameters = result.parameters
    arms = [_arm(size) for size in found.sizes if result.of("nll", arm=_arm(size))]
    if not arms:
        return Verdict("open", "No model is trained yet.")
    masses = result.of("mass")
    if found.pixels == "grey" and masses:
        return Verdict(
            "fails",
            "Grey pixels have no likelihood here: over all grey images the “probabilities” sum to "
            f"e^{interval(masses).mean:.0f} and not to 1. Even a perfect reconstruction would have "
            f"{interval(result.of('floor')).mean:.0f} nats per image and not 0.",
        )
    arm, first, last = arms[-1], found.counts[0], found.counts[-1]
    means = [interval(result.of("nll", arm=arm, k=k)).mean for k in found.counts]
    gain = compare(
        result.of("nll", arm=arm, k=first), result.of("nll", arm=arm, k=last), paired=True
    )
    said = (
        f"With a code of {arm}, −log p(x) is at most {means[0]:.2f} nats per image by the ELBO and "
        f"at most {means[-1]:.2f} by {last:,} samples: {gain.difference} nats less. The last step, "
        f"from {found.counts[-2]:,} to {last:,}, gives {means[-2] - means[-1]:.2f}."
    )
    passed, more = _against_exact(result)
    rises = all(a >= b for a, b in pairwise(means))
    if passed or gain.ahead == "b":
        return Verdict("fails", said + more)
    if gain.ahead == "a" and rises:
        return Verdict("holds", said + more)
    return Verdict("open", f"{said}{more} It is too close to call.")


def _against_exact(result: Result) -> tuple[bool, str]:
    """Whether any bound passes the exact value, and a sentence on the smallest distance."""
    found: Parameters = result.parameters
    for size in reversed(found.sizes):
        exact = result.of("nll", arm=_arm(size) + EXACT, k=found.counts[-1])
        reached = result.of("nll", arm=_arm(size), k=found.counts[-1])
        if exact and len(exact) == len(reached):
            distance = interval([a - b for a, b in zip(reached, exact, strict=True)])
            return distance.high < -SLACK or distance.mean < -SLACK, (
                f" With {_arm(size)} the exact value is {interval(exact).mean:.2f}, and "
                f"{found.counts[-1]:,} samples reach it within {abs(distance.mean):.2f}."
            )
    return False, ""


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    kinds = {
        "drawn": "black and white, each drawn once with the probability of its grey level",
        "threshold": "black and white, white from the middle grey on",
        "grey": "grey, so that the cross-entropy is not a likelihood",
    }
    return [
        ("Pixels", kinds[found.pixels]),
        ("Network", f"one hidden layer of {HIDDEN} units on each side, {found.steps} steps"),
        ("Bound", f"{found.counts[-1]:,} samples per image in groups of k, in double precision"),
        ("Test images", f"up to {found.images:,}, taken evenly from the test set"),
        ("Exact", "a grid of codes from −6 to 6 in steps of 0.03, for one or two numbers"),
        ("Aggregated posterior", "the exact mixture of all codes of the training images"),
        ("Tuned on", "nothing: all settings are fixed"),
    ]


def _answer(result: Result) -> float | None:
    """Of the largest code: how many nats the samples gain."""
    sizes = [size for size in result.parameters.sizes if result.of("gain", arm=_arm(size))]
    return interval(result.of("gain", arm=_arm(sizes[-1]))).mean if sizes else None


EXPERIMENT = Experiment(
    name="likelihood",
    title="How tight is the ELBO?",
    claim="The ELBO is only a lower bound of log p(x), and more importance samples tighten it.",
    why="The encoder's Gaussian is not the true distribution of codes that could have made the "
    "image. The ELBO lies below log p(x) by the KL divergence between the two. Averaging the "
    "weights of k codes before taking the logarithm corrects for this. With infinitely many codes "
    "nothing is left of the gap.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "nll",
            "Bound of −log p(x) (nats per image)",
            "k",
            "importance samples",
            log_x=True,
            better="lower",
            note=f"The first point is the negative ELBO. {PUBLISHED}",
        ),
        Chart(
            "information",
            "What the code says about the image (nats)",
            kind="bars",
            better="",
            note="The mutual information of image and code. It is at most the logarithm of the "
            "number of images.",
        ),
        Chart(
            "aggregated",
            "KL of the aggregated posterior to N(0, I) (nats)",
            kind="bars",
            better="lower",
            note="All codes together against the prior. 0: random codes come from where the "
            "encoder puts images.",
        ),
    ),
    prediction=Prediction(
        "Draw the bound for the code of 20 numbers over the number of importance samples.",
        "20 numbers",
        lambda found: found.counts,
        80.0,
        160.0,
        winner=("it falls by less than 3 nats", "by 3 to 10 nats", "by more"),
    ),
    break_it=BreakIt(
        "Grey images",
        "The same numbers for grey pixels. Do the probabilities of all images still sum to 1?",
        {"pixels": "grey", "counts": [1, 50, 500], "seeds": 2},
    ),
    questions=(
        Choice(
            "Two VAEs report a negative ELBO of 90 (black and white digits) and 93 (grey digits). "
            "Which is better?",
            ("The one with 90", "The numbers cannot be compared"),
            1,
            (
                "The smaller number belongs to other images. Grey pixels have no likelihood here.",
                "Cross-entropy of grey pixels is not the logarithm of a probability. Even drawn "
                "and thresholded pixels are two different data sets.",
            ),
        ),
        Choice(
            "The bound stops rising between 500 and 5,000 samples. What does that say?",
            (
                "The bound is close to log p(x)",
                "The encoder has found the true distribution of codes",
            ),
            0,
            (
                "If more samples change nothing, little of the gap is left.",
                "Then the ELBO itself, with one sample, would be as high as the last bound.",
            ),
        ),
        Numeric(
            "In your result: how many nats per image lie between the ELBO and the last bound, for "
            "the largest code?",
            _answer,
            "It is the first point of the curve less the last one.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "sizes": [2, 40],
        "images": 2000,
        "steps": 120_000,
        "seeds": 3,
    },
    table=("arm", "seed", "k", "nll", "kl", "information", "aggregated", "active"),
    recipe=lambda found, row: (
        config(found, int(row["size"])) if EXACT not in str(row["arm"]) else None
    ),
)
