"""The quality of a restorer, beside the classical filters that it has to beat.

    python -m benchmarks.restore --task denoise [--photos DIR] [--images N] [--model FILE]
        [--sigma 15 25 50] [--grey | --colour] [--peers bm3d nlm] [--no-ours] [--speed]

All methods are measured in one run, on the held-out photographs. Each method gets the same degraded
pixels (fixed seeds, 8 bits), and its result is rounded to 8 bits. Metrics are those of
`aeviz.restoration.inference`, as means over the photographs; seconds per megapixel are medians, and
the methods take turns photo by photo. Ours estimates the noise level; BM3D and non-local means get
the true sigma. `--speed` times one megapixel, with the methods in turn, and a photo of 12
megapixels. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from aeviz.datasets import photos as datasets
from aeviz.degradations import DEGRADATIONS, Degraded
from aeviz.device import describe, native_bf16, pick_device
from aeviz.errors import UserError
from aeviz.images import Photo
from aeviz.models import checkpoint, library
from aeviz.models.checkpoint import LoadedRestorer
from aeviz.restoration.filters import BASELINES
from aeviz.restoration.inference import (
    RESTORATION_CASES,
    Figures,
    RestorationCase,
    degraded,
    figures,
    restore_8bit,
)
from aeviz.restoration.photo import restore_photo, vividness_of
from aeviz.restoration.tasks import TASKS, Task

Method = Callable[[RestorationCase, Degraded], Tensor]
Table = dict[str, Figures]
"""Method -> its metrics, and `seconds` per megapixel."""

INPUT = "input"
COLUMNS = {
    "psnr": "PSNR",
    "inside": "inside",
    "outside": "outside",
    "worse": "worse",
    "psnr_tint": "tint",
    "correlation": "corr.",
    "chroma": "chroma",
    "ssim": "SSIM",
    "seconds": "s/MP",
}


class Need(NamedTuple):
    """Ours has to reach `least` in `figure`: above `rival`, or absolute if that is None."""

    trial: str
    figure: str
    rival: str | None
    least: float


NEEDS: dict[str, tuple[Need, ...]] = {
    "denoise": (
        *(Need(f"noise {sigma} grey", "psnr", "bm3d", 0.3) for sigma in (25, 50)),
        *(Need(f"noise {sigma} grey", "psnr", "nlm", 1.5) for sigma in (25, 50)),
        Need("noise 0 grey", "psnr", None, 38),
        Need("noise 0", "psnr", None, 38),
    ),
    "impulse": (Need("impulse 30", "psnr", "median", 4),),
    "watermark": tuple(
        need
        for opacity in (30, 50, 70)
        for need in (
            Need(f"watermark {opacity}", "inside", INPUT, 8),
            Need(f"watermark {opacity}", "outside", None, 45),
        )
    ),
    "inpaint": tuple(
        Need(f"holes {stroke}", "inside", rival, 0.5)
        for stroke in (14, 24)
        for rival in ("telea", "ns")
    ),
    "x2": (Need("x2 2", "psnr", INPUT, 2),),
    "x4": (Need("x4 4", "psnr", INPUT, 1),),
    "jpeg": (Need("jpeg 10", "psnr", INPUT, 0.9),),
    "colour": (Need("grey 0", "psnr", INPUT, 0), Need("grey 0", "correlation", None, 0.3)),
}
MORE_PEERS = {"impulse": ("adaptive-median",)}


# ---- methods -----------------------------------------------------------------------------------


def ours(loaded: LoadedRestorer, precision: str) -> Method:
    factor = vividness_of(loaded.card)
    return lambda trial, damage: restore_8bit(loaded.model, damage, precision, factor)


def peer(name: str) -> Method:
    """A classical filter, with the true sigma or the true holes."""

    def run(trial: RestorationCase, damage: Degraded) -> Tensor:
        pixels = as_pixels(damage.x, trial.grey)
        sigma = trial.amount if trial.damage == "noise" else None
        mask = damage.where[0, 0].numpy() > 0
        return as_tensor(BASELINES[name].run(pixels, sigma=sigma, mask=mask))

    return run


def as_pixels(x: Tensor, grey: bool) -> np.ndarray:
    """x (1, 3, H, W) in [0, 1] -> uint8 (H, W, 3), or (H, W, 1) if it is grey."""
    part = x[0, :1] if grey else x[0]
    return (part * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()


def as_tensor(pixels: np.ndarray) -> Tensor:
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    return x.expand(-1, 3, -1, -1)


def peers_of(task: Task, chosen: list[str] | None) -> list[str]:
    """The peers of the task that are installed. Bicubic is the input of an enlarging restorer."""
    own = [*task.baselines, *MORE_PEERS.get(task.name, ())]
    names = [name for name in own if name != "bicubic" and (chosen is None or name in chosen)]
    for name in names:
        if not BASELINES[name].available():
            package = BASELINES[name].package
            print(f"{BASELINES[name].title} is left out: pip install {package}.", file=sys.stderr)
    return [name for name in names if BASELINES[name].available()]


# ---- quality -----------------------------------------------------------------------------------


def measure(trial: RestorationCase, photos: list[Tensor], methods: dict[str, Method]) -> Table:
    """The means of each method's metrics, and its seconds per megapixel."""
    rows: dict[str, list[Figures]] = {name: [] for name in (INPUT, *methods)}
    for number, (x, damage) in enumerate(degraded(trial, photos), 1):
        rows[INPUT].append(figures(trial.damage, x, damage, damage.x))
        for name, method in methods.items():
            began = time.perf_counter()
            x_hat = method(trial, damage)
            seconds = time.perf_counter() - began
            told = figures(trial.damage, x, damage, x_hat)
            rows[name].append({**told, "seconds": seconds / (x[0, 0].numel() / 1e6)})
        print(f"\r{trial.name}: {number}/{len(photos)} ", end="", file=sys.stderr, flush=True)
    print(end="\r", file=sys.stderr)
    return {name: _summary(of_one) for name, of_one in rows.items()}


def _summary(rows: list[Figures]) -> Figures:
    means = {key: statistics.mean(row[key] for row in rows) for key in rows[0]}
    if "seconds" in means:
        means["seconds"] = statistics.median(row["seconds"] for row in rows)
    return means


def show(trial: RestorationCase, table: Table) -> None:
    columns = [key for key in COLUMNS if any(key in row for row in table.values())]
    bm3d = table.get("bm3d", {}).get("seconds")
    head = "".join(f"{COLUMNS[key]:>10}" for key in columns)
    print(f"\n{trial.name:24}{head}" + (f"{'BM3D takes':>14}" if bm3d else ""))
    for name, row in table.items():
        title = BASELINES[name].title if name in BASELINES else name
        cells = "".join(f"{_number(key, row.get(key)):>10}" for key in columns)
        ratio = f"{bm3d / row['seconds']:12.1f} x" if bm3d and "seconds" in row else ""
        print(f"{title:24}{cells}{ratio}")


def _number(key: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if key == "ssim" else f"{value:.2f}"


def verdicts(task: Task, tables: dict[str, Table], mine: str) -> Iterator[dict[str, Any]]:
    """Each requirement of the task, the value reached, and whether it is enough."""
    for need in NEEDS[task.name]:
        table = tables.get(need.trial, {})
        if mine not in table or (need.rival and need.rival not in table):
            continue
        value = table[mine][need.figure]
        if need.rival:
            value -= table[need.rival][need.figure]
        yield {**need._asdict(), "reached": round(value, 3), "enough": value >= need.least}


def show_verdicts(rows: list[dict[str, Any]]) -> None:
    if rows:
        print("\nmust beat")
    for row in rows:
        than = f" over {row['rival']}" if row["rival"] else ""
        what = f"{row['trial']}, {row['figure']}{than}"
        word = "reached" if row["enough"] else "missed"
        print(f"{what:40}{row['reached']:10.2f}{row['least']:10.2f}  {word}")


# ---- speed -------------------------------------------------------------------------------------


def mosaic(photos: list[Tensor], height: int, width: int) -> Tensor:
    """The photographs side by side, (1, 3, height, width) in [0, 1]."""
    h, w = (min(photo.shape[side] for photo in photos) for side in (1, 2))
    cut = [photo[:, :h, :w] for photo in photos]
    across, down = -(-width // w), -(-height // h)
    places = [[cut[(i * across + j) % len(cut)] for j in range(across)] for i in range(down)]
    whole = torch.cat([torch.cat(row, 2) for row in places], 1)
    return whole[None, :, :height, :width].float() / 255


def speed(
    loaded: LoadedRestorer, photos: list[Tensor], rounds: int, peers: list[str]
) -> dict[str, Any]:
    """Seconds for one grey and one colour megapixel, in turn, and for a photo of 12 megapixels."""
    answer: dict[str, Any] = {}
    names = {f"ours {p}": ours(loaded, p) for p in ("fp32", "bf16")}
    names |= {name: peer(name) for name in peers if name in ("bm3d", "nlm")}
    x = mosaic(photos, 1000, 1000)
    for grey in (True, False):
        trial = RestorationCase("noise", 25, grey)
        kind = "grey" if grey else "colour"
        clean = x[:, 1:2].expand(-1, 3, -1, -1) if grey else x
        damage = DEGRADATIONS["noise"].at(clean, 25, torch.Generator().manual_seed(0))
        times: dict[str, list[float]] = {name: [] for name in names}
        names["ours fp32"](trial, damage)  # warm-up
        for number in range(rounds):
            for name, method in names.items():
                began = time.perf_counter()
                method(trial, damage)
                times[name].append(time.perf_counter() - began)
                print(f"\r{kind}: {number + 1}/{rounds} {name} ", end="", file=sys.stderr)
        print(end="\r", file=sys.stderr)
        seconds = {name: statistics.median(each) for name, each in times.items()}
        answer[kind] = seconds
        show(trial, {name: {"seconds": value} for name, value in seconds.items()})
    large = DEGRADATIONS["noise"].at(
        mosaic(photos, 3000, 4000), 25, torch.Generator().manual_seed(0)
    )
    photo = Photo(as_pixels(large.x, False))
    on_gpu = next(loaded.model.parameters()).is_cuda
    for _ in range(2 if on_gpu else 1):  # a GPU's first run is slower
        began = time.perf_counter()
        restore_photo(loaded.model, TASKS["denoise"], photo)
        answer["12 MP"] = time.perf_counter() - began
    took = answer["12 MP"]
    print(f"\n12 megapixels in colour: {took:.1f} s, {12 / took:.1f} megapixels a second")
    return answer


# ---- the command -------------------------------------------------------------------------------


def trials_of(task: Task, args: argparse.Namespace) -> list[RestorationCase]:
    trials = list(RESTORATION_CASES[task.damage])
    if task.name == "denoise":
        if args.sigma:
            trials = [
                RestorationCase("noise", s, grey) for grey in (True, False) for s in args.sigma
            ]
        if args.grey is not None:
            trials = [trial for trial in trials if trial.grey == args.grey]
    return trials


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=TASKS, default="denoise")
    parser.add_argument("--photos", type=Path, help="a folder; default: AEVIZ_PHOTOS")
    parser.add_argument("--images", type=int, help="number of photographs; default: all")
    parser.add_argument("--model", type=Path, help="a file; default: the bundled one of the task")
    parser.add_argument("--sigma", type=float, nargs="+", help="for denoise; 0 is a clean photo")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--grey", action="store_true", default=None, help="for denoise: grey only")
    kinds.add_argument("--colour", dest="grey", action="store_false", help="... colour only")
    parser.add_argument("--peers", nargs="*", choices=BASELINES, help="default: all of the task")
    parser.add_argument("--ours", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--speed", action="store_true", help="timings of the denoiser, no quality")
    parser.add_argument("--rounds", type=int, default=3, help="of --speed")
    args = parser.parse_args()
    if args.speed and (args.task != "denoise" or not args.ours):
        parser.error("--speed is of ours, and of --task denoise")
    return args


def main() -> None:
    args = arguments()
    task = TASKS[args.task]
    try:
        answer = run(task, args)
    except UserError as error:
        raise SystemExit(str(error)) from error
    print(json.dumps(answer))


def run(task: Task, args: argparse.Namespace) -> dict[str, Any]:
    photos = datasets.load(datasets.folder(args.photos)).held_out[: args.images]
    device, peers = pick_device(args.device), peers_of(task, args.peers)
    native = "native" if native_bf16(device) else "not native"
    print(
        f"{task.title}: {len(photos)} photographs; {describe(device)}, {os.cpu_count()} cores, "
        f"load average before {os.getloadavg()[0]:.1f}; bf16 is {native}"
    )
    answer: dict[str, Any] = {"task": task.name, "images": len(photos)}
    answer["device"] = describe(device)
    methods: dict[str, Method] = {}
    mine = "ours"
    if args.ours:
        if args.model:
            loaded = checkpoint.load_restorer(args.model, device)
        else:
            loaded = library.load_restorer(task.model, device)
        if args.speed:
            return {**answer, "speed": speed(loaded, photos, args.rounds, peers)}
        if task.name == "denoise":
            mine = "ours fp32"
            methods = {f"ours {p}": ours(loaded, p) for p in ("fp32", "bf16")}
        else:
            methods = {mine: ours(loaded, "auto")}
    tables: dict[str, Table] = {}
    for trial in trials_of(task, args):
        # a clean photo has no sigma to give to the peers
        names = [] if trial.damage == "noise" and not trial.amount else peers
        table = measure(trial, photos, {**methods, **{name: peer(name) for name in names}})
        tables[trial.name] = table
        show(trial, table)
        if "ours bf16" in table:
            cost = table["ours fp32"]["psnr"] - table["ours bf16"]["psnr"]
            print(f"{'bf16 costs':24}{cost:10.3f} dB (0.02 at most)")
    rows = list(verdicts(task, tables, mine))
    show_verdicts(rows)
    return {**answer, "tables": tables, "needs": rows}


if __name__ == "__main__":
    main()
