"""Training speed in images per second, beside the usual ways to train the same network.

    python -m benchmarks.training [--network dense|conv] [--epochs 1] [--rounds 3]
        [--images 20000] [--batch-size 128] [--device cpu|cuda] [--short]

`dense` is the 784-400-20 VAE of PyTorch's example, `conv` the network of the bundled `vae-mnist`;
both use Adam at 1e-3. The contenders are aeviz's loop; the loop of PyTorch's VAE example
(DataLoader, ToTensor, one .item() per step); pythae's BaseTrainer; Lightning's Trainer; and, if it
is installed, JAX (dense, on a CPU; one compiled scan per epoch, compilation not timed). Each has
its own process with the libraries' defaults; that of aeviz keeps its memory, as `python -m aeviz
train` does. They take turns in one run, so that noise on the machine affects all of them. Figures
are medians over the rounds, and ratios of medians. Peers are timed over the whole call of their
trainer, aeviz without its validation after each epoch, which none of them does here. The last row
is aeviz again, with the batch size that we recommend for speed, against the peers with theirs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec

import torch
from torch.utils.flop_counter import FlopCounterMode

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.device import autocast, describe
from aeviz.evaluation.validation import to_float
from aeviz.nn.model import Autoencoder
from benchmarks.jax_trainer import jax_scan
from benchmarks.trainers import EXAMPLE, PEERS, Result, Task, contender, ours

NETWORKS = {
    "dense": {"network.hidden": (400,), "bottleneck.latent_dim": 20},
    "conv": {
        "network.kind": "conv",
        "network.channels": (48, 96),
        "network.hidden": (256,),
        "network.activation": "silu",
        "bottleneck.latent_dim": 16,
    },
}
RECOMMENDED = {
    "dense": {"training.batch_size": 768, "training.lr": 2e-2, "training.schedule": "one-cycle"},
    "conv": {"training.batch_size": 512, "training.lr": 6e-3, "training.schedule": "one-cycle"},
}
"""For speed; the schedule needs the steps of about ten epochs of 60,000 images to decay."""


def configured(args: argparse.Namespace) -> RunConfig:
    return EXAMPLE.replace(
        **NETWORKS[args.network],
        **{
            "training.epochs": args.epochs,
            "training.batch_size": args.batch_size,
            "training.device": args.device,
            "training.precision": args.precision,
        },
    )


def flops_per_image(job: Task) -> float:
    """FLOPs per image of a forward and backward pass: multiplications and additions in matrix
    products and convolutions."""
    model = Autoencoder(job.config, job.dataset.image_shape)
    x = to_float(job.dataset.train.images[:8])
    with FlopCounterMode(display=False) as counter:
        model.loss(model(x), x, x, 1.0).total.backward()
    return counter.get_total_flops() / len(x)


def peak(job: Task, side: int) -> float:
    """FLOP/s of a product of two large matrices on this device, in the precision of the training:
    the achievable peak, which may differ from the data sheet's."""
    a, b = torch.randn(2, side, side, device=job.device)
    best = 0.0
    with torch.no_grad(), autocast(job.device, job.config.training.precision):
        for _ in range(6):  # the first one warms up
            job.wait()
            began = time.perf_counter()
            a @ b
            job.wait()
            best = max(best, 2 * side**3 / (time.perf_counter() - began))
    return best


def report(results: dict[str, list[Result]]) -> None:
    rates = {name: statistics.median(r for r, _ in rows) for name, rows in results.items()}
    losses = {name: statistics.median(loss for _, loss in rows) for name, rows in results.items()}
    mine = [name for name in results if name.startswith("aeviz")]
    heads = "".join(f"{name + ' is':>20}" for name in mine)
    print(f"{'':24}{'images/s':>12}{'test loss':>12}{heads}")
    for name in results:
        ratios = "".join(
            f"{f'{rates[own] / rates[name]:.2f}x {losses[own] / losses[name] - 1:+.2%}':>20}"
            for own in mine
        )
        print(f"{name:24}{rates[name]:12,.0f}{losses[name]:12.2f}{ratios}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=NETWORKS, default="dense")
    parser.add_argument("--dataset", default=None, help="default: mnist if it is there")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    parser.add_argument("--short", action="store_true", help="one round of 2,000 images")
    args = parser.parse_args()
    if args.short:
        args.rounds, args.images = 1, 2_000
    name = args.dataset or ("mnist" if datasets.available("mnist") else "mnist-5k")
    full = datasets.load(name)
    dataset = replace(full, train=full.train.take(slice(0, args.images)))
    job = Task(configured(args), dataset, torch.device(args.device))
    fast = replace(job, config=job.config.replace(**RECOMMENDED[args.network]))
    large = f"aeviz, batch {fast.config.training.batch_size}"

    print(
        f"{args.network} VAE, {len(dataset.train):,} images of {dataset.title}, batch "
        f"{args.batch_size}, {args.epochs} epoch(s), {args.rounds} round(s), "
        f"{describe(job.device)}, {os.cpu_count()} cores, precision {args.precision}"
    )
    peers = dict(PEERS)
    if args.network == "dense" and args.device == "cpu" and find_spec("jax"):
        peers["JAX, jit and scan"] = jax_scan
    warm = replace(job, dataset=replace(dataset, train=dataset.train.take(slice(0, 512))))
    results: dict[str, list[Result]] = {name: [] for name in ("aeviz", *peers, large)}
    os.environ.pop("GOMP_SPINCOUNT", None)  # meant for aeviz's server, not for trainings
    with ExitStack() as stack:
        runs = {name: contender(stack, run) for name, run in {"aeviz": ours, **peers}.items()}
        for run in runs.values():  # imports, and kernels that are compiled at first use
            run(warm)
        runs["aeviz"](replace(warm, config=fast.config))
        for _ in range(args.rounds):
            for name, run in runs.items():
                results[name].append(run(job))
            results[large].append(runs["aeviz"](fast))
    report(results)
    flops, most = flops_per_image(job), peak(job, 2048 if args.device == "cpu" else 8192)
    for own in ("aeviz", large):
        rate = statistics.median(rate for rate, _ in results[own])
        print(
            f"{own}: {rate * flops / 1e9:,.0f} GFLOP/s of the {most / 1e9:,.0f} that a large "
            f"matrix product reaches here ({rate * flops / most:.0%})"
        )


if __name__ == "__main__":
    main()
