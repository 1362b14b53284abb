"""The experiment on the ELBO as a bound: claim, charts, questions and protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.likelihood.arms import HIDDEN, config
from aeviz.experiments.likelihood.parameters import EXACT, Parameters, arm_of, check
from aeviz.experiments.likelihood.tasks import tasks, work
from aeviz.experiments.likelihood.verdict import judge
from aeviz.experiments.splits import SAME_TEST
from aeviz.experiments.statistics import interval

PUBLISHED: Final = (
    "Published for all of MNIST with drawn pixels and a 784-400-40 VAE: 89.78 with 200 samples "
    "(benchmark_VAE by C. Chadebec et al.)."
)


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    kinds = {
        "drawn": "black and white, each drawn once with the probability of its grey level",
        "threshold": "black and white, white from the middle grey on",
        "grey": "grey, so that the cross-entropy is not a likelihood",
    }
    return [
        ("Pixels", kinds[params.pixels]),
        ("Network", f"one hidden layer of {HIDDEN} units on each side, {params.steps} steps"),
        (
            "Bound",
            f"{params.counts[-1]:,} samples per image in groups of k, in double precision. If each "
            "k divides the next, the curve cannot fall: the test is whether it passes the exact "
            "value",
        ),
        ("Test images", f"up to {params.images:,}, taken evenly from the test set"),
        ("Exact", "a grid of codes from −6 to 6 in steps of 0.03, for one or two numbers"),
        ("Aggregated posterior", "the exact mixture of all codes of the training images"),
        ("Tuned on", "nothing: all settings are fixed"),
        SAME_TEST,
    ]


GREY: Final = {
    "nll": {
        "y": "grey_loss",
        "label": "Loss with grey pixels, no likelihood (nats per image)",
        "note": "The first point is the cross-entropy plus the KL. Grey pixels have no likelihood "
        "here, so no point is a bound of −log p(x).",
    },
    "tighter": {
        "label": "How much lower than with one sample (nats per image)",
        "note": "The same as the distance of each point above from the first.",
    },
}
"""How charts differ that measure something else with grey pixels."""


def _adapt(params: Parameters, chart: Chart) -> Chart:
    changes = GREY.get(chart.y, {}) if params.pixels == "grey" else {}
    return replace(chart, **changes)  # type: ignore[arg-type]


def _answer(result: Result) -> float | None:
    """Of the largest code: how many nats the samples gain. Grey pixels have no bound."""
    if result.parameters.pixels == "grey":
        return None
    sizes = [size for size in result.parameters.sizes if result.of("gain", arm=arm_of(size))]
    return interval(result.of("gain", arm=arm_of(sizes[-1]))).mean if sizes else None


EXPERIMENT = Experiment(
    name="likelihood",
    title="How tight is the ELBO?",
    claim="The ELBO is only a lower bound of log p(x), and more importance samples tighten it.",
    why="The encoder's Gaussian q(z|x) is not the true distribution of codes that could have made "
    "the image. The ELBO lies below log p(x) by the KL divergence between the two. Averaging the "
    "importance weights p(x, z) / q(z|x) of k codes before taking the logarithm makes this gap "
    "smaller. With infinitely many codes it is gone.",
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
            "tighter",
            "How much tighter than the ELBO (nats per image)",
            "k",
            "importance samples",
            log_x=True,
            note="The same as the distance of each point above from the first. Where the curve has "
            "become flat, more samples of this encoder find nothing new.",
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
        lambda params: params.counts,
        80.0,
        160.0,
        winner=("less than 3 nats", "3 to 10 nats", "more than 10 nats"),
        pick="By how much will it fall?",
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
            "Between 500 and 5,000 samples the curve becomes flat. What does that say?",
            (
                "More samples of this encoder find nothing new",
                "The bound is certainly close to log p(x)",
                "The encoder has found the true distribution of codes",
            ),
            0,
            (
                "Often little of the gap is left then. But codes that the encoder hardly ever "
                "draws would need far more samples.",
                "Not if there are codes that the encoder hardly ever draws. Only the exact value, "
                "for two numbers, shows the whole gap.",
                "Then the ELBO itself, with one sample, would equal the last bound.",
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
    comparable=("dataset", "pixels"),
    adapt=_adapt,
    table=("arm", "seed", "k", "nll", "grey_loss", "kl", "information", "aggregated", "active"),
    recipe=lambda params, row: (
        config(params, int(row["size"])) if EXACT not in str(row["arm"]) else None
    ),
)
