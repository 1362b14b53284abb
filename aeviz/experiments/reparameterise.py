"""What the reparameterisation trick is for: gradients with and without it, and trainings with each.

All arms train the same VAE on the same ELBO, from the same weights, on the same batches. They
differ in how the reconstruction term moves the encoder (`aeviz.nn.estimators`).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.datasets.binarised import binarised
from aeviz.errors import UserError
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
from aeviz.experiments.pictures import strip
from aeviz.experiments.statistics import compare, interval
from aeviz.nn.estimators import Estimator, encoder_gradient, surrogate
from aeviz.nn.model import Autoencoder

ARMS: Final[dict[Estimator, str]] = {
    "pathwise": "with the trick",
    "score": "score function",
    "score-baseline": "score function, baseline",
    "cut": "no gradient",
}
WITH: Final = ARMS["pathwise"]
WITHOUT: Final = (ARMS["score"], ARMS["score-baseline"])
RATES: Final = (0.001, 0.002, 0.004)
"""Learning rates of Adam. Each arm uses the one that is better on the validation images."""
BATCH: Final = 100
DRAWS: Final = 40
"""Gradients whose spread is the noise."""
POINTS: Final = 8
"""Measurements on the way through a training."""
TEST_IMAGES: Final = 1_000
TEST_DRAWS: Final = 4
MARGIN: Final = 0.1
"""Share of what the trick gains over no gradient. An arm that certainly loses less than that is as
good."""
SHOWN: Final = 8


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    size: int = p.number(20, "Code size", "How many numbers the code has.", 1, 64)
    samples: int = p.number(
        1, "Samples", "How many codes are drawn per image in each training step.", 1, 64
    )
    noise_samples: tuple[int, ...] = p.numbers(
        (1, 4, 16), "Samples, for the noise", "The noise is measured with so many.", 1, 256, 6
    )
    steps: int = p.number(300, "Training steps", "The same for each arm.", POINTS, 20_000)
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    if datasets.find(found.dataset).counts[0] < BATCH:
        raise UserError(f"Training needs at least {BATCH} training images: choose more images.")


def tasks(found: Parameters) -> list[Task]:
    """The noise of the first seed comes first: it is there after seconds."""
    return [
        task
        for seed in range(found.seeds)
        for task in (
            Task(f"noise-{seed}", {"seed": seed}),
            *(Task(f"{kind}-{seed}", {"kind": kind, "seed": seed}) for kind in ARMS),
        )
    ]


def work(found: Parameters, task: Task) -> Output:
    dataset = binarised(datasets.load(found.dataset), "threshold")
    seed = task.values["seed"]
    if "kind" not in task.values:
        return Output(noise(found, dataset, seed))
    return training(found, dataset, task.values["kind"], seed)


def config(found: Parameters, lr: float = RATES[0]) -> RunConfig:
    """The settings of the VAE. Batch normalisation would mix the draws of different images."""
    return RunConfig(type="vae", dataset=found.dataset).replace(
        **{
            "network.hidden": [200],
            "bottleneck.kind": "gaussian",
            "bottleneck.latent_dim": found.size,
            "training.batch_size": BATCH,
            "training.lr": lr,
        }
    )


def noise(found: Parameters, dataset: Dataset, seed: int) -> list[Row]:
    """The spread of single gradients around their mean, as a share of the mean's length.

    At the weights that a quarter of the training with the trick reaches, for one batch. The mean of
    all gradients with the trick and the most samples counts as the true gradient.
    """
    model = _start(found, dataset, seed)
    for _ in steps(model, dataset, "pathwise", found.samples, RATES[0], seed, found.steps // 4):
        pass
    x = to_float(dataset.train.images[:BATCH])
    generator = torch.Generator().manual_seed(seed)

    def gradients(kind: Estimator, samples: int) -> tuple[Tensor, Tensor]:
        """Mean (P,) and, summed over weights, variance of single gradients."""
        total: Tensor = torch.zeros(())
        squares: Tensor = torch.zeros(())
        for _ in range(DRAWS):
            row = encoder_gradient(model, surrogate(model, x, kind, samples, generator)[0]).double()
            total, squares = total + row, squares + row.square().sum()
        mean = total / DRAWS
        return mean, (squares - DRAWS * mean.square().sum()) / (DRAWS - 1)

    kinds: tuple[Estimator, ...] = ("pathwise", "score", "score-baseline")
    spreads = {
        (kind, samples): gradients(kind, samples)
        for samples in found.noise_samples
        for kind in kinds
    }
    mean, variance = spreads["pathwise", max(found.noise_samples)]
    length = (mean.square().sum() - variance / DRAWS).clamp(min=1e-12)  # without its own noise
    return [
        {
            "arm": ARMS[kind],
            "seed": seed,
            "samples": samples,
            "noise": (variance / length).sqrt().item(),
        }
        for (kind, samples), (_, variance) in spreads.items()
    ]


def training(found: Parameters, dataset: Dataset, kind: Estimator, seed: int) -> Output:
    """Trains with each learning rate and keeps the run that is best on the validation images."""
    runs = [_trained(found, dataset, kind, lr, seed) for lr in RATES]
    validation, rows, model = min(runs, key=lambda run: run[0])
    rows[-1]["validation"] = validation
    if seed:
        return Output(rows)
    x = to_float(dataset.test.images[:SHOWN])
    pictures: dict[str, Picture] = {
        kind: Picture(ARMS[kind], strip(reconstruct(model, x)), "reconstructions")
    }
    if kind == "pathwise":
        pictures = {"original": Picture("originals", strip(x), "reconstructions")} | pictures
    return Output(rows, pictures)


def _trained(
    found: Parameters, dataset: Dataset, kind: Estimator, lr: float, seed: int
) -> tuple[float, list[Row], Autoencoder]:
    """The validation loss, infinite if the training diverges; the curve; and the model."""
    model = _start(found, dataset, seed)
    places = {round(found.steps * i / (POINTS - 1)) for i in range(1, POINTS)}
    rows: list[Row] = []

    def measure(step: int) -> None:
        rows.append(
            {
                "arm": ARMS[kind],
                "seed": seed,
                "step": step,
                "loss": negative_elbo(model, dataset.test.images),
                "rate": lr,
            }
        )

    measure(0)
    for step in steps(model, dataset, kind, found.samples, lr, seed, found.steps):
        if step in places:
            measure(step)
    validation = negative_elbo(model, dataset.validation.images)
    return (validation if math.isfinite(validation) else math.inf), rows, model


def steps(
    model: Autoencoder,
    dataset: Dataset,
    kind: Estimator,
    samples: int,
    lr: float,
    seed: int,
    count: int,
) -> Iterator[int]:
    """Trains `model` with Adam; yields the number of each step that is done.

    It stands beside `aeviz.training.loop` because there the gradient always passes through z.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr)
    order = torch.Generator().manual_seed(seed)
    draws = torch.Generator().manual_seed(seed)
    images, done = dataset.train.images, 0
    while done < count:
        for index in torch.randperm(len(images), generator=order).split(BATCH):
            if done == count or len(index) < min(BATCH, len(images)):
                break
            loss, _ = surrogate(model, to_float(images[index]), kind, samples, draws)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1_000.0)
            optimizer.step()
            done += 1
            yield done


@torch.no_grad()
def negative_elbo(model: Autoencoder, images: Tensor) -> float:
    """Nats per image, by a few draws that are the same each time."""
    generator = torch.Generator().manual_seed(0)
    x = to_float(images[:TEST_IMAGES])
    losses = [
        surrogate(model, part, "pathwise", TEST_DRAWS, generator)[1].item() * len(part)
        for part in x.split(250)
    ]
    return sum(losses) / len(x)


def _start(found: Parameters, dataset: Dataset, seed: int) -> Autoencoder:
    """The weights that all arms of a seed start from. The decoder starts at the mean image, so that
    the first steps are not spent on learning that most pixels are black."""
    made = config(found).replace(**{"training.seed": seed})
    model = Autoencoder(made, dataset.image_shape)
    mean = to_float(dataset.train.images).mean(0).clamp(0.01, 0.99)
    last = [module for module in model.decoder.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        last.bias.copy_(torch.logit(mean).flatten())
    return copy.deepcopy(model)


def judge(result: Result) -> Verdict:
    """The noise with as many samples as in training (or the nearest number), and the last loss: the
    trick against the best arm without it, seed by seed."""
    last = result.parameters.steps
    losses = {arm: result.of("loss", arm=arm, step=last) for arm in ARMS.values()}
    validation = {arm: result.of("validation", arm=arm) for arm in WITHOUT}
    candidates = [arm for arm in WITHOUT if losses[arm]]
    if not losses[WITH] or not candidates:
        return Verdict("open", "Not every arm is trained yet.")
    best = min(candidates, key=lambda arm: interval(validation[arm]).mean)
    pairs = min(len(losses[best]), len(losses[WITH]))
    behind = compare(losses[best][:pairs], losses[WITH][:pairs], paired=True)
    ratio = noise_ratio(result, best)
    noisy = f"{ratio} times as noisy as with the trick" if ratio else "of unknown noise"
    cut = losses[ARMS["cut"]]
    if not cut:
        return Verdict("open", "Not every arm is trained yet.")
    margin = MARGIN * (interval(cut).mean - interval(losses[WITH]).mean)
    ends = f" If no gradient passes, it ends at {interval(cut).mean:.1f}."
    said = (
        f"The gradient without the trick ({best}) is {noisy}. After {last} steps its loss is "
        f"{interval(losses[best]).mean:.1f} nats per image, with the trick "
        f"{interval(losses[WITH]).mean:.1f}: {_worse(behind.difference.mean)} "
        f"({behind.difference.low:.1f} to {behind.difference.high:.1f}).{ends}"
    )
    if behind.ahead == "a" and ratio and ratio.low > 1 and behind.difference.high > margin:
        return Verdict("holds", said)
    if behind.difference.high < margin:
        return Verdict("fails", f"{said} The trick is not needed here.")
    return Verdict("open", f"{said} It is too close to call.")


def _worse(difference: float) -> str:
    return f"{abs(difference):.1f} {'more' if difference > 0 else 'less'}"


def noise_ratio(result: Result, arm: str) -> p.Any:
    """The noise of an arm divided by that with the trick, seed by seed; None without rows."""
    counts = result.values("samples", arm=arm)
    if not counts:
        return None
    count = min(counts, key=lambda one: abs(one - result.parameters.samples))
    a, b = (result.of("noise", arm=name, samples=count) for name in (arm, WITH))
    return interval([x / y for x, y in zip(a, b, strict=True)])


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    return [
        ("Images", "black and white: a pixel is white from the middle grey on"),
        (
            "Equal for all arms",
            f"network (200 hidden units), start, batches of {BATCH}, {found.steps} steps, "
            f"{found.samples} drawn code{'s' * (found.samples != 1)} per image, the exact KL",
        ),
        (
            "Tuned on validation images",
            f"the learning rate of Adam of each arm and seed, one of {', '.join(map(str, RATES))}",
        ),
        ("Loss", f"negative ELBO of up to {TEST_IMAGES:,} test images, {TEST_DRAWS} codes each"),
        (
            "Noise",
            f"spread of {DRAWS} gradients of the encoder for one batch, divided by the length of "
            "their mean, after a quarter of the training",
        ),
        ("Baseline", "the mean of the other codes of the image, or of the other images"),
    ]


def _answer(result: Result) -> float | None:
    found = noise_ratio(result, ARMS["score"])
    return found.mean if found else None


EXPERIMENT = Experiment(
    name="reparameterise",
    title="What is the reparameterisation trick for?",
    claim="Without the reparameterisation trick, the gradient is far noisier, and training ends at "
    "a worse loss.",
    why="The encoder has to know how its code should move. With z = mu + sigma eps, the decoder's "
    "gradient says so directly. Without it, the score function only learns whether a random code "
    "was good or bad. The more numbers a code has, the less one such grade says about each. A "
    "baseline and more samples help.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "loss",
            "Negative ELBO of test images (nats per image)",
            "step",
            "training steps",
            better="lower",
            note="“No gradient”: the encoder learns from the KL alone. The code then says nothing.",
        ),
        Chart(
            "noise",
            "Noise of the gradient, 1 = as long as the gradient",
            "samples",
            "drawn codes per image",
            log_x=True,
            log_y=True,
            better="lower",
            note="With four times as many draws the noise halves.",
        ),
    ),
    prediction=Prediction(
        "Draw the loss of the score function while it trains.",
        ARMS["score"],
        lambda found: sorted(
            {0, *(round(found.steps * i / (POINTS - 1)) for i in range(1, POINTS))}
        ),
        80.0,
        260.0,
        winner=("with the trick", "score function", "equal"),
    ),
    break_it=BreakIt(
        "One number, 16 samples, tiny digits",
        "With a code of one number, 16 draws and a baseline, how much is the trick still worth?",
        {"dataset": "digits", "size": 1, "samples": 16, "noise_samples": [1, 16], "steps": 250},
    ),
    questions=(
        Choice(
            "Without the trick, does the decoder get a gradient?",
            ("No, nothing passes the random code", "Yes, the decoder does not need the trick"),
            1,
            (
                "The random code stands before the decoder. Between decoder and loss nothing is "
                "random.",
                "The decoder comes after the random code. Only the encoder needs the trick.",
            ),
        ),
        Choice(
            "Why does a baseline make the score function less noisy?",
            (
                "It tells whether a code was better or worse than usual",
                "It makes the gradient shorter, and a shorter gradient is less noisy",
            ),
            0,
            (
                "All losses are large. What matters is how they differ, and the baseline removes "
                "what they share, without changing the mean gradient.",
                "The mean gradient stays exactly the same. Only its spread falls.",
            ),
        ),
        Numeric(
            "In your result: with as many samples as in training, how many times as noisy as with "
            "the trick is the plain score function?",
            _answer,
            "It is the ratio of two points above each other in the second chart.",
            0.15,
        ),
    ),
    protocol=_protocol,
    reference={"dataset": "mnist", "noise_samples": [1, 4, 16, 64], "steps": 6000, "seeds": 5},
    table=("arm", "seed", "step", "loss", "rate", "samples", "noise"),
    recipe=lambda found, row: (
        config(found, float(row["rate"])) if row["arm"] == WITH and "rate" in row else None
    ),
)
