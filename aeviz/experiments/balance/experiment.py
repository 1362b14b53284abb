"""The experiment on reconstruction against KL: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz.experiments.balance.arms import config
from aeviz.experiments.balance.parameters import Parameters, arm_of, check, roles, together
from aeviz.experiments.balance.tasks import tasks, work
from aeviz.experiments.balance.verdict import judge
from aeviz.experiments.base import (
    BreakIt,
    Chart,
    Choice,
    Experiment,
    Numeric,
    Prediction,
    Result,
    Series,
)
from aeviz.experiments.splits import SAME_TEST
from aeviz.experiments.statistics import interval


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        ("Images", "black and white: a pixel is white from the middle grey on"),
        ("Equal for all weights", f"network (256, 64, code of 2), {params.steps} steps"),
        ("Reconstruction, KL", "test images, one drawn code each; their sum is the negative ELBO"),
        ("Classes", "5 nearest neighbours of drawn codes, not of means"),
        ("Distance to the prior", "KL of the aggregated posterior, exact mixture of the codes"),
        ("Tuned on", "nothing: the settings are those that Train starts with"),
        SAME_TEST,
    ]


def _answer(result: Result) -> float | None:
    arm = arm_of(together(result.parameters))
    rates = result.of("kl", arm=arm)
    return interval(rates).mean if rates else None


EXPERIMENT = Experiment(
    name="balance",
    title="Reconstruction against KL",
    claim="The KL alone collapses the codes. Together with reconstruction it keeps the classes "
    "apart, and the codes lie closer to the prior, N(0, I), than without the KL.",
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
        lambda params: [arm_of(beta) for beta in params.betas],
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
            "Is a VAE with beta = 0 the same as an ordinary autoencoder?",
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
            "In your result: how large is the KL (nats per image) at the weight nearest to 1 "
            "between the ends?",
            _answer,
            "It is the x coordinate of that weight in the last chart, and the KL in the table. "
            "The code says at most this much about its image.",
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
    recipe=lambda params, row: config(params, float(row["beta"])) if "beta" in row else None,
    series=Series(
        "Weight of the KL (beta)",
        lambda params: {f"{beta:g}": f"{beta:g}-0" for beta in params.betas},
        lambda params: [f"{beta:g}" for beta in roles(params)],
    ),
)
