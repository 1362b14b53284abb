"""The project's speed measurements on a GPU: training, restoring, decoding, maps of codes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from aeviz.datasets import Dataset
from aeviz.datasets.photos import Photos
from aeviz.evaluation.evaluate import encode_all
from aeviz.images.photo import Photo
from aeviz.nn.model import Autoencoder
from aeviz.nn.unet import Restorer
from aeviz.presets.restorers import RESTORERS
from aeviz.restoration.photo import MAX_PIXELS, restore_photo
from aeviz.restoration.tasks import TASKS
from aeviz.server.live.computer import ModelComputer
from aeviz.training.graphs import enabled
from benchmarks.gpu.clock import Share
from benchmarks.gpu.sizes import Sizes
from benchmarks.reference_losses import all_training_images
from benchmarks.speedrun import OURS, TARGET
from benchmarks.trainers import EXAMPLE, Task, ours, pytorch_example
from benchmarks.training import NETWORKS, RECOMMENDED, flops_per_image, peak

GOAL_RATIO, GOAL_MEGAPIXELS = 30, 20
ROWS = (1, 32, 1024)
Figure = tuple[str, Callable[[], dict[str, Any]]]


def figures(
    dataset: Dataset, photos: Photos, device: torch.device, sizes: Sizes, share: Share
) -> Iterator[Figure]:
    """Each measurement by its name, in order of importance, while there is time."""
    rates: dict[str, float] = {}  # of PyTorch's example, which takes long to measure
    rows: list[Figure] = [
        ("training dense", partial(training, "dense", dataset, device, sizes, rates)),
        ("restoring", partial(restoring, photos, device, sizes, share)),
        ("training conv", partial(training, "conv", dataset, device, sizes, rates)),
        ("decoding", partial(decoding, device)),
        ("speedrun", partial(speedrun, dataset, device, sizes, rates)),
        ("maps", partial(maps, dataset, device)),
    ]
    for row in rows:
        if share.over:
            return
        yield row


def training(
    network: str,
    dataset: Dataset,
    device: torch.device,
    sizes: Sizes,
    example_rates: dict[str, float],
) -> dict[str, Any]:
    """Images per second of an epoch, with batches of 128 and with the size recommended for speed,
    beside PyTorch's example; and the share of the peak of a matrix product."""
    config = EXAMPLE.replace(
        **NETWORKS[network],
        **{"training.epochs": sizes.figure_epochs, "training.device": device.type},
    )
    job = Task(config, _first(dataset, sizes.figure_images), device)
    fast = replace(job, config=config.replace(**RECOMMENDED[network]))
    once = config.replace(**{"training.epochs": 1})
    example = Task(once, _first(dataset, sizes.example_images), device)
    for each, run in ((job, ours), (fast, ours), (example, pytorch_example)):
        run(replace(each, config=once, dataset=_first(dataset, 256)))  # first kernels
    rates = {
        "aeviz": statistics.median(ours(job)[0] for _ in range(sizes.figure_rounds)),
        "aeviz, recommended": statistics.median(ours(fast)[0] for _ in range(sizes.figure_rounds)),
        "PyTorch's example": pytorch_example(example)[0],
    }
    example_rates[network] = rates["PyTorch's example"]
    best = max(rates["aeviz"], rates["aeviz, recommended"])
    most = peak(job, 8192 if device.type == "cuda" else 512)
    return {
        "recorded": enabled(device),
        "images_per_second": {name: round(rate) for name, rate in rates.items()},
        "ratio": round(best / rates["PyTorch's example"], 1),
        "goal": GOAL_RATIO,
        "share_of_peak": round(best * flops_per_image(job) / most, 4),
        "peak_tflops": round(most / 1e12, 2),
    }


def _first(dataset: Dataset, images: int) -> Dataset:
    return replace(dataset, train=dataset.train.take(slice(0, images)))


def speedrun(
    dataset: Dataset, device: torch.device, sizes: Sizes, example_rates: dict[str, float]
) -> dict[str, Any]:
    """Seconds to the final loss of PyTorch's example, with our recipe. Those of the example are
    computed from its images per second, in `example_rates`, and ten epochs."""
    whole = all_training_images(dataset)
    config = OURS.replace(**{"training.device": device.type})
    if sizes.figure_images < 1_000:
        config = config.replace(**{"training.epochs": 1})
    rate, loss = ours(Task(config, whole, device))
    theirs = EXAMPLE.training.epochs * len(whole.train) / example_rates["dense"]
    return {
        "seconds": round(config.training.epochs * len(whole.train) / rate, 2),
        "loss": round(loss, 2),
        "target": TARGET,
        "reached": loss <= TARGET,
        "example_seconds_estimated": round(theirs, 1),
    }


def restoring(photos: Photos, device: torch.device, sizes: Sizes, share: Share) -> dict[str, Any]:
    """Megapixels per second of the denoiser on large photographs, and its peak memory."""
    config = RESTORERS["restore-denoise"].replace(**sizes.network)
    model = Restorer(config).to(device).eval().requires_grad_(False)
    model.to(memory_format=torch.channels_last)
    found: dict[str, Any] = {"goal": GOAL_MEGAPIXELS}
    small = tiled(photos, min(1.0, *sizes.megapixels))
    restore_photo(model, TASKS["denoise"], small, sigma=25)  # first kernels
    for megapixels in sizes.megapixels:
        if share.over:
            break
        photo = tiled(photos, megapixels)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
            torch.cuda.reset_peak_memory_stats(device)
        times = []
        for _ in range(2 if device.type == "cuda" else 1):  # a GPU's first run is slower
            began = time.perf_counter()
            restore_photo(model, TASKS["denoise"], photo, sigma=25)
            times.append(time.perf_counter() - began)
        seconds = min(times)
        row: dict[str, Any] = {"megapixels_per_second": round(megapixels / seconds, 2)}
        if device.type == "cuda":
            row["peak_gigabytes"] = round(torch.cuda.max_memory_allocated(device) / 1e9, 2)
        found[f"{megapixels:g} MP"] = row
    return found


def tiled(photos: Photos, megapixels: float) -> Photo:
    """A photograph of about this many megapixels, at most as many as can be restored, tiled from a
    smaller one."""
    one = photos.held_out[0].permute(1, 2, 0).numpy()
    pixels = min(megapixels * 1e6, MAX_PIXELS)
    height = int((pixels * 3 / 4) ** 0.5)
    width = int(pixels / height)
    times = (-(-height // one.shape[0]), -(-width // one.shape[1]), 1)
    return Photo(np.ascontiguousarray(np.tile(one, times)[:height, :width]))


def decoding(device: torch.device) -> dict[str, Any]:
    """Codes per second through the network of the bundled `vae-mnist`, pixels back on the CPU."""
    config = EXAMPLE.replace(**NETWORKS["conv"])
    computer = ModelComputer(Autoencoder(config, (1, 28, 28)).to(device).eval())
    rates = {}
    for rows in ROWS:
        codes = np.random.default_rng(0).normal(size=(rows, 16)).astype(np.float32)
        computer.decode(codes)
        began, passes = time.perf_counter(), 0
        while time.perf_counter() - began < 0.3:
            computer.decode(codes)
            passes += 1
        rates[str(rows)] = round(rows * passes / (time.perf_counter() - began))
    return {"rows_per_second": rates}


def maps(dataset: Dataset, device: torch.device) -> dict[str, Any]:
    """Seconds of t-SNE and UMAP of the codes of all images, if RAPIDS cuML is installed."""
    if device.type != "cuda" or find_spec("cuml") is None:
        return {"skipped": "there is no library for t-SNE and UMAP on this device"}
    from cuml.manifold import TSNE, UMAP

    model = Autoencoder(EXAMPLE.replace(**NETWORKS["conv"]), dataset.image_shape).to(device).eval()
    splits = (dataset.train, dataset.validation, dataset.test)
    codes = torch.cat([encode_all(model, split)[0] for split in splits]).numpy()
    found: dict[str, Any] = {"codes": len(codes)}
    for name, method in (("t-SNE", TSNE), ("UMAP", UMAP)):
        began = time.perf_counter()
        method(n_components=2).fit_transform(codes)
        found[name] = round(time.perf_counter() - began, 2)
    return found
