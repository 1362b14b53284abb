"""The experiment on few labels: claim, charts, questions and protocol."""

from __future__ import annotations

import numpy as np

from aeviz import datasets
from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.classifier import LR
from aeviz.experiments.few_labels.arms import PRETRAININGS, config
from aeviz.experiments.few_labels.parameters import WITH_CODES, Parameters, check
from aeviz.experiments.few_labels.tasks import tasks, work
from aeviz.experiments.few_labels.verdict import FOCUS, judge


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    other = datasets.find(params.other).title
    return [
        ("Labels", "the same number of each class, redrawn for each draw, for all methods alike"),
        (
            "Measured on",
            f"the test images, at most {params.images // 5:,}, the same for all draws; at most "
            f"{params.images:,} training images",
        ),
        (
            "Pretraining",
            f"denoising autoencoder on all training images without labels, {params.pretraining} "
            f"steps; {min(PRETRAININGS, params.draws)} of them, divided among the draws; the "
            "intervals are over the draws, which share them and the test images",
        ),
        ("Other data", f"the same on {other}, resized: then all layers are fine-tuned"),
        (
            "Networks",
            f"the same encoder from scratch and pretrained, {params.steps} steps of Adam at {LR:g}"
            "; each step turns, scales and shifts its images a little at random; conv: 16 and 32 "
            "channels with batch norm",
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
    "fewer errors than any method without codes that sees the same images.",
    why="An encoder sees thousands of images without labels, and learns how they differ. Then a "
    "few labels are enough to name the groups. With many labels a network learns what it needs "
    "directly, but the code has lost some of it. Label spreading passes labels on to similar "
    "images, also to those without a label, and needs no network.",
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
        lambda params: params.labels,
        0.0,
        0.7,
        winner=("with codes", "without codes", "equal"),
    ),
    break_it=BreakIt(
        "1,000 labels",
        "With many labels a convolutional network from scratch learns by itself. Do codes still "
        "help?",
        {"labels": [1000], "groups": ["codes", "fine-tuned", "conv"], "draws": 4, "steps": 400},
    ),
    questions=(
        Choice(
            "You choose 10 images to label, and later 10 others. Why do the errors differ so much?",
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
        "steps": 1500,
        "images": 60_000,
        "draws": 10,
    },
    needs=frozenset({"labels"}),
    min_images=100,
    table=("arm", "labels", "draw", "setting", "error", "validation_error"),
    recipe=lambda params, row: (
        config(params.dataset, params.size) if row["arm"] in WITH_CODES else None
    ),
)
