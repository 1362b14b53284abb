"""A person's own image: its error beside the threshold, and where it is wrong."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from aeviz.datasets import Split
from aeviz.evaluation import anomaly
from aeviz.evaluation.evaluate import reconstruct
from aeviz.experiments.anomaly.arms import heat_top, trained
from aeviz.experiments.anomaly.images import Trial
from aeviz.experiments.anomaly.parameters import NETWORKS, Parameters
from aeviz.experiments.base import Chart, Result, Task
from aeviz.experiments.pictures import heat
from aeviz.experiments.query import Answer, Query, Respond, Shelf
from aeviz.experiments.stored import Stored, stored, with_test
from aeviz.io.json_file import is_number
from aeviz.models.checkpoint import Loaded

HISTOGRAM = Chart(
    "images",
    "Share of images",
    "times_threshold",
    "error of the AE, as a multiple of the threshold",
    note="Normal images and anomalies, with the first seed. What lies right of 1 is "
    "flagged. The last place has all that are larger.",
)
LAST_PLACE = 31 / 16
"""The middle of the histogram's last place, which has all larger errors."""
TEXT = (
    "This network has learned normal images only. Choose, draw or upload an image: is it flagged? "
    "Try to draw an anomaly that is not."
)


def network_of(params: Parameters) -> str:
    """The network that is stored, for each class with the first seed."""
    return next(name for name in NETWORKS if name in params.networks)


def store(trial: Trial, params: Parameters, seed: int, class_name: str) -> Stored:
    """The network, with a gallery of test images of both kinds."""
    model = trained(trial, params, network_of(params), seed)
    one_normal = params.setup == "one-normal"
    name = f"{class_name} is normal" if one_normal else f"all but {class_name} are normal"
    dataset = with_test(trial.dataset, trial.test, trial.validation)
    return stored(name, model, dataset, {"heat_top": heat_top(trial, model)})


def prepare(result: Result, task: Task, loaded: Loaded, corpus: Split | None) -> Respond:
    """The answer of one stored network; both scores have the thresholds of its result."""
    del corpus
    assert loaded.gallery is not None
    name = loaded.gallery.class_names[task.values["label"]]
    network = task.values["method"]
    limits = [
        result.of("threshold", arm=f"{network} {score}", seed=0, **{"class": name})[0]
        for score in ("error", "relative error")
    ]
    top = loaded.card.get("heat_top")
    one_normal = result.parameters.setup == "one-normal"

    def respond(x: Tensor, label: str) -> Answer:
        x_hat = reconstruct(loaded.model, x[None])
        error = (x - x_hat).square().sum().reshape(1)
        scores = (error, anomaly.relative(error, x.reshape(1, -1)))
        times, relative = (
            score.item() / max(limit, 1e-12) for score, limit in zip(scores, limits, strict=True)
        )
        maps = anomaly.error_maps(x[None], x_hat)
        map_top = float(top) if is_number(top) else maps.max().item()
        images = [image.expand(-1, 3, -1, -1)[0] for image in (x[None], x_hat)]
        kind = "a normal image" if (label == name) == one_normal else "an anomaly"
        return Answer(
            "Flagged" if times > 1 else "Not flagged",
            f"The error is {_times(times)} the threshold. Divided by the norm of the image, it is "
            f"{_times(relative)} its own threshold: {_verdict(times, relative)}.",
            (
                Shelf(
                    "",
                    "",
                    torch.stack([*images, heat(maps, map_top)[0]]),
                    (f"{label}, {kind}" if label else "this image", "reconstruction", "error"),
                ),
            ),
            "In the error map, white is what only 0.5 % of the pixels of normal images exceed.",
            _placed(name, times),
        )

    return respond


def _times(value: float) -> str:
    """Two digits or more; all of those that matter around 1."""
    digits = 2 if value < 1.995 else 1 if value < 9.95 else 0
    return f"{value:.{digits}f} times"


def _verdict(times: float, relative: float) -> str:
    if (times > 1) == (relative > 1):
        return "both scores flag it" if times > 1 else "neither flags it"
    return "only this score flags it" if relative > 1 else "only the plain error flags it"


def _placed(name: str, times: float) -> Chart:
    """The histogram of one class with the threshold and the image's place."""
    marks = ((1.0, "threshold"), (min(times, LAST_PLACE), "this image"))
    return replace(HISTOGRAM, where={"class": name}, marks=lambda result: marks)


QUERY = Query(TEXT, "What is normal", prepare)
