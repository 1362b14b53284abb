"""The experiment on linear autoencoders: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.linear_is_pca.arms import config
from aeviz.experiments.linear_is_pca.parameters import PCA, Parameters, arm, check, measured_at
from aeviz.experiments.linear_is_pca.tasks import tasks, work
from aeviz.experiments.linear_is_pca.verdict import EQUAL_ANGLE, EQUAL_ERROR, judge
from aeviz.experiments.statistics import interval, percent


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        ("Network", "the Linear type of Train: no hidden layer, linear output, squared error"),
        ("Error", "mean squared error per pixel of the training images, for which PCA is optimal"),
        (
            "Angle",
            "largest principal angle between the decoder's columns and the first "
            f"{params.size} components",
        ),
        ("Tuned on", "nothing: the learning rate is the one that Train starts with"),
        (
            "Counts as equal",
            f"an error within {percent(EQUAL_ERROR)} of PCA's and an angle of at most "
            f"{EQUAL_ANGLE:g} degrees, with the whole 95 % interval",
        ),
    ]


def _answer(result: Result) -> float | None:
    params = result.parameters
    angles = result.of("angle", arm=arm(params), step=params.steps)
    return interval(angles).mean if angles else None


EXPERIMENT = Experiment(
    name="linear-is-pca",
    title="Is a linear autoencoder PCA?",
    claim="With linear layers and squared error an autoencoder learns PCA: the same error and the "
    "same plane.",
    why="Without activations, encoder and decoder together place a flat plane through the images. "
    "PCA is the plane with the smallest squared error, so training leads to it. The code may use "
    "any axes within this plane, even slanted ones, so the decoder's columns look mixed. The "
    "directions of largest variance within the plane are the principal components.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "mse",
            "Error per pixel of the training images (MSE)",
            "step",
            "training steps",
            log_x=True,
            log_y=True,
            better="lower",
        ),
        Chart(
            "angle",
            "Largest angle to PCA's plane (degrees)",
            "step",
            "training steps",
            log_x=True,
            log_y=True,
            better="lower",
            note="0 degrees: both planes are the same. 90 degrees: one of the network's directions "
            "has nothing in common with PCA's plane.",
        ),
        Chart(
            "match",
            "Agreement of directions (mean |cosine|)",
            "axes",
            kind="bars",
            better="higher",
            note="1: each direction is one of the principal components.",
        ),
    ),
    prediction=Prediction(
        "Draw the error of the linear autoencoder while it trains.",
        "linear",
        measured_at,
        0.0,
        0.1,
        winner=("PCA", "linear autoencoder", "equal"),
    ),
    break_it=BreakIt(
        "Add a hidden layer with ReLU",
        "Each side gets a layer of ReLU units. The plane may now bend. Whose error is lower at the "
        "end, and what happens to the angle?",
        {"relu": "hidden"},
    ),
    questions=(
        Choice(
            "Are the decoder's columns the principal components?",
            ("Yes, one by one", "No, but they span the same plane"),
            1,
            (
                "Compare the pictures: each column is a mixture of several components.",
                "Any basis of the plane gives the same error, so training has no reason to prefer "
                "the components.",
            ),
        ),
        Choice(
            "Can a linear autoencoder have a lower squared error than PCA on its training images?",
            ("Yes, if it trains long enough", "No, never"),
            1,
            (
                "More steps bring it closer to PCA's error, but not below it.",
                "PCA is the best plane for these images, and a linear autoencoder has only planes.",
            ),
        ),
        Numeric(
            "In your result: how many degrees is the largest angle between the two planes after "
            "the last step (mean of the seeds)?",
            _answer,
            "It is the last point of the second chart.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={"dataset": "mnist", "images": 60_000, "size": 16, "steps": 6000, "seeds": 3},
    comparable=("dataset", "size", "relu"),
    table=("arm", "step", "seed", "mse", "test_mse", "angle", "mean_angle", "axes", "match"),
    recipe=lambda params, row: None if row["arm"] == PCA else config(params),
)
