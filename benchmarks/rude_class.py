"""Floods of one rude student beside five who drag: their latency, and the server's resources.

    python -m benchmarks.rude_class [--floods "half messages" ...] [--seconds 8]

For each flood there is a fresh server, with five hands that drag at 60 Hz (`benchmarks.hands`)
during the flood (`benchmarks.floods`). A line has the hands' latency (from a move to its image),
the time that another student waits for a page and for the upload of a photograph, the server's
memory above idle (the maximum, and 30 s after the flood), and the minimum of free disk space above
the reserve. The first line is without a flood.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.floods import FLOODS, Flood, Target, models
from benchmarks.serving import ROOT, memory, serve

HANDS = 5
BACK_SECONDS = 30.0
PATIENCE = 45.0
PHOTO = ROOT / "aeviz" / "server" / "photos" / "samples" / "dahlia.jpg"


@dataclass
class Seen:
    """What was measured during a flood. Memory in bytes; latencies in ms; waits in seconds."""

    said: str = ""
    latencies: list[float] = field(default_factory=list)
    page: float = 0.0
    photo: float = 0.0
    most: int = 0
    after: int = 0
    least_free: int = 0


def measure(flood: Flood | None, seconds: float) -> Seen:
    seen = Seen()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["AEVIZ_DATASETS"] = str(folder / "datasets")
        models(folder / "runs")
        server = stack.enter_context(serve(ROOT / "app.py", folder / "runs"))
        target, pid = Target(server.url, folder / "runs"), server.process.pid
        drag(target.url, 1.0)  # open the model and import the libraries
        waits(target.url)
        idle = memory(pid)
        seen.least_free = shutil.disk_usage(folder).free
        with watched(seen, pid, folder):
            with contextlib.ExitStack() as during:
                hands = start_drag(target.url, seconds)
                time.sleep(1.5)
                if flood is not None:
                    seen.said = during.enter_context(flood(target))
                seen.page, seen.photo = waits(target.url)
                out, _ = hands.communicate(timeout=seconds + 60)
                seen.latencies = json.loads(out)["latencies_ms"] if out else []
            deadline = time.monotonic() + BACK_SECONDS
            while flood is not None and time.monotonic() < deadline:
                time.sleep(0.5)
        seen.after, seen.most = memory(pid) - idle, seen.most - idle
    return seen


@contextlib.contextmanager
def watched(seen: Seen, pid: int, folder: Path) -> Iterator[None]:
    """Records the maximum of memory and the minimum of disk space, ten times a second."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            seen.most = max(seen.most, memory(pid))
            seen.least_free = min(seen.least_free, shutil.disk_usage(folder).free)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def start_drag(url: str, seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.hands", url, f"--clients={HANDS}"]
    return subprocess.Popen([*command, f"--seconds={seconds}"], cwd=ROOT, stdout=subprocess.PIPE)


def drag(url: str, seconds: float) -> None:
    start_drag(url, seconds).communicate()


def waits(url: str) -> tuple[float, float]:
    """Seconds until another student gets a page's list of models, and until a photograph is
    uploaded; the time-out if that fails. The student has another address, behind a proxy."""
    photo = PHOTO.read_bytes()
    asked = [("aeviz/models", None), ("aeviz/darkroom/photos?name=dahlia.jpg", photo)]
    found = []
    for path, body in asked:
        began = time.perf_counter()
        request = urllib.request.Request(
            f"{url}/{path}",
            data=body,
            headers={"X-Forwarded-For": "10.0.0.77"},
            method="POST" if body else "GET",
        )
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=PATIENCE) as got:
            got.read()
            found.append(time.perf_counter() - began)
            continue
        found.append(PATIENCE)
    return found[0], found[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--floods", nargs="+", choices=FLOODS, default=list(FLOODS))
    parser.add_argument("--seconds", type=float, default=8.0)
    args = parser.parse_args()
    print(f"{HANDS} hands drag for {args.seconds:g} s; {os.cpu_count()} cores")
    print(
        f"{'':16}{'p50 ms':>8}{'p95':>8}{'max':>8}{'page s':>8}{'photo s':>9}"
        f"{'MB above idle':>15}{'after 30 s':>12}{'GB free':>9}"
    )
    for name in ("none", *args.floods):
        seen = measure(FLOODS.get(name), args.seconds)
        p50, p95, most = (
            np.percentile(seen.latencies, [50, 95, 100]) if seen.latencies else [np.nan] * 3
        )
        print(
            f"{name:16}{p50:8.1f}{p95:8.1f}{most:8.0f}{seen.page:8.2f}{seen.photo:9.2f}"
            f"{seen.most / 1e6:15,.0f}{seen.after / 1e6:12,.0f}{seen.least_free / 1e9:9.1f}"
            f"   {seen.said}",
            flush=True,
        )


if __name__ == "__main__":
    main()
