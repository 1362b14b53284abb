"""The experiment on points in space: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.points_3d.arms import NEIGHBOURS
from aeviz.experiments.points_3d.parameters import AE, ARMS, BATCH, WITH_WAY_BACK, Parameters, check
from aeviz.experiments.points_3d.tasks import HELD_OUT, PAIRS, tasks, work
from aeviz.experiments.points_3d.verdict import judge
from aeviz.experiments.statistics import interval


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        (
            "Data",
            f"{params.points:,} points of the shape, redrawn for each seed; {HELD_OUT} others "
            f"for validation and {HELD_OUT} for the error",
        ),
        ("Scale", "one factor for all three axes, to a mean variance of 1"),
        (
            "Autoencoder",
            f"3 - {params.width} - {params.width} - 2 and back, SiLU, {params.steps:,} steps of "
            f"{BATCH} points",
        ),
        (
            "Tuned on",
            "validation points: kernel width (error); neighbours of Isomap and LLE "
            "(trustworthiness + continuity). t-SNE and UMAP have their usual settings",
        ),
        ("Neighbours", f"trustworthiness and continuity with k = {NEIGHBOURS}"),
        (
            "Distances",
            f"Spearman's rank correlation over {PAIRS:,} pairs: way along the surface, and "
            "distance on the map; of two planes only pairs on the same one",
        ),
        ("Way back", "PCA, kernel PCA and the autoencoder; UMAP's slow inverse is left out"),
    ]


def _answer(result: Result) -> float | None:
    errors = {arm: result.of("mse", arm=arm) for arm in (AE, ARMS["pca"])}
    if not all(errors.values()):
        return None
    return interval(errors[ARMS["pca"]]).mean / interval(errors[AE]).mean


EXPERIMENT = Experiment(
    name="points-3d",
    title="From space to two numbers and back",
    claim="An autoencoder takes points of a curved surface to two numbers and back, almost without "
    "loss.",
    why="The decoder describes a surface in space: its two numbers say where on the surface a "
    "point is. Training bends the surface towards the points. A folded surface that passes through "
    "all points has a small error, too, so nothing forces it to unroll. Isomap measures distances "
    "along the surface, but has no way back to space.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "mse",
            "Error of new points in space, there and back (share of their variance)",
            kind="bars",
            log_y=True,
            better="lower",
            note="Only methods that place new points and lead back have one. 1 is the error of "
            "always answering with the mean.",
        ),
        Chart(
            "order",
            "Agreement with distances on the surface (rank correlation)",
            kind="bars",
            better="higher",
            note="1: the map is the surface laid flat.",
        ),
        Chart("trust", "Trustworthiness of the map", kind="bars", better="higher"),
        Chart(
            "continuity",
            "Continuity of the map",
            kind="bars",
            better="higher",
            note="Low continuity: the map tears neighbours apart. Low trustworthiness: it puts "
            "points beside each other that are far apart in space.",
        ),
        Chart("new_trust", "Trustworthiness for new points", kind="bars", better="higher"),
    ),
    prediction=Prediction(
        "Draw the error of each method that leads back to space.",
        AE,
        lambda params: [ARMS[arm] for arm in params.arms if arm in WITH_WAY_BACK],
        0.0,
        0.4,
        winner=(AE, "PCA", "kernel PCA"),
    ),
    break_it=BreakIt(
        "A torus",
        "To lay a torus flat it must be cut twice. The network presses it flat instead, as PCA "
        "does. Turn the figure: which points does the decoder's surface miss?",
        {"shape": "torus"},
    ),
    questions=(
        Choice(
            "The autoencoder's error is small. Is its map the surface laid flat?",
            ("Yes, else it could not reconstruct the points", "Not necessarily"),
            1,
            (
                "A surface that is folded or stretched can pass through all points as well.",
                "The error only asks whether the surface passes through the points, not how.",
            ),
        ),
        Choice(
            "Which of these methods can say where a new point belongs, and lead a place on the "
            "map back to space?",
            ("t-SNE", "Isomap", "An autoencoder"),
            2,
            (
                "t-SNE only arranges the points that it was given.",
                "Isomap can place a new point, but it has no way back.",
                "The encoder places any point, the decoder leads any place back.",
            ),
        ),
        Numeric(
            "In your result: how many times as large is PCA's error in space as the autoencoder's?",
            _answer,
            "It is the ratio of the two means in the chart of the error.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={"shape": "s-curve", "points": 2_000, "steps": 20_000, "seeds": 5},
    comparable=("shape",),
    table=(
        "arm", "seed", "mse", "trust", "continuity", "order", "new_trust", "new_points", "way_back",
        "setting",
    ),
)  # fmt: skip
