"""Tasks: each group of methods on each draw of labelled images."""

from __future__ import annotations

from aeviz.datasets import Dataset
from aeviz.evaluation.validation import to_float
from aeviz.experiments.base import Output, Picture, Row, Task
from aeviz.experiments.few_labels.arms import classified, pretrained
from aeviz.experiments.few_labels.images import Draw, labels_per_class, limited, share_wrong
from aeviz.experiments.few_labels.parameters import GROUPS, Parameters
from aeviz.experiments.pictures import grid
from aeviz.experiments.splits import balanced
from aeviz.experiments.stored import stored

SHOWN = 20


def tasks(params: Parameters) -> list[Task]:
    """Draw by draw, the quick methods first, so that the first whole picture is soon there."""
    return [
        Task(f"{group}-{draw}", {"group": group, "draw": draw})
        for draw in range(params.draws)
        for group in GROUPS
        if group in params.groups
    ]


def work(params: Parameters, task: Task) -> Output:
    dataset = limited(params.dataset, params.images)
    group, seed = task.values["group"], task.values["draw"]
    rows: list[Row] = []
    for count in labels_per_class(params, dataset):
        draw = Draw(dataset, balanced(dataset.train.labels, count, 1000 * seed + count), seed)
        for arm, setting, validation, test in classified(params, draw, group):
            rows.append(
                {
                    "arm": arm,
                    "labels": len(draw.index),
                    "draw": seed,
                    "setting": setting,
                    "error": share_wrong(test, dataset.test),
                    "validation_error": share_wrong(validation, dataset.validation),
                }
            )
    pictures = _labelled(params, dataset) if task == tasks(params)[0] else {}
    if seed or group != _keeping(params):
        return Output(rows, pictures)
    kept = stored("pretrained autoencoder", pretrained(params, dataset, seed), dataset)
    return Output(rows, pictures, stored=kept)


def _keeping(params: Parameters) -> str:
    """The group whose first task stores the pretrained autoencoder."""
    return "codes" if "codes" in params.groups else "fine-tuned"


def _labelled(params: Parameters, dataset: Dataset) -> dict[str, Picture]:
    count = labels_per_class(params, dataset)[:1]
    if not count:
        return {}
    index = balanced(dataset.train.labels, count[0], count[0])[:SHOWN]
    images = to_float(dataset.train.images[index])
    text = f"the {len(index)} labelled images of the first draw"
    return {"labelled": Picture(text, grid(images, min(10, len(images))))}
