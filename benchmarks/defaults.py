"""Train every type with its default settings, and check its claims.

    python -m benchmarks.defaults [--datasets mnist-5k digits shapes fashion-mnist own]
        [--types vae ...] [--seeds 3] [--search TYPE]

Each type is trained with the Train page's default settings for that data set, in the same way as by
the page's worker (with as many threads), from several seeds. A line has the medians over the seeds:
error, error of PCA with as many components, seconds of training, and each claim with its value, its
bound, and the number of seeds for which it holds. Exits with 1 if a claim fails. `fashion-mnist` is
skipped if it is not on this machine. `own`: 120 squares cut from the photographs that ship with the
app, 32x32 in colour, as an example of a person's own images.

"Judged digits" are those that a small classifier is sure of (`benchmarks/digit_judge.py`). Its
results on real digits and on images that are not digits are printed, too.

`--search` trains one type with each of the settings in `TRIED` instead, on each data set, and
prints the results on the validation images. The rules that derive settings from the data set were
chosen in this way. The settings for MNIST 5k were chosen among similar ones by their error on the
test images, so their results there are slightly optimistic. The VAE's code size and layers, and the
threshold of the classifier, were chosen with the share of judged digits in view.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import sys
import time
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from PIL import Image

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset, Source, custom_images
from aeviz.datasets.splitting import content_hash
from aeviz.evaluation.evaluate import evaluate
from aeviz.io import machine
from aeviz.nn.model import Autoencoder
from aeviz.presets.autoencoders import PRESETS, Preset
from aeviz.presets.defaults import with_steps
from aeviz.runs import queue
from aeviz.server.photos import samples
from aeviz.training.cpu.threads import threads
from aeviz.training.loop import train
from aeviz.training.state import begin
from benchmarks.claims import Claim, claims, measure

OWN_IMAGES = 120
OWN_SIDE = 32
DATASETS = ("mnist-5k", "digits", "shapes", "fashion-mnist", "own")

TRIED: dict[str, list[dict[str, Any]]] = {
    "standard": [
        {"training.lr": 0.001, "training.schedule": "constant", "training.beta2": 0.999},
        {"network.norm": "none", "training.lr": 0.003, "training.beta2": 0.999},
        *({"network.norm": "none", "training.lr": lr} for lr in (0.003, 0.006, 0.01)),
        *({"training.lr": lr} for lr in (0.0015, 0.003, 0.006)),
        {"network.norm": "none", "training.batch_size": 64, "training.lr": 0.004},
        {"loss.reconstruction": "mse"},
        {"network.hidden": (256,)},
        *({"bottleneck.latent_dim": size} for size in (4, 8, 16, 32, 64)),
    ],
    "linear": [
        {"training.batch_size": 128, "training.lr": 0.01},
        {"training.batch_size": 256, "training.lr": 0.02},
        {"training.lr": 0.01},
        {"training.lr": 0.005},
        {"training.beta2": 0.999},
        *({"bottleneck.latent_dim": size} for size in (8, 16, 32)),
    ],
    "deep": [
        {"network.norm": "none", "training.lr": 0.004},
        {"network.norm": "none", "training.lr": 0.004, "network.init": "glorot"},
        {"network.norm": "none", "network.hidden": (512,)},
        *({"training.lr": lr} for lr in (0.001, 0.002, 0.004, 0.006)),
    ],
    "convolutional": [
        *({"training.lr": lr} for lr in (0.002, 0.003, 0.004)),
        {"network.norm": "batch"},
    ],
    "overcomplete": [{"training.lr": lr} for lr in (0.002, 0.003, 0.01)],
    "sparse": [
        {"network.init": init, "loss.weight": weight, "training.lr": lr}
        for init in ("fan-in", "glorot")
        for weight in (0.3, 1.0, 1.4, 2.0)
        for lr in (0.0005, 0.003, 0.006)
    ],
    "sparse-kl": [{"loss.weight": weight} for weight in (0.5, 2.0, 7.8)],
    "contractive": [
        {"network.hidden": (256,), "training.lr": 0.006},
        *({"loss.weight": weight} for weight in (0.0067, 0.082, 1.0, 10.0, 15.0, 30.0)),
    ],
    "denoising": [
        {"network.kind": "conv", "network.hidden": (256,), "network.norm": "none"},
        {"network.kind": "conv", "network.hidden": (256,), "corruption.kind": "gaussian"},
        {},
    ],
    "vae": [
        {"network.hidden": (400,), "bottleneck.latent_dim": 20, "network.norm": "none"},
        {"network.hidden": (512, 256), "bottleneck.latent_dim": 10},
        {"network.hidden": (512, 256), "bottleneck.latent_dim": 10, "loss.beta": 2.0},
        {"network.hidden": (512, 256), "bottleneck.latent_dim": 5},
        {"training.lr": 0.01},
        {},
    ],
    "beta-vae": [
        *({"loss.beta": beta} for beta in (1.0, 2.0, 4.0, 8.0)),
        {"network.channels": (32, 64), "network.hidden": (256,)},
        {"training.batch_size": 64},
    ],
}
"""Changes to the defaults, by type."""
for _type in ("standard", "deep", "convolutional", "contractive"):
    TRIED[_type] += [{"training.augment": kind} for kind in ("shift-flip", "crop-flip")]


def own_images(seed: int = 0) -> tuple[Source, Dataset]:
    """Squares of a quarter to four fifths of a photograph's height, downscaled."""
    random = np.random.default_rng(seed)
    folder = os.path.dirname(samples.__file__)
    squares, labels = [], []
    for number in range(OWN_IMAGES):
        label = number % len(samples.SAMPLES)
        with Image.open(os.path.join(folder, f"{samples.SAMPLES[label].name}.jpg")) as photo:
            side = int(min(photo.size) * random.uniform(0.25, 0.8))
            left, top = (int(random.integers(0, size - side + 1)) for size in photo.size)
            cut = photo.convert("RGB").crop((left, top, left + side, top + side))
        small = cut.resize((OWN_SIDE, OWN_SIDE), Image.Resampling.BOX)
        squares.append(torch.from_numpy(np.array(small)).permute(2, 0, 1))
        labels.append(label)
    names = tuple(sample.title for sample in samples.SAMPLES)
    splits = custom_images.split_by_class(torch.stack(squares), torch.tensor(labels), len(names))
    parts = (splits.train, splits.validation, splits.test)
    source = Source(
        name="own",
        title=f"{OWN_IMAGES} images of one's own",
        description="",
        image_shape=(3, OWN_SIDE, OWN_SIDE),
        class_names=names,
        counts=(len(parts[0]), len(parts[1]), len(parts[2])),
        credit="",
        reader="custom_images",
        own=True,
    )
    return source, Dataset("own", source.title, names, (), *parts, sha256=content_hash(splits))


def data(name: str) -> tuple[Source, Dataset]:
    return own_images() if name == "own" else (datasets.find(name), datasets.load(name))


def trained(config: RunConfig, dataset: Dataset) -> tuple[Autoencoder, float]:
    """The model, trained as the worker of a run would train it, and the seconds this took."""
    torch.set_num_threads(threads(config, machine.cores(), queue.slots()))
    state = begin(config, dataset, torch.device("cpu"))
    began = time.perf_counter()
    for _ in train(state, dataset):
        pass
    seconds = time.perf_counter() - began
    torch.set_num_threads(machine.cores())
    return state.model.eval(), seconds


def check(preset: Preset, source: Source, dataset: Dataset, seeds: int) -> bool:
    """Prints the line of one type on one data set; returns whether all of its claims hold."""
    rows: list[dict[str, float]] = []
    found: defaultdict[str, list[Claim]] = defaultdict(list)
    for seed in range(seeds):
        config = preset.on(source).replace(**{"training.seed": seed})
        model, seconds = trained(config, dataset)
        result = measure(model, dataset, lambda changed: trained(changed, dataset)[0])
        rows.append({"seconds": seconds, **{k: result.figures[k] for k in ("mse", "pca_mse")}})
        for claim in claims(result):
            found[claim.text].append(claim)
    error, pca, seconds = (
        statistics.median(row[key] for row in rows) for key in ("mse", "pca_mse", "seconds")
    )
    print(f"{source.name:14}{preset.name:14}{error:9.4f}{pca:9.4f}{seconds:7.1f} s", flush=True)
    for text, each in found.items():
        bound, sign = each[0].bound, "<=" if each[0].at_most else ">="
        value = statistics.median(claim.value for claim in each)
        holds = sum(claim.holds for claim in each)
        word = "ok  " if holds == seeds else "FAIL"
        print(f"    {word} {text}: {value:.3f} {sign} {bound:g} ({holds} of {seeds})", flush=True)
    return all(claim.holds for each in found.values() for claim in each)


def search(preset: Preset, source: Source, dataset: Dataset) -> None:
    """Prints the results of each of the tried settings on the validation images."""
    shown = ("active_fraction", "jacobian_norm", "knn_accuracy", "largest_angle_to_pca")
    judged = dataclasses.replace(dataset, test=dataset.validation)
    for changes in TRIED[preset.name]:
        config = preset.on(source).replace(**changes)
        training = with_steps(config.training, source.counts[0], preset.steps)
        model, seconds = trained(dataclasses.replace(config, training=training), dataset)
        figures = evaluate(model, judged)
        others = {key: round(figures[key], 4) for key in shown if key in figures}
        share = figures["mse"] / max(figures["pca_mse"], 1e-9)
        print(
            f"{source.name} {changes}: error / PCA's {share:.3f}, {seconds:.1f} s, {others}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--datasets", nargs="+", choices=DATASETS, default=DATASETS)
    parser.add_argument("--types", nargs="+", choices=PRESETS, default=list(PRESETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--search", choices=TRIED)
    args = parser.parse_args()
    if args.search:
        for name in args.datasets:
            search(PRESETS[args.search], *data(name))
        return
    print(f"{'':28}{'error':>9}{'PCA':>9}{'train':>9}   {os.cpu_count()} cores")
    results = []
    for name in args.datasets:
        if name == "fashion-mnist" and not datasets.available(name):
            print("fashion-mnist is missing: set AEVIZ_DATA to its folder")
            continue
        source, dataset = data(name)
        results += [check(PRESETS[t], source, dataset, args.seeds) for t in args.types]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
