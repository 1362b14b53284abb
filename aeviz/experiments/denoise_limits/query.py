"""A person's own image: restored as it is, and with each amount of noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from aeviz.datasets import Dataset, Split
from aeviz.experiments.base import Result, Task
from aeviz.experiments.denoise_limits.arms import corrupted, percent_of, restored
from aeviz.experiments.denoise_limits.parameters import FILTER
from aeviz.experiments.query import Answer, Query, Respond, Shelf
from aeviz.experiments.stored import Stored, stored
from aeviz.images import decode_sprite
from aeviz.models.checkpoint import Loaded
from aeviz.nn.model import Autoencoder
from aeviz.restoration.filters import median
from aeviz.restoration.out_of_distribution import STRANGE, calibrate

PER_ROW = 8
TEXT = (
    "Choose, draw or upload an image. The denoiser of the first seed restores it as it is, and "
    "with each amount of noise. If your image is noisy already, look at the large images."
)
NOTE = "The PSNR compares with the image as you chose it, before noise was added."
UNLIKE = (
    "This image looks unlike the images that the denoiser has learned from. Its output may be more "
    "similar to those than to your image."
)


def store(model: Autoencoder, dataset: Dataset) -> Stored:
    """The denoiser, with a gallery of clean test images."""
    return stored("Denoising autoencoder", model, dataset)


def prepare(result: Result, task: Task, loaded: Loaded, corpus: Split | None) -> Respond:
    """The answer: the image restored, and a row of noisy, restored and filtered images each. The
    median filter has the windows of the result."""
    del task, corpus
    model, gallery, params = loaded.model, loaded.gallery, result.parameters
    assert gallery is not None
    images = decode_sprite(gallery.sprite, len(gallery.latents), model.image_shape)
    known = calibrate(model, images.float() / 255)
    windows = [
        int(size)
        for amount in params.amounts
        for size in result.of("size", arm=FILTER, amount=amount)
    ]

    def respond(x: Tensor, label: str) -> Answer:
        x_hat = restored(model, x[None])[0]
        change = (x_hat - x + 1) / 2
        noisy = torch.cat([corrupted(params, x[None], amount) for amount in params.amounts])
        outputs = {"Denoiser": restored(model, noisy)}
        if len(windows) == len(noisy):
            sized = zip(noisy.split(1), windows, strict=True)
            outputs["Median filter"] = torch.cat([median(one, size) for one, size in sized])
        before, after = (_psnr(x, some) for some in (noisy, outputs["Denoiser"]))
        large = (label or "this image", "restored", "change (grey: none)")
        shelves = [Shelf("", "", torch.stack([x, x_hat, change]), large)]
        for first in range(0, len(noisy), PER_ROW):
            part = slice(first, first + PER_ROW)
            labels = [
                f"{percent_of(amount)}\n{decibels(psnr)}"
                for amount, psnr in zip(params.amounts[part], before[part], strict=True)
            ]
            shelves.append(Shelf("Noise added", "amount, PSNR in dB", noisy[part], tuple(labels)))
            for name, some in outputs.items():
                labels = [decibels(psnr) for psnr in _psnr(x, some[part])]
                shelves.append(Shelf(name, "PSNR in dB", some[part], tuple(labels)))
        strange = known.strangeness(x[None], x_hat[None]).item() > STRANGE
        return Answer(
            "",
            _sentence(params.amounts, before, after),
            tuple(shelves),
            f"{UNLIKE} {NOTE}" if strange else NOTE,
        )

    return respond


def _psnr(x: Tensor, images: Tensor) -> list[float]:
    """PSNR of each image (N, C, H, W) against x (C, H, W), in dB; infinite for a copy."""
    errors = (images - x).square().flatten(1).mean(1).tolist()
    return [-10 * math.log10(error) if error else math.inf for error in errors]


def decibels(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.1f}"


def _sentence(amounts: Sequence[float], before: Sequence[float], after: Sequence[float]) -> str:
    gains = [own - noisy for own, noisy in zip(after, before, strict=True)]
    closer, most = sum(gain > 0 for gain in gains), max(gains)
    if not closer:
        return (
            "The output is farther from this image than the noisy image at every amount of noise."
        )
    return (
        f"The output is closer to this image than the noisy image at {closer} of {len(gains)} "
        f"amounts of noise. It gains most at {percent_of(amounts[gains.index(most)])}: "
        f"{most:.1f} dB."
    )


QUERY = Query(TEXT, "Network", prepare)
