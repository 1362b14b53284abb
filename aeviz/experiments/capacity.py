"""How much can a network learn by heart? Training and test error over depth and number of images,
and what is said to guard against it: a narrow code, sparsity, noise, contraction.

Goodfellow et al. 2016, section 14.1: with enough layers a code of a single number can be an index
of the training images, so a narrow code alone forbids nothing. Zhang et al. 2020 ("Identity
crisis") and Radhakrishnan et al. 2020 show deep autoencoders that answer with training images.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from aeviz import datasets
from aeviz.config import (
    BottleneckConfig,
    LossConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
)
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.evaluation import metrics
from aeviz.evaluation.evaluate import reconstruct
from aeviz.evaluation.memorisation import memorised, nearest
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
from aeviz.experiments.fitting import fitted, pixels, with_train
from aeviz.experiments.photo_crops import photo_crops
from aeviz.experiments.pictures import strip
from aeviz.experiments.statistics import compare, interval

PLAIN: Final = "wide code"
GUARDS: Final = ("narrow code", "sparse", "noise", "contractive")
BATCH = 32
SHOWN = 8
MEASURED = 500
"""Images of a split that are measured, at most."""
FOREIGN = 200
WATCHED = 64
"""Validation images after each epoch of a training: an epoch of 50 images is short."""


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    depths: tuple[int, ...] = p.numbers(
        (1, 3, 6), "Layers", "Hidden layers on each side of the code.", 1, 8, 6
    )
    images: tuple[int, ...] = p.numbers(
        (50, 500, 4000), "Training images", "How many images each network sees.", 10, 60_000, 6
    )
    width: int = p.number(192, "Width", "Units of each hidden layer.", 8, 1024)
    guards: tuple[str, ...] = p.choices(
        GUARDS[:3], "Guards", "What is said to prevent memorising.", GUARDS
    )
    guard_images: int = p.number(
        200, "Images for the guards", "Training images of the comparison of guards.", 10, 60_000
    )
    guard_depth: int = p.number(
        3, "Layers for the guards", "Hidden layers in the comparison of guards.", 1, 8
    )
    steps: int = p.number(400, "Training steps", "The same for each network.", 20, 100_000)
    seeds: int = p.seeds(3)


def check(found: Parameters) -> None:
    if "narrow code" not in found.guards:
        raise UserError("The claim is about a narrow code: name it in Guards (guards).")
    if len(found.depths) < 2:
        raise UserError("Name at least two numbers of layers in Layers (depths) to compare.")


def counts(found: Parameters) -> list[int]:
    """The numbers of training images, as far as the data set has so many."""
    there = datasets.find(found.dataset).counts[0]
    return sorted({min(count, there) for count in found.images})


def tasks(found: Parameters) -> list[Task]:
    """Seed by seed: the fewest images first, then the guards."""
    grid = [(count, depth) for count in counts(found) for depth in found.depths]
    return [
        task
        for seed in range(found.seeds)
        for task in (
            *(
                Task(f"{depth}x{count}-{seed}", {"depth": depth, "images": count, "seed": seed})
                for count, depth in grid
            ),
            *(
                Task(f"{guard.replace(' ', '-')}-{seed}", {"guard": guard, "seed": seed})
                for guard in (PLAIN, *found.guards)
            ),
        )
    ]


def work(found: Parameters, task: Task) -> Output:
    dataset = datasets.load(found.dataset)
    seed = task.values["seed"]
    if "guard" in task.values:
        return _guard(found, dataset, task.values["guard"], seed)
    depth, count = task.values["depth"], task.values["images"]
    few = drawn(dataset, count, seed)
    settings = config(found, depth, code_sizes(dataset.image_shape)["narrow code"][-1] * 2)
    model = fitted(settings, few, found.steps, seed)
    row: Row = {
        "part": "layers",
        "arm": layers(depth),
        "images": count,
        "seed": seed,
        **_measure(model, few),
    }
    ends = (counts(found)[0], counts(found)[-1])
    pictures = _pictures(model, few, depth, count) if seed == 0 and count in ends else {}
    return Output([row], pictures)


def layers(depth: int) -> str:
    return f"{depth} layer{'s' * (depth != 1)}"


def drawn(dataset: Dataset, count: int, seed: int) -> Dataset:
    """So many training images, redrawn for each seed, and few to watch the training with."""
    chance = torch.Generator().manual_seed(seed)
    index = torch.randperm(len(dataset.train), generator=chance)[:count]
    few = with_train(dataset, index)
    return dataclasses.replace(few, validation=dataset.validation.take(slice(0, WATCHED)))


def config(found: Parameters, depth: int, size: int) -> RunConfig:
    """A dense network of so many hidden layers on each side. Batch norm, so that six layers train
    as well as one does."""
    return RunConfig(
        dataset=found.dataset,
        network=NetworkConfig(hidden=(found.width,) * depth, norm="batch"),
        bottleneck=BottleneckConfig(latent_dim=size),
        loss=LossConfig(reconstruction="mse"),
        training=TrainingConfig(
            lr=0.004, batch_size=BATCH, beta2=0.98, schedule="one-cycle", precision="fp32"
        ),
    )


def code_sizes(shape: tuple[int, int, int]) -> dict[str, tuple[int, ...]]:
    """Wide codes, and what counts as narrow: a twenty-fourth of the image's numbers, or fewer."""
    values = math.prod(shape)
    narrow = (max(2, values // 96), max(4, values // 24))
    return {PLAIN: (max(8, min(values // 3, 512)),), "narrow code": narrow}


def settings_of(
    found: Parameters, guard: str, shape: tuple[int, int, int]
) -> list[tuple[float, RunConfig]]:
    """What a guard may choose among on the validation images: (its strength, the settings)."""
    sizes = code_sizes(shape)
    if guard in sizes:
        return [(size, config(found, found.guard_depth, size)) for size in sizes[guard]]
    wide = config(found, found.guard_depth, sizes[PLAIN][0])
    share = math.prod(shape) / 784

    def changed(strengths: tuple[float, ...], key: str, **changes: Any) -> list[Any]:
        fixed: Mapping[str, Any] = {name.replace("__", "."): v for name, v in changes.items()}
        return [(value, wide.replace(**fixed, **{key: value})) for value in strengths]

    if guard == "noise":
        return changed((0.1, 0.3), "corruption.amount", corruption__kind="gaussian")
    if guard == "sparse":
        weights = tuple(float(f"{weight * min(share, 1) ** 0.5:.2g}") for weight in (0.01, 0.1))
        relu = {"bottleneck__activation": "relu", "loss__penalty": "l1"}
        return changed(weights, "loss.weight", **relu)
    # The penalty forbids batch norm, and its time goes with the size of the code.
    small = {"network__norm": "none", "bottleneck__latent_dim": sizes["narrow code"][-1]}
    return changed(
        (0.01, 0.1), "loss.weight", **small, loss__penalty="contractive", training__lr=0.002
    )


def _guard(found: Parameters, dataset: Dataset, guard: str, seed: int) -> Output:
    few = drawn(dataset, min(found.guard_images, len(dataset.train)), seed)
    held_out = to_float(dataset.validation.images[:MEASURED])
    tried = []
    for strength, settings in settings_of(found, guard, dataset.image_shape):
        model = fitted(settings, few, found.steps, seed)
        error = metrics.mse(held_out, reconstruct(model, held_out)).mean().item()
        tried.append((error, strength, model))
    error, strength, model = min(tried, key=lambda one: one[0])
    row: Row = {
        "part": "guards",
        "arm": guard,
        "images": len(few.train),
        "seed": seed,
        "strength": strength,
        "validation": error,
        **_measure(model, few),
    }
    return Output([row])


@torch.no_grad()
def _measure(model: Any, dataset: Dataset) -> Row:
    train = to_float(dataset.train.images[:MEASURED])
    test = to_float(dataset.test.images[:MEASURED])
    foreign = photo_crops(dataset.image_shape)[:FOREIGN]
    x_hat = reconstruct(model, test)
    seen = metrics.mse(train, reconstruct(model, train)).mean().item()
    unseen = metrics.mse(test, x_hat).mean().item()
    copied = metrics.mse(foreign, reconstruct(model, foreign)).mean().item()
    return {
        "train": seen,
        "test": unseen,
        "gap": unseen - seen,
        "memorised": memorised(test.flatten(1), x_hat.flatten(1), pixels(dataset.train)),
        "foreign": copied,
        "foreign_share": copied / foreign.var(correction=0).item(),
    }


def _pictures(model: Any, dataset: Dataset, depth: int, count: int) -> dict[str, Picture]:
    x = to_float(dataset.test.images[:SHOWN])
    x_hat = reconstruct(model, x)
    index: Tensor = nearest(x_hat.flatten(1), pixels(dataset.train))[1]
    crops = photo_crops(dataset.image_shape)
    alien = crops[torch.linspace(0, len(crops) - 1, SHOWN).round().long()]
    group = f"{layers(depth)}, {count:,} images"
    shown = {
        "new images": x,
        "their reconstructions": x_hat,
        "nearest training images of those": to_float(dataset.train.images[index]),
        "photographs": alien,
        "their reconstructions, too": reconstruct(model, alien),
    }
    return {
        f"row{i}": Picture(caption, strip(images), group)
        for i, (caption, images) in enumerate(shown.items())
    }


def judge(result: Result) -> Verdict:
    """Two parts, both on the error of new images, paired by seed: with the fewest images, the most
    layers against the fewest; and the narrow code against the wide one."""
    found = result.parameters
    few = counts(found)[0]
    shallow, deep = layers(found.depths[0]), layers(found.depths[-1])
    ends = [result.of("test", part="layers", arm=arm, images=few) for arm in (shallow, deep)]
    guards = {arm: result.of("test", part="guards", arm=arm) for arm in (PLAIN, *found.guards)}
    pairs = min(len(guards[PLAIN]), len(guards["narrow code"]))
    if min(map(len, ends)) < 2 or pairs < 2:
        return Verdict("open", "Two seeds of each network are needed for a verdict.")
    both = min(map(len, ends))
    deeper = compare(ends[1][:both], ends[0][:both], paired=True)
    narrow = compare(guards["narrow code"][:pairs], guards[PLAIN][:pairs], paired=True)
    seen = interval(result.of("train", part="layers", arm=deep, images=few)).mean
    share = interval(result.of("memorised", part="layers", arm=deep, images=few)).mean
    ends_said = {
        "a": "more layers memorise more",
        "b": "more layers do not memorise more",
        "open": "the two are too close to call",
    }
    guard_said = {"b": "it guards", "a": "it does not guard, it is worse", "open": "no difference"}
    said = (
        f"With {few:,} images the error on new images is {interval(ends[0]).mean:.4f} with "
        f"{shallow} and {interval(ends[1]).mean:.4f} with {deep} (on training images "
        f"{seen:.4f}): {ends_said[deeper.ahead]}. {share:.0%} of the answers of {deep} are nearer "
        f"to a training image. With {found.guard_images:,} images a narrow code has an error of "
        f"{interval(guards['narrow code']).mean:.4f} on new images, a wide one "
        f"{interval(guards[PLAIN]).mean:.4f}: {guard_said[narrow.ahead]}.{_others(guards)}"
    )
    if deeper.ahead == "b" or narrow.ahead == "a":
        return Verdict("fails", said)
    both_hold = deeper.ahead == "a" and narrow.ahead == "b"
    return Verdict("holds" if both_hold else "open", said)


def _others(guards: Mapping[str, list[float]]) -> str:
    """Which of the other guards lowers the error, in words."""
    plain, helps = guards[PLAIN], []
    others = [arm for arm in guards if arm not in (PLAIN, "narrow code") and len(guards[arm]) > 1]
    for arm in others:
        both = min(len(plain), len(guards[arm]))
        if compare(guards[arm][:both], plain[:both], paired=True).ahead == "b":
            helps.append(f"{arm} ({interval(guards[arm]).mean:.4f})")
    if not others:
        return ""
    if not helps:
        return f" No other guard helps ({', '.join(others)})."
    return f" What helps: {', '.join(helps)}."


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    sizes = code_sizes(datasets.find(found.dataset).image_shape)
    narrow = " or ".join(map(str, sizes["narrow code"]))
    return [
        ("Training images", "redrawn for each seed; the same ones for all networks of a seed"),
        ("Equal for all", f"{found.steps} steps of {BATCH} images, {found.width} units per layer"),
        (
            "Code",
            f"{2 * sizes['narrow code'][-1]} numbers; wide {sizes[PLAIN][0]}; narrow {narrow}",
        ),
        ("Tuned on", "validation images: each guard has the better one of two strengths per seed"),
        (
            "Nearer to a training image",
            "share of new images whose reconstruction has a smaller squared distance to some "
            "training image than to the image itself",
        ),
        ("Foreign images", "squares of two photographs; error also as a share of their variance"),
        ("Contractive", "without batch norm and with the narrow code, which its penalty needs"),
    ]


def _answer(result: Result) -> float | None:
    found = result.parameters
    where = {
        "part": "layers",
        "arm": layers(found.depths[-1]),
        "images": counts(found)[0],
    }
    train, test = result.of("train", **where), result.of("test", **where)
    return interval(test).mean - interval(train).mean if test else None


EXPERIMENT = Experiment(
    name="capacity",
    title="When does a network memorise?",
    claim="Too much capacity memorises the training images, and a narrow code guards against it.",
    why="With few images, many layers can store each of them. A new image is then answered with a "
    "mixture of stored ones. A narrow code does not forbid that: one number is enough to say which "
    "of 50 images is meant. It only leaves the decoder less to say about a new image. More images "
    "help most.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    max_values=3 * 32 * 32,
    charts=(
        Chart(
            "test",
            "Error on new images (MSE)",
            "images",
            "training images",
            log_x=True,
            log_y=True,
            better="lower",
            where={"part": "layers"},
        ),
        Chart(
            "train",
            "Error on training images (MSE)",
            "images",
            "training images",
            log_x=True,
            better="lower",
            where={"part": "layers"},
            note="A small error here and a large one above: the images are learned by heart.",
        ),
        Chart(
            "memorised",
            "Answers that are nearer to a training image",
            "images",
            "training images",
            log_x=True,
            where={"part": "layers"},
            better="lower",
            note="A blurred answer of a network that has learned little may be nearer, too: see "
            "its error on training images.",
        ),
        Chart(
            "test",
            "Error on new images, by guard (MSE)",
            kind="bars",
            better="lower",
            where={"part": "guards"},
        ),
    ),
    prediction=Prediction(
        "Draw the error on new images of the network with the most layers, over the number of "
        "training images.",
        "6 layers",
        counts,
        0.0,
        0.1,
        winner=(PLAIN, "narrow code", "sparse", "noise"),
    ),
    break_it=BreakIt(
        "50 images",
        "Now all networks see 50 images, and those of the guards have one layer. Look at the bars: "
        "does the narrow code prevent anything?",
        {"images": [50], "depths": [1, 6], "guard_images": 50, "guard_depth": 1},
    ),
    questions=(
        Choice(
            "The error on the training images is nearly zero. What does that say?",
            ("The network understands such images", "Nothing about other images"),
            1,
            (
                "Look at the reconstructions of new images: many show training images instead.",
                "Only images that the network has not seen show what it has learned.",
            ),
        ),
        Choice(
            "How many numbers does a code need to store 50 images by heart?",
            ("One", "50", "As many as an image has pixels"),
            0,
            (
                "One number can say which image it is; the decoder can know the images themselves.",
                "One number with 50 different values is enough.",
                "Those are needed to copy any image, not to choose among 50.",
            ),
        ),
        Numeric(
            "In your result, with the fewest images and the most layers: what is the error on new "
            "images minus the error on training images?",
            _answer,
            "It is the difference of the first points of the first two charts.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "depths": [1, 2, 3, 4, 6],
        "images": [50, 500, 5000, 50_000],
        "width": 512,
        "guards": [*GUARDS],
        "guard_images": 500,
        "steps": 4000,
        "seeds": 5,
    },
    table=(
        "part", "arm", "images", "seed", "strength", "train", "test", "gap", "memorised", "foreign",
        "foreign_share",
    ),
    recipe=lambda found, row: None,
)  # fmt: skip
