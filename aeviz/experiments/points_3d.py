"""Points of a curved surface in space: to two numbers and back, by an autoencoder and others.

Of the methods that make a map only some can place a new point on it, and fewer can come back to
space. An autoencoder does both. Whether its map is the surface laid flat is another question: a
small error needs no unrolling. The surfaces are those of `aeviz.experiments.surfaces`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from aeviz.config import BottleneckConfig, LossConfig, NetworkConfig, RunConfig
from aeviz.errors import UserError
from aeviz.evaluation.neighbourhoods import continuity, distance_correlation, trustworthiness
from aeviz.experiments import parameters as p
from aeviz.experiments.base import (
    BreakIt,
    Chart,
    Choice,
    Experiment,
    Numeric,
    Output,
    Prediction,
    Result,
    Row,
    Task,
    Verdict,
)
from aeviz.experiments.statistics import compare, interval
from aeviz.experiments.surfaces import SHAPES, Cloud, distance, draw, pairs_of
from aeviz.nn.model import Autoencoder

Array = NDArray[np.float64]
AE: Final = "autoencoder"
ARMS: Final = {
    "pca": "PCA",
    "ae": AE,
    "kernel-pca": "kernel PCA",
    "isomap": "Isomap",
    "lle": "LLE",
    "t-sne": "t-SNE",
    "umap": "UMAP",
}
WITH_WAY_BACK: Final = ("pca", "ae", "kernel-pca")
NEIGHBOURS: Final = 12
PAIRS: Final = 5_000
LOSS: Final = 0.01
"""Share of the points' variance that counts as almost no loss; they have a variance of 1."""
HELD_OUT: Final = 300
"""Points for validation, and as many for the test."""
BATCH: Final = 256
RATE: Final = 1e-2
FRAMES: Final = 10
GRID: Final = 22
"""Codes along each side of the decoded grid."""
REACH: Final = 1.0
"""Steps of the grid that the surface reaches beyond the codes."""
DRAWN: Final = 600
"""Points of the figures."""


@dataclass(frozen=True)
class Parameters:
    shape: str = p.choice("s-curve", "Shape", "The surface that the points lie on.", (*SHAPES,))
    arms: tuple[str, ...] = p.choices((*ARMS,), "Methods", "What is compared.", (*ARMS,))
    points: int = p.number(800, "Points", "Points that each method sees.", 100, 5_000)
    width: int = p.number(
        64, "Width", "Units of each of the autoencoder's two hidden layers.", 4, 512
    )
    steps: int = p.number(
        2_000, "Training steps", f"Of the autoencoder, {BATCH} points each.", 50, 100_000
    )
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    if not {"pca", "ae"} <= {*found.arms}:
        raise UserError("Compare the autoencoder with PCA at least: name both in Methods (arms).")


def tasks(found: Parameters) -> list[Task]:
    """Seed by seed, each with its own points; UMAP last, as it takes long to start."""
    arms = sorted(found.arms, key=lambda arm: (arm == "umap", [*ARMS].index(arm)))
    return [
        Task(f"{arm}-{seed}", {"arm": arm, "seed": seed})
        for seed in range(found.seeds)
        for arm in arms
    ]


@dataclass(frozen=True)
class Map:
    """A method's map of the training points, z (N, 2), and what else it can do: `place` new points
    (M, 3) on it, and lead places (M, 2) `back` to space. `setting`: what was chosen on validation
    points, in words."""

    z: Array
    place: Callable[[Array], Array] | None = None
    back: Callable[[Array], Array] | None = None
    setting: str = ""


def work(found: Parameters, task: Task) -> Output:
    arm, seed = task.values["arm"], task.values["seed"]
    cloud = draw(found.shape, found.points, 3 * seed + 1)
    held_out = draw(found.shape, HELD_OUT, 3 * seed + 2).points
    arrays: dict[str, list[Any]] = {}
    if arm == "ae":
        made, arrays = _autoencoder(found, cloud, held_out, seed)
    else:
        made = METHODS[arm](cloud.points, held_out, seed)
    row: Row = {"arm": ARMS[arm], "seed": seed, **_measure(found, cloud, made, seed)}
    if seed:
        return Output([row])
    arrays["codes"] = _rounded(made.z[:DRAWN])
    if arm == "pca":  # what all figures share
        arrays["points"] = _rounded(cloud.points[:DRAWN])
        arrays["colour"] = _rounded(_colour(found.shape, cloud)[:DRAWN])
    return Output([row], arrays=arrays)


def _measure(found: Parameters, cloud: Cloud, made: Map, seed: int) -> Row:
    test = draw(found.shape, HELD_OUT, 3 * seed + 3)
    pairs = pairs_of(cloud, PAIRS, seed)
    k = min(NEIGHBOURS, len(cloud.points) // 2 - 1)
    row: Row = {
        "trust": trustworthiness(cloud.points, made.z, k),
        "continuity": continuity(cloud.points, made.z, k),
        "order": distance_correlation(distance(found.shape, cloud, pairs), made.z, pairs),
        "new_points": "yes" if made.place else "no",
        "way_back": "yes" if made.back else "no",
        "setting": made.setting,
    }
    if made.place:
        row["new_trust"] = trustworthiness(test.points, made.place(test.points), NEIGHBOURS)
    if made.place and made.back:
        x_hat = made.back(made.place(test.points))
        row["mse"] = float(np.square(x_hat - test.points).mean())
    return row


def _colour(shape: str, cloud: Cloud) -> Array:
    """The first coordinate of the sheet, or the piece, from 0 to 1: the same on all pictures."""
    value = cloud.part.astype(np.float64) if shape == "two planes" else cloud.sheet[:, 0]
    return (value - value.min()) / (np.ptp(value) or 1)


def _rounded(values: Array) -> list[Any]:
    found: list[Any] = np.round(np.asarray(values, dtype=np.float64), 3).tolist()
    return found


# ---- methods -----------------------------------------------------------------------------------


def _pca(x: Array, held_out: Array, seed: int) -> Map:
    from sklearn.decomposition import PCA

    model = PCA(2).fit(x)
    return Map(model.transform(x), model.transform, model.inverse_transform)


def _kernel_pca(x: Array, held_out: Array, seed: int) -> Map:
    """The kernel's width by the error of validation points; its way back is a ridge regression."""
    from sklearn.decomposition import KernelPCA

    def error(model: Any) -> float:
        back = model.inverse_transform(model.transform(held_out))
        return float(np.square(back - held_out).mean())

    made = {
        gamma: KernelPCA(
            2, kernel="rbf", gamma=gamma, fit_inverse_transform=True, alpha=1e-3,
            eigen_solver="arpack", random_state=seed,
        ).fit(x)
        for gamma in (0.03, 0.1, 0.3, 1.0)
    }  # fmt: skip
    gamma, model = min(made.items(), key=lambda pair: error(pair[1]))
    return Map(model.transform(x), model.transform, model.inverse_transform, f"gamma {gamma:g}")


def _by_trust(make: Callable[[int], Any], x: Array, held_out: Array, over: Sequence[int]) -> Map:
    """The setting whose map of the validation points is the most trustworthy and continuous."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pieces without a connection are joined, and that is said
        for setting in over:
            model = make(setting)
            z = model.fit_transform(x)
            new = model.transform(held_out)
            score = trustworthiness(held_out, new, NEIGHBOURS) + continuity(
                held_out, new, NEIGHBOURS
            )
            found.append((score, setting, z, model))
    _, setting, z, model = max(found, key=lambda one: one[0])
    return Map(z, model.transform, setting=f"{setting} neighbours")


def _isomap(x: Array, held_out: Array, seed: int) -> Map:
    from sklearn.manifold import Isomap

    return _by_trust(lambda k: Isomap(n_neighbors=k), x, held_out, (6, 9, 12))


def _lle(x: Array, held_out: Array, seed: int) -> Map:
    from sklearn.manifold import LocallyLinearEmbedding

    def make(k: int) -> Any:
        return LocallyLinearEmbedding(n_neighbors=k, random_state=seed, eigen_solver="dense")

    return _by_trust(make, x, held_out, (8, 12, 20))


def _tsne(x: Array, held_out: Array, seed: int) -> Map:
    """scikit-learn's, with the perplexity of its comparison of methods."""
    from sklearn.manifold import TSNE

    perplexity = min(40.0, (len(x) - 1) / 3)
    model = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
    return Map(model.fit_transform(x).astype(np.float64), setting=f"perplexity {perplexity:g}")


def _umap(x: Array, held_out: Array, seed: int) -> Map:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        model = UMAP(n_neighbors=15, random_state=seed, n_jobs=1)
        z = model.fit_transform(x.astype(np.float32)).astype(np.float64)

    def place(new: Array) -> Array:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            placed: Array = model.transform(new.astype(np.float32)).astype(np.float64)
        return placed

    return Map(z, place, setting="15 neighbours")


METHODS: Final[dict[str, Callable[[Array, Array, int], Map]]] = {
    "pca": _pca,
    "kernel-pca": _kernel_pca,
    "isomap": _isomap,
    "lle": _lle,
    "t-sne": _tsne,
    "umap": _umap,
}


def config(found: Parameters, seed: int = 0) -> RunConfig:
    """3 - 64 - 64 - 2 - 64 - 64 - 3 with smooth activations, so that the surface has no edges."""
    return RunConfig(
        network=NetworkConfig(
            hidden=(found.width, found.width), activation="silu", output="linear", init="glorot"
        ),
        bottleneck=BottleneckConfig(latent_dim=2),
        loss=LossConfig(reconstruction="mse"),
    ).replace(**{"training.seed": seed})


def _autoencoder(
    found: Parameters, cloud: Cloud, held_out: Array, seed: int
) -> tuple[Map, dict[str, list[Any]]]:
    """Trained here: points are no images, and have no black and white. With the decoded grid of
    codes of a few moments of the training of the first seed."""
    settings = config(found, seed)
    model = Autoencoder(settings, (1, 1, 3))
    chance = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), RATE, fused=True)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, found.steps, pct_start=0.15)
    x = torch.from_numpy(cloud.points).float()[:, None, None]  # (N, 1, 1, 3)
    shown = {round(found.steps * (frame / FRAMES) ** 2) for frame in range(1, FRAMES + 1)}
    arrays: dict[str, list[Any]] = {"steps": [], "surfaces": []}
    for step in range(1, found.steps + 1):
        batch = x[torch.randint(len(x), (BATCH,), generator=chance)]
        loss = model.loss(model(batch), batch, batch, settings.loss.beta).total
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        rate.step()
        if step in shown and not seed:
            arrays["steps"].append(step)
            arrays["surfaces"].append(surface(model, encode(model, cloud.points)))
    model.eval().requires_grad_(False)
    made = Map(
        encode(model, cloud.points),
        lambda new: encode(model, new),
        lambda z: decode(model, z),
    )
    return made, arrays if not seed else {}


@torch.no_grad()
def encode(model: Autoencoder, points: Array) -> Array:
    """Points (N, 3) to codes (N, 2)."""
    codes: Array = model.encode(torch.from_numpy(points).float()[:, None, None]).double().numpy()
    return codes


@torch.no_grad()
def decode(model: Autoencoder, z: Array) -> Array:
    """Codes (N, 2) to points (N, 3)."""
    points: Array = model.decode(torch.from_numpy(z).float()).reshape(-1, 3).double().numpy()
    return points


def surface(model: Autoencoder, z: Array) -> list[list[list[float | None]]]:
    """The decoder's surface over the range of the codes z (N, 2): GRID rows of as many places, None
    where no code is within REACH steps of the grid: there the decoder only guesses."""
    low, high = z.min(0), z.max(0)
    axes = [np.linspace(low[i], high[i], GRID) for i in (0, 1)]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    step = np.maximum((high - low) / (GRID - 1), 1e-12)
    near = np.linalg.norm((grid[:, None] - z) / step, axis=2).min(1) <= REACH
    places: list[list[float | None]] = [
        place if known else [None] * 3
        for place, known in zip(_rounded(decode(model, grid)), near, strict=True)
    ]
    return [places[start : start + GRID] for start in range(0, len(places), GRID)]


# ---- verdict -----------------------------------------------------------------------------------


def judge(result: Result) -> Verdict:
    """Whether the error of new points is below LOSS of their variance, and below PCA's, paired by
    the points drawn. And whose map is truest to the surface, which a small error does not say."""
    errors = {arm: result.of("mse", arm=arm) for arm in (AE, ARMS["pca"])}
    if min(map(len, errors.values())) < 2:
        return Verdict("open", "Two seeds of the autoencoder and of PCA are needed for a verdict.")
    back = compare(*_paired(errors[AE], errors[ARMS["pca"]]), paired=True)
    error = interval(errors[AE])
    said = (
        f"The autoencoder's error of new points is {error} of their variance, PCA's "
        f"{interval(errors[ARMS['pca']]).mean:.3g}."
    )
    truest = _truest(result)
    if back.ahead == "a":
        return Verdict("fails", f"{said} PCA is better.{truest}")
    if error.low > LOSS:
        ahead = "" if back.ahead == "b" else " PCA does as well."
        return Verdict("fails", f"{said} That is more than {LOSS:.0%}.{ahead}{truest}")
    if error.high <= LOSS and back.ahead == "b":
        return Verdict("holds", f"{said} That is less than {LOSS:.0%}.{truest}")
    return Verdict("open", f"{said} That is too close to {LOSS:.0%} to call.{truest}")


def _truest(result: Result) -> str:
    """The autoencoder's map against the best other one, in a sentence."""
    order = {arm: result.of("order", arm=arm) for arm in result.values("arm")}
    others = {arm: values for arm, values in order.items() if arm != AE and len(values) > 1}
    if not others or len(order.get(AE, [])) < 2:
        return ""
    best = max(others, key=lambda arm: interval(others[arm]).mean)
    flat = compare(*_paired(order[AE], others[best]), paired=True)
    verdict = {
        "a": "Its map is the truest to the surface",
        "b": f"{best}'s map is truer to the surface",
        "open": f"Its map and {best}'s are equally true to the surface",
    }[flat.ahead]
    back = result.values("way_back", arm=best) == ["yes"]
    but = "" if back or flat.ahead == "a" else f", but {best} has no way back"
    return (
        f" {verdict} (rank correlation of distances {interval(order[AE]).mean:.2f} against "
        f"{interval(others[best]).mean:.2f}){but}."
    )


def _paired(a: Sequence[float], b: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    both = min(len(a), len(b))
    return a[:both], b[:both]


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        (
            "Data",
            f"{found.points:,} points of the shape, redrawn for each seed; {HELD_OUT} others "
            f"for validation and {HELD_OUT} for the error",
        ),
        ("Scale", "one factor for all three axes, to a mean variance of 1"),
        (
            "Autoencoder",
            f"3 - {found.width} - {found.width} - 2 and back, SiLU, {found.steps:,} steps of "
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
    why="The decoder is a sheet of rubber in space: its two numbers say where on the sheet a point "
    "is. Training moves the sheet to the points. A fold that passes through all points has a small "
    "error, too, so nothing forces the sheet to unroll. Isomap measures ways along the surface, "
    "but cannot come back.",
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
            note="Low continuity: the map tears neighbours apart. Low trustworthiness: it lays "
            "strangers beside each other.",
        ),
        Chart("new_trust", "Trustworthiness for new points", kind="bars", better="higher"),
    ),
    prediction=Prediction(
        "Draw the error of each method that leads back to space.",
        AE,
        lambda found: [ARMS[arm] for arm in found.arms if arm in WITH_WAY_BACK],
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
            ("Yes, else it could not rebuild the points", "Not necessarily"),
            1,
            (
                "A sheet that is folded or stretched can pass through all points as well.",
                "The error only asks whether the sheet passes through the points, not how.",
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
    reference={"shape": "swiss roll", "points": 2_000, "steps": 20_000, "seeds": 5},
    table=(
        "arm", "seed", "mse", "trust", "continuity", "order", "new_trust", "new_points", "way_back",
        "setting",
    ),
)  # fmt: skip
