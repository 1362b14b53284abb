"""When does a denoiser fail? One kind of noise from little to all there is.

At each amount the same test images are corrupted, restored and measured twice: how close they come
to the clean ones, and how many of them a classifier that knows only clean images still recognises.
Two lines need no model: the noisy image itself, and the average image, which is the same for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from aeviz import pca
from aeviz.config import CorruptionConfig, RunConfig
from aeviz.datasets import Dataset, load
from aeviz.evaluation.evaluate import reconstruct
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
from aeviz.experiments.fitting import fitted, pixels
from aeviz.experiments.pictures import strip
from aeviz.experiments.statistics import compare, interval
from aeviz.nn.corruptions import corrupt
from aeviz.presets.autoencoders import settings_for
from aeviz.restoration.filters import median

Restore = Callable[[Tensor], Tensor]
"""Noisy images (N, C, H, W) in [0, 1] -> restored ones."""

DENOISER, PLAIN = "denoising autoencoder", "plain autoencoder"
NOISY, AVERAGE, FILTER, PCA = "noisy image", "average image", "median filter", "PCA"
RIVALS: Final = (NOISY, AVERAGE, FILTER, PCA)
COMPONENTS: Final = (4, 8, 16, 32, 64)
WINDOWS: Final = (3, 5)
SHOWN: Final = 8
MOST: Final = 2000
"""Test images that are measured, at most; and training images of the classifier."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    kind: str = p.choice(
        "gaussian",
        "Noise",
        "Gaussian: added to each pixel. Salt and pepper: pixels become black or white. Masking: "
        "pixels become black.",
        ("gaussian", "salt-and-pepper", "masking"),
    )
    amounts: tuple[float, ...] = p.numbers(
        (0.2, 0.3, 0.5, 0.7, 0.9),
        "Amounts of noise",
        "Gaussian: the standard deviation; black to white is 1. Else the share of pixels hit.",
        0,
        1,
        13,
    )
    trained: float = p.number(
        0.5, "Noise in training", "The one amount that the denoiser is trained with.", 0.05, 1
    )
    steps: int = p.number(600, "Training steps", "The same for both networks.", 20, 100_000)
    seeds: int = p.seeds(3)


def tasks(found: Parameters) -> list[Task]:
    return [
        Task("plain-methods", {}),
        *(
            Task(f"{arm}-{seed}", {"arm": arm, "seed": seed})
            for seed in range(found.seeds)
            for arm in ("denoising", "plain")
        ),
    ]


def work(found: Parameters, task: Task) -> Output:
    dataset = load(found.dataset)
    if task.key == "plain-methods":
        return _rivals(found, dataset)
    arm, seed = task.values["arm"], task.values["seed"]
    model = fitted(config(arm, found), dataset, found.steps, seed)

    def restore(x: Tensor) -> Tensor:
        return torch.cat([reconstruct(model, part) for part in x.split(500)])

    name = DENOISER if arm == "denoising" else PLAIN
    rows: list[Row] = []
    pictures: dict[str, Picture] = {}
    for amount in found.amounts:
        x_hat = restore(noisy(found, dataset, amount))
        rows.append(_row(name, amount, seed, x_hat, dataset))
        if seed == 0:
            pictures |= _picture(name, amount, x_hat)
    return Output(rows, pictures)


def config(arm: str, found: Parameters) -> RunConfig:
    """The settings of the denoiser; the plain network differs by its noise only."""
    settings = settings_for("denoising", found.dataset)
    if arm == "plain":
        return settings.replace(**{"corruption.kind": "none"})
    return settings.replace(
        **{"corruption.kind": found.kind, "corruption.amount": float(found.trained)}
    )


def noisy(found: Parameters, dataset: Dataset, amount: float, part: str = "test") -> Tensor:
    """The images of a split with this noise; the same noise for every arm and seed."""
    split = dataset.test if part == "test" else dataset.validation
    chance = torch.Generator().manual_seed(round(1e4 * amount) + (part == "test"))
    x = to_float(split.images[:MOST])
    return corrupt(x, CorruptionConfig(found.kind, float(amount)), chance)  # type: ignore[arg-type]


def _rivals(found: Parameters, dataset: Dataset) -> Output:
    train = pixels(dataset.train)
    clean = to_float(dataset.validation.images[:MOST])
    average = train.mean(0).reshape(1, *dataset.image_shape)
    most = min(COMPONENTS[-1], len(train) - 1)
    mean, basis = (part.float() for part in pca.fit_exact(train, most))

    def projected(size: int) -> Restore:
        directions = basis[:, :size]
        return lambda x: (
            ((x.flatten(1) - mean) @ directions @ directions.T + mean).clamp(0, 1).reshape(x.shape)
        )

    choices: dict[str, list[tuple[int, Restore]]] = {
        FILTER: [(size, _filtered(size)) for size in WINDOWS],
        PCA: [(size, projected(size)) for size in COMPONENTS],
    }
    rows: list[Row] = []
    pictures = {"original": Picture("clean", strip(to_float(dataset.test.images[:SHOWN])))}
    for amount in found.amounts:
        x = noisy(found, dataset, amount)
        held_out = noisy(found, dataset, amount, "validation")
        outputs: dict[str, Tensor] = {NOISY: x, AVERAGE: average.expand_as(x)}
        sizes: dict[str, int] = {}
        for name, ways in choices.items():
            errors = [(way(held_out) - clean).square().mean().item() for _, way in ways]
            sizes[name], best = ways[errors.index(min(errors))]
            outputs[name] = best(x)
        for name, x_hat in outputs.items():
            row = _row(name, amount, 0, x_hat, dataset)
            rows.append(row | {"size": sizes[name]} if name in sizes else row)
            pictures |= _picture(name, amount, x_hat)
    return Output(rows, pictures)


def _filtered(size: int) -> Restore:
    return lambda x: median(x, size)


def _row(arm: str, amount: float, seed: int, x_hat: Tensor, dataset: Dataset) -> Row:
    clean = to_float(dataset.test.images[:MOST])
    mse = (x_hat - clean).square().mean().item()
    row: Row = {"arm": arm, "amount": amount, "seed": seed, "mse": mse}
    if mse > 0:
        row["psnr"] = -10 * math.log10(mse)
    read = _reader(dataset)
    if read is not None:
        row["read"] = (read(x_hat) == dataset.test.labels[:MOST]).float().mean().item()
    return row


@lru_cache(maxsize=2)
def _reader(dataset: Dataset) -> Restore | None:
    train = dataset.train.take(slice(0, MOST))
    if len(train.labels.unique()) < 2:
        return None
    return classifier(to_float(train.images), train.labels)


def classifier(x: Tensor, labels: Tensor) -> Restore:
    """Multinomial logistic regression on the pixels of clean images x (N, C, H, W), labels (N,):
    images -> the classes (N,) that they are taken for. It has never seen noise."""
    from sklearn.linear_model import LogisticRegression  # slow to import

    model = LogisticRegression(C=0.1, tol=1e-3, max_iter=200)
    model.fit(x.flatten(1).numpy(), labels.numpy())
    return lambda x: torch.from_numpy(model.predict(x.flatten(1).nan_to_num().numpy()))


def _picture(arm: str, amount: float, x_hat: Tensor) -> dict[str, Picture]:
    percent = f"{100 * amount:g} % noise"
    name = f"{arm.replace(' ', '-')}-{round(1e4 * amount)}"
    return {name: Picture(f"{arm}, {percent}", strip(x_hat[:SHOWN]), percent)}


def best_rival(result: Result, amount: float) -> tuple[str, float] | None:
    """The rival without a network that has the least error at this amount, and its error."""
    errors = {
        arm: result.of("mse", arm=arm, amount=amount)[0]
        for arm in RIVALS
        if result.of("mse", arm=arm, amount=amount)
    }
    if not errors:
        return None
    arm = min(errors, key=errors.__getitem__)
    return arm, errors[arm]


def judge(result: Result) -> Verdict:
    """At each amount the denoiser against the best of noisy image, average image, median filter
    and PCA."""
    won: list[tuple[float, str]] = []
    lost: list[tuple[float, str]] = []
    between: list[tuple[float, str]] = []
    shares = []
    for amount in sorted(result.values("amount", arm=DENOISER)):
        rival = best_rival(result, amount)
        if rival is None:
            continue
        own = result.of("mse", arm=DENOISER, amount=amount)
        difference = compare([rival[1]], own)
        {"a": won, "b": lost, "open": between}[difference.ahead].append((amount, rival[0]))
        shares.append((interval(own).mean / rival[1] if rival[1] else math.inf, amount, rival[0]))
    if not shares:
        return Verdict("open", "No denoiser is trained yet.")
    best = min(shares)
    sentence = (
        f"The denoiser is ahead of every rival at {len(won)} of {len(shares)} amounts of noise. At "
        f"{_percent(best[1])} noise it is best: its error is {best[0]:.0%} of that of the "
        f"best rival ({best[2]})."
    )
    if lost:
        named = "; ".join(f"{_percent(amount)}: {arm}" for amount, arm in lost)
        sentence += f" A rival is ahead at {named}."
    if between:
        named = ", ".join(_percent(amount) for amount, _ in between)
        sentence += f" Too close to call: {named}."
    if lost:
        return Verdict("fails", sentence)
    return Verdict("open" if between else "holds", sentence)


def _percent(amount: float) -> str:
    return f"{100 * amount:g} %"


def falls_below(result: Result, arm: str, line: float, measure: str = "read") -> float | None:
    """The first amount from which on the mean of this measure lies below `line`, read between the
    measured ones; None if it never does."""
    amounts = sorted(result.values("amount", arm=arm))
    values = [interval(result.of(measure, arm=arm, amount=a)).mean for a in amounts]
    for i, value in enumerate(values):
        if value < line:
            if i == 0:
                return float(amounts[0])
            share = (values[i - 1] - line) / (values[i - 1] - value)
            return float(amounts[i - 1] + share * (amounts[i] - amounts[i - 1]))
    return None


def half_read(result: Result) -> list[tuple[float, str]]:
    """Where the classifier recognises fewer than half of the images, as marks on the axis."""
    found = []
    for arm, label in ((NOISY, "noisy"), (DENOISER, "restored")):
        has = result.of("read", arm=arm)
        end = falls_below(result, arm, 0.5) if has else None
        if end is not None:
            found.append((end, f"{label}: half"))
    return found


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        ("Noise", f"{found.kind}; the same noise for every arm"),
        ("Denoiser", f"trained with {_percent(found.trained)} noise only, {found.steps} steps"),
        ("Plain autoencoder", "the same network and steps, trained without noise"),
        (
            "Chosen on validation images, for each amount",
            f"components of PCA ({p.as_text(COMPONENTS)}), side of the median's window "
            f"({p.as_text(WINDOWS)})",
        ),
        ("Average image", "the mean of the training images, for every image"),
        ("Error", "mean squared error per pixel of test images; PSNR = -10 log10 of it, in dB"),
        ("Classifier", f"logistic regression on up to {MOST:,} clean training images"),
    ]


def _answer(result: Result) -> float | None:
    pairs = []
    for amount in result.values("amount", arm=DENOISER):
        own = result.of("psnr", arm=DENOISER, amount=amount)
        before = result.of("psnr", arm=NOISY, amount=amount)
        if own and before:
            pairs.append(interval(own).mean - before[0])
    return max(pairs, default=None)


EXPERIMENT = Experiment(
    name="denoise-limits",
    title="When does a denoiser fail?",
    claim="With 20 % to 90 % noise a denoising autoencoder comes closer to the clean image than "
    "the noisy image, a median filter, PCA and the average image.",
    why="The denoiser knows what these images look like, so it keeps what fits and drops the rest. "
    "With little noise it loses more detail than the noise does. With so much that nothing of the "
    "image is left, the average of all images is the best answer: a network cannot know more.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    charts=(
        Chart(
            "psnr",
            "How close to the clean image (PSNR, dB)",
            "amount",
            "amount of noise",
            better="higher",
        ),
        Chart(
            "read",
            "Share of images that a classifier recognises",
            "amount",
            "amount of noise",
            better="higher",
            marks=half_read,
            note="The classifier learnt from clean images only. Marks: half are recognised.",
        ),
    ),
    prediction=Prediction(
        "Draw the PSNR of the denoiser over the amount of noise.",
        DENOISER,
        lambda found: found.amounts,
        5.0,
        25.0,
        winner=("denoising autoencoder", "PCA", "median filter", "it depends on the amount"),
    ),
    break_it=BreakIt(
        "No noise, and nothing but noise",
        "At 0 % the noisy image is the clean one. At 100 % each pixel is random. Which rival wins "
        "at each end?",
        {"kind": "salt-and-pepper", "amounts": [0, 0.02, 0.5, 0.95, 1]},
    ),
    questions=(
        Choice(
            "With little noise, why can the noisy image be closer than the denoiser's output?",
            (
                "What does not fit through the code is lost, with and without noise",
                "The denoiser adds noise",
            ),
            0,
            (
                "The output has the error of the reconstruction, even from a clean image. Noise "
                "below that error is the smaller evil.",
                "Noise is added in training only.",
            ),
        ),
        Choice(
            "At 100 % salt and pepper nothing of the image is left. What is the best output?",
            ("A sharp image of some digit", "The average of all images"),
            1,
            (
                "It would be the wrong digit nine times of ten, and two sharp images differ more "
                "than each differs from the average.",
                "Squared error is least for the mean of all that is possible, and all is.",
            ),
        ),
        Numeric(
            "In your result: how many dB does the denoiser gain over the noisy image where it "
            "gains most?",
            _answer,
            "It is the largest gap between their two lines in the first chart.",
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "amounts": [0, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
        "steps": 6000,
        "seeds": 5,
    },
    table=("arm", "amount", "seed", "mse", "psnr", "read", "size"),
    recipe=lambda found, row: (
        config({DENOISER: "denoising", PLAIN: "plain"}[str(row["arm"])], found)
        if row["arm"] in (DENOISER, PLAIN)
        else None
    ),
)
