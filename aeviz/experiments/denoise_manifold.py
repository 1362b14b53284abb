"""Is denoising a projection onto the data? Points of the plane, where all of it can be seen.

The best output for a noisy point is the mean of the clean points that it may come from, which is
known here (`aeviz.experiments.toy_manifold`). It is compared with the nearest clean point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from aeviz.experiments import parameters as p
from aeviz.experiments import toy_manifold
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
from aeviz.experiments.statistics import Interval, compare, interval, why_open
from aeviz.experiments.toy_manifold import BLOB, SPREAD

NETWORK, MEAN, LINEAR = "denoiser", "best output (mean)", "best linear map"
POINTS: Final = 2000
DRAWN: Final = 600
"""Points of the figure."""
MOST: Final = 0.5


@dataclass(frozen=True)
class Parameters:
    shape: str = p.choice(
        "circle",
        "Data",
        "The curve on which the clean points lie. Blob: normally distributed points, no curve.",
        (*toy_manifold.CURVES, BLOB),
    )
    noise: tuple[float, ...] = p.numbers(
        (0.05, 0.1, 0.15, 0.2),
        "Noise",
        "Standard deviation of the noise. The curves are about 2.5 wide.",
        0.01,
        1,
        8,
    )
    steps: int = p.number(toy_manifold.STEPS, "Training steps", "For each network.", 20, 20_000)
    seeds: int = p.seeds(3)


def tasks(params: Parameters) -> list[Task]:
    return [
        Task(f"noise-{number}-{seed}", {"noise": noise, "seed": seed})
        for seed in range(params.seeds)
        for number, noise in enumerate(params.noise)
    ]


def work(params: Parameters, task: Task) -> Output:
    sigma, seed = task.values["noise"], task.values["seed"]
    model = toy_manifold.train(params.shape, sigma, params.steps, seed)
    chance = torch.Generator().manual_seed(1000 + seed)
    clean = toy_manifold.draw(params.shape, 2 * POINTS, chance)
    noisy = clean + sigma * torch.randn(clean.shape, generator=chance)
    linear = toy_manifold.LinearMap(noisy[POINTS:], clean[POINTS:])
    clean, noisy = clean[:POINTS], noisy[:POINTS]
    outputs = {
        NETWORK: toy_manifold.restore(model, noisy),
        MEAN: toy_manifold.best(params.shape, noisy, sigma),
        LINEAR: linear(noisy),
    }
    nearest = toy_manifold.nearest_place(params.shape, noisy)
    rows: list[Row] = [
        {
            "arm": arm,
            "noise": sigma,
            "seed": seed,
            "way": way(noisy, output, nearest),
            **_place(params.shape, noisy, output),
            "from_mean": rms(output - outputs[MEAN]),
            "error": rms(output - clean),
        }
        for arm, output in outputs.items()
    ]
    if seed:
        return Output(rows)
    drawn = {"noisy": noisy, "output": outputs[NETWORK]}
    return Output(
        rows,
        arrays={
            name: [[round(value, 3) for value in point] for point in points[:DRAWN].tolist()]
            for name, points in drawn.items()
        },
    )


def _place(shape: str, noisy: Tensor, output: Tensor) -> Row:
    """How far the outputs (N, 2) lie from the curve; for the blob, which multiple of the noisy
    points (N, 2) they are, by least squares."""
    if shape == BLOB:
        return {"factor": ((output * noisy).sum() / noisy.square().sum()).item()}
    return {"left": toy_manifold.distance(shape, output).mean().item()}


def rms(difference: Tensor) -> float:
    """Root mean square length of rows (N, 2)."""
    return difference.square().sum(1).mean().sqrt().item()


def way(noisy: Tensor, output: Tensor, nearest: Tensor) -> float:
    """Share of the way to the nearest clean points, all (N, 2): 1 for a projection, 0 for a copy,
    below 0 if the output is farther from them than the noisy points are."""
    return 1 - rms(output - nearest) / rms(noisy - nearest)


def judge(result: Result) -> Verdict:
    """Whether the denoiser goes most of the way to the nearest clean points at each noise, and
    farther than the best linear map. The blob has no curve, so its factor is only reported."""
    if result.parameters.shape == BLOB:
        return _of_blob(result)
    most: dict[float, bool] = {}
    short: dict[float, bool] = {}
    shares: dict[float, Interval] = {}
    beaten = []
    for noise in sorted(result.values("noise", arm=NETWORK)):
        own, linear = (result.of("way", arm=arm, noise=noise) for arm in (NETWORK, LINEAR))
        shares[noise] = interval(own)
        most[noise] = shares[noise].low > MOST
        short[noise] = shares[noise].high < MOST
        if compare(linear, own, paired=True).ahead == "a":
            beaten.append(noise)
    if not shares:
        return Verdict("open", "No network is trained yet.")
    low, high = min(shares), max(shares)
    mean = interval(result.of("way", arm=MEAN, noise=high)).mean
    sentence = (
        f"With noise of {low:g} the denoiser goes {_percent(shares[low])} of the way to the "
        "nearest clean point"
        + (f"; with noise of {high:g} it goes {_percent(shares[high])}" if high > low else "")
        + f". The best possible output, the mean, then goes {100 * mean:.0f} %."
    )
    if beaten:
        sentence += f" The best linear map goes farther with noise of {p.as_text(beaten)}."
    if less := [noise for noise, is_short in short.items() if is_short]:
        sentence += f" It goes less than {100 * MOST:.0f} % of it with noise of {p.as_text(less)}."
    if less or beaten:
        return Verdict("fails", sentence)
    if all(most.values()):
        return Verdict("holds", sentence)
    unclear = next(noise for noise, is_most in most.items() if not is_most)
    return Verdict("open", f"{sentence} {why_open(shares[unclear])}")


def _of_blob(result: Result) -> Verdict:
    noise = max(result.values("noise", arm=NETWORK), default=None)
    if noise is None:
        return Verdict("open", "No network is trained yet.")
    own = interval(result.of("factor", arm=NETWORK, noise=noise))
    return Verdict(
        "open",
        "The claim is about curves: any place of the blob may be a clean point. There, the best "
        f"output is the noisy point times s²/(s² + σ²). With noise of {noise:g} that is "
        f"{toy_manifold.factor(noise):.3f}; the denoiser's factor is {own}.",
    )


def _percent(share: Interval) -> str:
    if share.count < 2:
        return f"{100 * share.mean:.0f} % (one value)"
    return f"{100 * share.mean:.0f} % ({100 * share.low:.0f} to {100 * share.high:.0f})"


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        ("Data", f"new points drawn from a {params.shape}, with Gaussian noise"),
        ("Network", "2-64-64-64-64-64-2, which could copy its input; squared error"),
        ("Training", f"{params.steps} steps of {toy_manifold.BATCH} points, for each noise"),
        ("Measured on", f"{POINTS:,} new points"),
        ("Way", "1 - rms distance of output and nearest clean point / that of the noisy point"),
        ("Factor (blob)", "least squares: sum of output times noisy point / sum of squared points"),
        ("Best output", "mean of the clean points, weighted by the density of the noise: exact"),
        ("Best linear map", f"least squares on {POINTS:,} other points"),
        ("Tuned on", "nothing"),
    ]


def _answer(result: Result) -> float | None:
    noise = max(result.values("noise", arm=NETWORK), default=None)
    left = result.of("left", arm=NETWORK, noise=noise)
    return interval(left).mean if left else None


EXPERIMENT = Experiment(
    name="denoise-manifold",
    title="Is denoising a projection onto the data?",
    claim="A denoising autoencoder moves noisy points, on average, most of the way to the nearest "
    "clean point, and farther than the best linear map does. It saw only pairs of noisy and clean "
    "points, never the whole curve.",
    why="Several clean points may have become the same noisy one. Squared error is least for their "
    "mean. With little noise they all lie close together, so their mean is near the closest place "
    "of the curve. With much noise they lie all over it, and the mean is between them: not on the "
    "curve.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    charts=(
        Chart(
            "way",
            "Share of the way to the nearest clean point",
            "noise",
            "standard deviation of the noise",
            better="higher",
            note="1 is a projection onto the curve, 0 a copy of the input. On the blob: the share "
            "of the way to its centre.",
        ),
        Chart(
            "factor",
            "Factor from noisy points to outputs",
            "noise",
            "standard deviation of the noise",
            note=f"The best factor is s²/(s² + σ²). The blob has s = {SPREAD:g}; σ is the noise.",
        ),
        Chart(
            "left",
            "Distance from the curve",
            "noise",
            "standard deviation of the noise",
            better="lower",
        ),
        Chart(
            "from_mean",
            "Distance from the best output (rms)",
            "noise",
            "standard deviation of the noise",
            better="lower",
        ),
    ),
    prediction=Prediction(
        "Draw which share of the way to the nearest clean point the denoiser goes.",
        NETWORK,
        lambda params: params.noise,
        0.0,
        1.0,
        winner=("denoiser", "best linear map", "equal"),
    ),
    break_it=BreakIt(
        "A curve that comes close to itself",
        "A noisy point between two turns of the spiral may come from either. Where does the "
        "denoiser put it?",
        {"shape": "spiral"},
    ),
    questions=(
        Choice(
            "With much noise the outputs lie inside the curve, not on it. Why?",
            (
                "The network is too small",
                "The mean of many clean points need not be a clean point",
            ),
            1,
            (
                "The exact best output does the same: see “best output (mean)” in the charts.",
                "Least squares asks for the mean. The mean of a circle's points is its centre.",
            ),
        ),
        Choice(
            "Output minus input points to where the data are dense. What is that good for?",
            ("To make new data from noise", "To measure the noise of a camera"),
            0,
            (
                "Best output = input + sigma² times the gradient of the log density of the noisy "
                "points (the score). Diffusion models follow it step by step.",
                "The noise has to be known for the training.",
            ),
        ),
        Numeric(
            "In your result: how far from the curve are the denoiser's outputs on average with the "
            "most noise?",
            _answer,
            "It is the mean of the last points of the denoiser in the second chart.",
        ),
    ),
    protocol=_protocol,
    reference={"noise": [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5], "steps": 4000, "seeds": 5},
    comparable=("shape",),
    table=("arm", "noise", "seed", "way", "left", "factor", "from_mean", "error"),
)
