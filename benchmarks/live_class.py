"""A class in Explore: N clients that each drag at 60 Hz, on one server.

    python -m benchmarks.live_class --clients 60 [--seconds 10] [--model vae-mnist]
        [--training] [--grids 10] [--no-per-request] [--url http://HOST:PORT]

Starts its own server (`streamlit run app.py`) and the load (`benchmarks.hands`); both share the
cores of this machine. The second line is the same with one forward pass per request. `--training`
lets one run train meanwhile, started as by the Train page. `--grids` adds clients that request
30 x 30 manifolds back to back. Latency is from the moment when a hand moves to the reply for that
move.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from aeviz.runs.store import OVER
from benchmarks.serving import ROOT, serve


def load(url: str, args: argparse.Namespace, **numbers: float) -> Any:
    """Runs `benchmarks.hands` in its own process; returns its measurements."""
    command = [sys.executable, "-m", "benchmarks.hands", url, "--model", args.model]
    options = [f"--{name}={value}" for name, value in numbers.items()]
    done = subprocess.run([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def measure(script: str, args: argparse.Namespace) -> dict[str, Any]:
    """Measures one server under one load."""
    with contextlib.ExitStack() as stack:
        if args.url:
            url, pid = args.url.rstrip("/"), 0
        else:
            server = stack.enter_context(serve(ROOT / script))
            url, pid = server.url, server.process.pid
        load(url, args, clients=4, grids=1, seconds=1)  # open the model, warm its passes
        if args.training:
            stack.enter_context(training())
        seen = load(
            url, args, clients=args.clients, grids=args.grids, seconds=args.seconds, server=pid
        )
        with urllib.request.urlopen(f"{url}/aeviz/live/stats", timeout=30) as answer:
            return {**seen, "stats": json.load(answer)}


@contextlib.contextmanager
def training() -> Iterator[None]:
    """Trains a VAE until the block ends, started as by the Train page."""
    from aeviz.presets.autoencoders import preset
    from aeviz.runs import spawn

    with tempfile.TemporaryDirectory() as folder:
        os.environ["AEVIZ_RUNS"] = folder
        config = preset("vae").config.replace(dataset="mnist-5k", **{"training.epochs": 10_000})
        run = spawn.start(config)
        try:
            wait_until(lambda: run.status.phase == "running" and run.status.step > 10)
            yield
            print(f"  training meanwhile: {run.status.images_per_second:,.0f} images/s")
        finally:
            run.request_stop()
            wait_until(lambda: run.status.phase in OVER)


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the training run did not start or stop in time")
        time.sleep(0.1)


def line(name: str, seen: dict[str, Any]) -> str:
    frames, latencies = seen["frames_per_second"], seen["latencies_ms"]
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    rows = seen["stats"]["rows_per_pass"]
    return (
        f"{name:18}{np.median(frames):9.1f}{min(frames):7.1f}{p50:9.1f}{p95:7.1f}{p99:7.1f}"
        f"{rows['p50']:9.0f}{rows['p95']:6.0f}{seen['bytes_per_client'] / 1024:10.0f}"
        f"{seen['cores']['server']:9.2f}{seen['cores']['load']:6.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--model", default="vae-mnist")
    parser.add_argument("--training", action="store_true", help="one run trains meanwhile")
    parser.add_argument("--grids", type=int, default=0, help="clients that ask for 900-code grids")
    parser.add_argument("--url", help="measure a server that runs already")
    parser.add_argument("--per-request", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    print(
        f"{args.clients} clients at 60 Hz for {args.seconds:g} s, {args.model}; {args.grids} ask "
        f"for grids; {os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':18}{'frames/s':>16}{'latency ms':>23}{'rows/pass':>15}{'KiB per':>10}{'cores':>15}")
    print(
        f"{'':18}{'median':>9}{'worst':>7}{'p50':>9}{'p95':>7}{'p99':>7}{'p50':>9}{'p95':>6}"
        f"{'client':>10}{'server':>9}{'load':>6}"
    )
    servers = {"batched": "app.py"}
    if args.per_request and not args.url:
        servers["one per pass"] = "benchmarks/one_per_pass.py"
    for name, script in servers.items():
        seen = measure(script, args)
        print(line(name, seen), flush=True)
        if seen["grid_seconds"]:
            took = np.percentile(seen["grid_seconds"], [50, 95])
            print(
                f"  {len(seen['grid_seconds'])} grids meanwhile, "
                f"{took[0]:.2f} s each, p95 {took[1]:.2f} s"
            )


if __name__ == "__main__":
    main()
