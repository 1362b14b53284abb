"""The groups of methods; how many images have a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aeviz import datasets
from aeviz.errors import UserError
from aeviz.experiments import parameters as p

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


@dataclass(frozen=True)
class Parameters:
    dataset: str = p.dataset()
    other: str = p.choice(
        "shapes", "Other data", "What an encoder is pretrained on, to transfer it.",
        (*datasets.DATASETS,),
    )  # fmt: skip
    labels: tuple[int, ...] = p.numbers(
        (10, 30, 100, 1000), "Labels", "Labelled images in all, the same number of each class.",
        2, 60_000, 8,
    )  # fmt: skip
    groups: tuple[str, ...] = p.choices((*GROUPS,), "Methods", "What is compared.", (*GROUPS,))
    size: int = p.number(64, "Code size", "How many numbers the code has.", 2, 512)
    pretraining: int = p.number(
        400, "Pretraining steps", "Of the encoder, on images without labels.", 20, 100_000
    )
    steps: int = p.number(
        120, "Training steps", "Of each classifier, with the labelled images.", 20, 20_000
    )
    images: int = p.number(
        5000,
        "Images",
        "How many training images at most; a fifth of it for validation and for test.",
        100,
        60_000,
    )
    draws: int = p.number(10, "Draws", "How often other images are labelled. Each is a dot.", 2, 50)


def check(params: Parameters) -> None:
    source = datasets.find(params.dataset)
    classes = len(source.class_names)
    if params.labels[-1] < classes:
        raise UserError(f"Labels (labels) must go up to {classes} or more, one of each class.")
    images = min(source.counts[0], params.images)
    if params.labels[0] > images:
        raise UserError(
            f"There are {images} training images of {source.title}: choose fewer Labels (labels)."
        )
    if not {"codes", "fine-tuned"} & set(params.groups):
        raise UserError("The claim is about codes: name codes or fine-tuned in Methods (groups).")
    if not {"pixels", "dense", "conv"} & set(params.groups):
        raise UserError(
            "Compare with pixels, dense or conv: name one of them in Methods (groups), too."
        )
    if "transfer" in params.groups and params.other == params.dataset:
        raise UserError("Other data (other) must not be the data set itself: choose another one.")
