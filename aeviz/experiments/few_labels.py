"""Few labels: does an encoder that learnt from images without labels help to classify?

Every method sees the same draws of labelled images. The networks: from scratch, frozen codes,
fine-tuned, and pretrained on another data set. Without a network: nearest neighbours, logistic
regression and label spreading, on pixels and on PCA.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Split
from aeviz.errors import UserError
from aeviz.evaluation import label_spreading, metrics
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
from aeviz.experiments.classifier import LR, Classifier, learn, predicted
from aeviz.experiments.fitting import codes, first, fitted, pixels, with_splits, with_train
from aeviz.experiments.pictures import grid
from aeviz.experiments.splits import balanced
from aeviz.experiments.statistics import compare, interval
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import settings_for

GROUPS: Final = {
    "pixels": (
        "pixels + kNN",
        "pixels + logistic",
        "PCA + logistic",
        "pixels + label spreading",
    ),
    "codes": ("code + logistic", "code + label spreading"),
    "fine-tuned": ("fine-tuned",),
    "dense": ("dense from scratch",),
    "conv": ("conv from scratch",),
    "transfer": ("pretrained on other data",),
}
"""What one task measures."""
WITH_CODES: Final = (*GROUPS["codes"], *GROUPS["fine-tuned"])
FOCUS = 100
"""Labels at which the claim is judged."""
PRETRAININGS = 3
"""Pretrained encoders that the draws are divided among."""
WEIGHTS = (0.1, 1.0, 10.0)
"""Inverse L2 weights C of the logistic regression."""
COMPONENTS = (16, 48)
NEIGHBOURS = (1, 3, 5)
SPREAD_NEIGHBOURS = (5, 10)
SHOWN = 20


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    other: str = p.choice(
        "shapes", "Other data", "What an encoder is pretrained on, to transfer it.",
        (*datasets.DATASETS,),
    )  # fmt: skip
    labels: tuple[int, ...] = p.numbers(
        (10, 30, 100, 1000), "Labels", "Labelled images in all, as many of each class.",
        2, 60_000, 8,
    )  # fmt: skip
    groups: tuple[str, ...] = p.choices((*GROUPS,), "Methods", "What is compared.", (*GROUPS,))
    size: int = p.number(64, "Code size", "How many numbers the code has.", 2, 512)
    pretraining: int = p.number(
        400, "Pretraining steps", "Of the encoder, on images without labels.", 20, 100_000
    )
    steps: int = p.number(
        80, "Training steps", "Of each classifier, with the labelled images.", 20, 20_000
    )
    images: int = p.number(
        5000,
        "Images",
        "So many training images at most; a fifth of it for validation and for test.",
        100,
        60_000,
    )
    draws: int = p.number(10, "Draws", "How often other images are labelled. Each is a dot.", 2, 50)


def check(found: Parameters) -> None:
    source = datasets.find(found.dataset)
    classes = len(source.class_names)
    if found.labels[-1] < classes:
        raise UserError(f"Labels (labels) must go up to {classes} or more, one of each class.")
    images = min(source.counts[0], found.images)
    if found.labels[0] > images:
        raise UserError(
            f"There are {images} training images of {source.title}: ask for fewer Labels (labels)."
        )
    if not {"codes", "fine-tuned"} & set(found.groups):
        raise UserError("Compare codes or fine-tuned with another method: name it in groups.")
    if len(found.groups) < 2:
        raise UserError("Compare at least two methods: name them in groups.")
    if "transfer" in found.groups and found.other == found.dataset:
        raise UserError(
            "Other data (other) must not be the data set itself: choose digits, for example."
        )


def tasks(found: Parameters) -> list[Task]:
    """Draw by draw, the quick methods first, so that the first whole picture is soon there."""
    return [
        Task(f"{group}-{draw}", {"group": group, "draw": draw})
        for draw in range(found.draws)
        for group in GROUPS
        if group in found.groups
    ]


@dataclass(frozen=True)
class Draw:
    """The labelled images of one draw, by their place among the training images; validation and
    test images are the same for all."""

    dataset: Dataset
    index: Tensor
    seed: int

    @property
    def y(self) -> Tensor:
        return self.dataset.train.labels[self.index]

    @property
    def classes(self) -> int:
        return len(self.dataset.class_names)


Found = Iterator[tuple[str, str, Tensor, Tensor]]
"""Arm, setting, and the classes it gives the validation and the test images."""


def work(found: Parameters, task: Task) -> Output:
    dataset = _few(found.dataset, found.images)
    group, seed = task.values["group"], task.values["draw"]
    rows: list[Row] = []
    for count in _counts(found, dataset):
        draw = Draw(dataset, balanced(dataset.train.labels, count, 1000 * seed + count), seed)
        for arm, setting, validation, test in _methods(found, draw, group):
            rows.append(
                {
                    "arm": arm,
                    "labels": len(draw.index),
                    "draw": seed,
                    "setting": setting,
                    "error": _error(test, dataset.test),
                    "validation_error": _error(validation, dataset.validation),
                }
            )
    return Output(rows, _labelled(found, dataset) if task == tasks(found)[0] else {})


def _few(name: str, images: int) -> Dataset:
    """The data set with so many training images, and a fifth of it for validation and for test."""
    dataset = datasets.load(name)
    part = slice(0, images // 5)
    return replace(
        first(dataset, images),
        validation=dataset.validation.take(part),
        test=dataset.test.take(part),
    )


def _counts(found: Parameters, dataset: Dataset) -> list[int]:
    """Labelled images of each class; what the data set has not enough images for is left out."""
    classes = len(dataset.train.labels.unique())
    wanted = [labels // classes for labels in found.labels if labels <= len(dataset.train)]
    return sorted({count for count in wanted if count})


def _error(guess: Tensor, split: Split) -> float:
    return (guess != split.labels).float().mean().item()


def _labelled(found: Parameters, dataset: Dataset) -> dict[str, Picture]:
    count = _counts(found, dataset)[:1]
    if not count:
        return {}
    index = balanced(dataset.train.labels, count[0], count[0])[:SHOWN]
    images = to_float(dataset.train.images[index])
    text = f"the {len(index)} labelled images of the first draw"
    return {"labelled": Picture(text, grid(images, min(10, len(images))))}


def _methods(found: Parameters, draw: Draw, group: str) -> Found:
    dataset = draw.dataset
    if group == "pixels":
        x = tuple(pixels(part) for part in (dataset.train, dataset.validation, dataset.test))
        yield "pixels + kNN", *_knn(x, draw)
        yield "pixels + logistic", *_logistic([("", x)], draw)
        yield "PCA + logistic", *_logistic(_pca(found.dataset, found.images), draw)
        yield "pixels + label spreading", *_spread("pixels", x, draw)
        return
    if group == "codes":
        model = _pretrained(found, draw)
        z = tuple(codes(model, part) for part in (dataset.train, dataset.validation, dataset.test))
        yield "code + logistic", *_logistic([("", z)], draw)
        yield "code + label spreading", *_spread(f"{model.config.to_json()}", z, draw)
        return
    settings = config(found.dataset, found.size)
    if group == "fine-tuned":
        encoder = _pretrained(found, draw)
    elif group == "transfer":
        encoder = _pretrained(found, draw, found.other)
    elif group == "dense":
        encoder = Autoencoder(settings.replace(**{"training.seed": draw.seed}), dataset.image_shape)
    else:
        if min(dataset.image_shape[1:]) < 8:
            return
        changes = {
            "network.kind": "conv",
            "network.channels": [16, 32],
            "network.hidden": [],
            "network.norm": "batch",
            "training.seed": draw.seed,
        }
        encoder = Autoencoder(settings.replace(**changes), dataset.image_shape)
    yield GROUPS[group][0], *_network(found, draw, encoder)


Parts = tuple[Tensor, ...]
"""Rows of the training, validation and test images."""


def _best(
    draw: Draw, candidates: dict[str, Callable[[], tuple[Tensor, Tensor]]]
) -> tuple[str, Tensor, Tensor]:
    """The setting with the fewest errors on the validation images."""
    answers = {key: answer() for key, answer in candidates.items()}
    setting = min(answers, key=lambda key: _error(answers[key][0], draw.dataset.validation))
    return setting, *answers[setting]


def _knn(x: Parts, draw: Draw) -> tuple[str, Tensor, Tensor]:
    near = [
        torch.cdist(part, x[0][draw.index]).topk(
            min(max(NEIGHBOURS), len(draw.index)), largest=False
        )
        for part in x[1:]
    ]
    votes = F.one_hot(draw.y, draw.classes)

    def answer(k: int) -> tuple[Tensor, Tensor]:
        first, second = (votes[part.indices[:, :k]].sum(1).argmax(1) for part in near)
        return first, second

    return _best(draw, {f"k = {k}": lambda k=k: answer(k) for k in NEIGHBOURS})  # type: ignore[misc]


def _logistic(representations: list[tuple[str, Parts]], draw: Draw) -> tuple[str, Tensor, Tensor]:
    """The best C, and the best of these representations."""

    def answer(x: Parts, c: float) -> tuple[Tensor, Tensor]:
        # one scale for all numbers: a pixel that is nearly always black must not be blown up
        scale = x[0].std(0).square().mean().sqrt().clamp(min=1e-6) * x[0].shape[1] ** 0.5 / 4
        model = LogisticRegression(C=c, max_iter=100)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # further steps change no digit
            model.fit((x[0][draw.index] / scale).numpy(), draw.y.numpy())
        first, second = (torch.from_numpy(model.predict((part / scale).numpy())) for part in x[1:])
        return first, second

    return _best(
        draw,
        {
            f"{name} C = {c:g}".strip(): lambda x=x, c=c: answer(x, c)  # type: ignore[misc]
            for name, x in representations
            for c in WEIGHTS
        },
    )


@lru_cache(maxsize=1)
def _pca(name: str, images: int) -> list[tuple[str, Parts]]:
    dataset = _few(name, images)
    train = pixels(dataset.train)
    basis = metrics.pca_subspace(train, max(COMPONENTS)).float()
    parts = [
        (pixels(part) - train.mean(0)) @ basis
        for part in (dataset.train, dataset.validation, dataset.test)
    ]
    return [(f"{d} components,", tuple(part[:, :d] for part in parts)) for d in COMPONENTS]


_graphs: dict[tuple[str, int], sparse.csr_array] = {}


def _graph(key: str, x: Tensor, k: int) -> sparse.csr_array:
    """Kept for the next draw: it does not depend on the labels."""
    if (key, k) not in _graphs:
        while len(_graphs) >= 2 * len(SPREAD_NEIGHBOURS):
            del _graphs[next(iter(_graphs))]
        _graphs[key, k] = label_spreading.graph(x, k)
    return _graphs[key, k]


def _spread(key: str, x: Parts, draw: Draw) -> tuple[str, Tensor, Tensor]:
    key = f"{draw.dataset.sha256} {len(x[0])} {key}"

    def answer(k: int) -> tuple[Tensor, Tensor]:
        s = _graph(key, x[0], k)
        shares = label_spreading.spread(s, draw.index, draw.y, draw.classes)
        # classes are equally frequent among the labels; make them so in what is spread
        shares = shares / shares.sum(0).clamp(min=1e-12)
        first, second = (label_spreading.at_new(shares, x[0], part, k) for part in x[1:])
        return first, second

    return _best(draw, {f"k = {k}": lambda k=k: answer(k) for k in SPREAD_NEIGHBOURS})  # type: ignore[misc]


def _network(found: Parameters, draw: Draw, encoder: Autoencoder) -> tuple[str, Tensor, Tensor]:
    dataset = draw.dataset
    validation, test = to_float(dataset.validation.images), to_float(dataset.test.images)
    x = to_float(dataset.train.images[draw.index])

    def error(model: Classifier) -> float:
        return _error(predicted(model, validation), dataset.validation)

    model = learn(encoder.cpu(), x, draw.y, draw.classes, error, found.steps, draw.seed)
    return f"{found.steps} steps", predicted(model, validation), predicted(model, test)


def config(dataset: str, size: int) -> RunConfig:
    """The autoencoder whose encoder is used: a denoising one, whose codes say more about the class
    than those of a plain one. All else is as Train starts with."""
    changes = {"network.hidden": [256], "bottleneck.latent_dim": size}
    return settings_for("denoising", dataset).replace(**changes)


def _pretrained(found: Parameters, draw: Draw, other: str = "") -> Autoencoder:
    seed = draw.seed * min(PRETRAININGS, found.draws) // found.draws
    dataset = draw.dataset
    settings = config(found.dataset, found.size)
    if other:
        dataset = _resized(other, found.dataset, found.images)
    even = torch.arange(len(dataset.train) // 2 * 2)  # batch norm cannot take one image alone
    return fitted(settings, with_train(dataset, even), found.pretraining, seed)


@lru_cache(maxsize=1)
def _resized(name: str, like: str, images: int) -> Dataset:
    """The images of another data set, as many and as large as those of `like`."""
    dataset, target = datasets.load(name), _few(like, images)
    parts = (dataset.train, dataset.validation)
    few = [part.take(slice(0, len(target.train))) for part in parts]
    train, validation = (
        Split(_as(to_float(part.images), target.image_shape), part.labels) for part in few
    )
    return replace(with_splits(dataset, train, validation), name=like)


def _as(x: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Images (N, C, H, W) in [0, 1] as uint8 of another shape; colours become grey, or grey three
    equal colours."""
    if shape[0] == 1:
        x = x.mean(1, keepdim=True)
    x = F.interpolate(x, shape[1:], mode="bilinear", antialias=True).expand(-1, shape[0], -1, -1)
    return (x * 255).round().clamp(0, 255).to(torch.uint8)


def judge(result: Result) -> Verdict:
    """At 100 labels (or the number nearest to it): the best method that uses codes of the images
    without labels, against the best that does not, both chosen on the validation images; draw by
    draw. And the same for each other number of labels."""
    findings = {
        labels: found
        for labels in sorted(result.values("labels"))
        if (found := _compared(result, labels))
    }
    if not findings:
        text = "No draw is done with every method yet."
        if result.complete:
            text = "There are too few images of each class: ask for fewer Labels."
        return Verdict("open", text)
    focus = min(findings, key=lambda labels: abs(labels - FOCUS))
    ahead, with_codes, without = findings[focus]
    said = f"With {focus} labels: {with_codes}; {without}."
    others = {
        outcome: [str(labels) for labels, row in findings.items() if row[0] == outcome]
        for outcome in ("b", "a")
    }
    words = {"b": "Codes are ahead", "a": "Codes are behind"}
    rest = _transfer(result, focus) + "".join(
        f" {words[outcome]} with {', '.join(labels)} labels."
        for outcome, labels in others.items()
        if labels and labels != [str(focus)]
    )
    if ahead == "b":
        return Verdict("holds", f"Codes of images without labels help. {said}{rest}")
    if ahead == "a":
        return Verdict("fails", f"A method without codes makes fewer errors. {said}{rest}")
    return Verdict("open", f"Too close to call. {said}{rest}")


def _compared(result: Result, labels: int) -> tuple[str, str, str] | None:
    """Which error is larger, "a" (with codes), "b" (without) or "open"; and both arms in words."""
    arms = result.values("arm", labels=labels)
    chosen = []
    for group in (
        [arm for arm in arms if arm in WITH_CODES],
        [arm for arm in arms if arm not in (*WITH_CODES, *GROUPS["transfer"])],
    ):
        if not group:
            return None
        mean = {
            arm: interval(result.of("validation_error", arm=arm, labels=labels)).mean
            for arm in group
        }
        chosen.append(min(group, key=lambda arm: mean[arm]))
    a, b = (
        dict(
            zip(
                result.values("draw", arm=arm, labels=labels),
                result.of("error", arm=arm, labels=labels),
                strict=True,
            )
        )
        for arm in chosen
    )
    shared = [draw for draw in a if draw in b]
    if not shared:
        return None
    pairs = [a[draw] for draw in shared], [b[draw] for draw in shared]
    difference = compare(*pairs, paired=True)
    words = [
        f"{arm} has {_percent(values)} errors" for arm, values in zip(chosen, pairs, strict=True)
    ]
    return difference.ahead, words[0], words[1]


def _transfer(result: Result, labels: int) -> str:
    """Whether layers that were learnt on other images help, in a sentence; "" if not measured."""
    other, scratch = (
        result.of("error", arm=arm, labels=labels)
        for arm in (*GROUPS["transfer"], *GROUPS["dense"])
    )
    count = min(len(other), len(scratch))
    if not count:
        return ""
    ahead = compare(other[:count], scratch[:count], paired=True).ahead
    said = {"a": "hurts", "b": "helps", "open": "makes no clear difference"}[ahead]
    return (
        f" Pretraining on other data {said}: {_percent(other)} errors; the same network from "
        f"scratch {_percent(scratch)}."
    )


def _percent(errors: list[float]) -> str:
    """Mean and interval in percent, which ends at 0 and at 100."""
    found = interval([100 * error for error in errors])
    if found.count > 1:
        found = replace(found, low=max(found.low, 0.0), high=min(found.high, 100.0))
    return f"{found} %"


def _protocol(found: Parameters) -> list[tuple[str, str]]:
    other = datasets.find(found.other).title
    return [
        ("Labels", "as many of each class, redrawn for each draw; the same for all methods"),
        (
            "Measured on",
            f"the test images, at most {found.images // 5:,}, the same for all draws; at most "
            f"{found.images:,} training images",
        ),
        (
            "Pretraining",
            f"denoising autoencoder on all training images without labels, {found.pretraining} "
            f"steps; {min(PRETRAININGS, found.draws)} of them, divided among the draws",
        ),
        ("Other data", f"the same on {other}, resized: then all layers are fine-tuned"),
        (
            "Networks",
            f"the same encoder from scratch and pretrained, {found.steps} steps of Adam at {LR:g}, "
            "no augmentation; conv: 16 and 32 channels with batch norm",
        ),
        (
            "Tuned on",
            "the labelled validation images, for all methods alike and for each draw: C, k, "
            "components, when to stop. With few labels nobody has them, so all errors are a "
            "little too small",
        ),
    ]


def _gain(result: Result) -> float | None:
    """Points between the dense network from scratch and logistic regression on codes."""
    focus = min(result.values("labels"), key=lambda labels: abs(labels - FOCUS), default=0)
    found = [
        result.of("error", arm=arm, labels=focus)
        for arm in ("dense from scratch", "code + logistic")
    ]
    return 100 * float(np.mean(found[0]) - np.mean(found[1])) if all(found) else None


EXPERIMENT = Experiment(
    name="few-labels",
    title="Do codes help if labels are few?",
    claim="If only 100 images have a label, a classifier on the codes of an autoencoder makes "
    "fewer errors than any method without codes.",
    why="An encoder sees thousands of images without labels, and learns how they differ. Then a "
    "few labels are enough to name the groups. With many labels a network learns what it needs "
    "from them directly, and what the code left out is missing. Label spreading uses the images "
    "without labels, too, and needs no network.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    charts=(
        Chart(
            "error",
            "Share of errors",
            "labels",
            "labelled images",
            log_x=True,
            log_y=True,
            better="lower",
            note="Each dot is one draw of labelled images. All methods see the same draws.",
        ),
    ),
    prediction=Prediction(
        "Draw the share of errors of logistic regression on codes over the number of labels.",
        "code + logistic",
        lambda found: found.labels,
        0.0,
        0.7,
        winner=("with codes", "without codes", "equal"),
    ),
    break_it=BreakIt(
        "3,000 labels",
        "With many labels a convolutional network from scratch learns by itself. Do codes still "
        "help?",
        {"labels": [3000], "groups": ["codes", "fine-tuned", "conv"], "draws": 4, "steps": 400},
    ),
    questions=(
        Choice(
            "You label 10 images twice, with other images each time. Why do the errors differ so "
            "much?",
            ("One unusual image is a tenth of all you know", "The network forgets"),
            0,
            (
                "With one image per class, an odd one misleads every method. So compare methods on "
                "the same draws, and repeat.",
                "Methods without a network differ as much between draws.",
            ),
        ),
        Choice(
            "An article shows that pretraining beats a network from scratch. What do you check "
            "first?",
            (
                "Whether the network from scratch is as good as such networks can be",
                "Whether the code is larger than the image",
            ),
            0,
            (
                "A weak opponent makes every method look good. Even nearest neighbours on pixels "
                "are hard to beat.",
                "The size of the code matters less than a fair opponent.",
            ),
        ),
        Numeric(
            "In your result at 100 labels: how many points of error does logistic regression on "
            "codes save, compared with the dense network from scratch?",
            _gain,
            "It is the distance of the means of the two curves, times 100.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "other": "fashion-mnist",
        "labels": [10, 30, 100, 300, 1000, 3000],
        "pretraining": 10_000,
        "steps": 600,
        "images": 60_000,
        "draws": 10,
    },
    needs=frozenset({"labels"}),
    min_images=100,
    table=("arm", "labels", "draw", "setting", "error", "validation_error"),
    recipe=lambda found, row: (
        config(found.dataset, found.size) if row["arm"] in WITH_CODES else None
    ),
)
