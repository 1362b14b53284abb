"""Seconds from `streamlit run` to a usable page, beside an empty Streamlit page.

    python -m benchmarks.startup [--rounds 3] [--chromium /usr/bin/chromium]

For each page a fresh server and a fresh headless Chromium are started. "Server" is the time until
the health check answers, "page" the time from navigation until the page can be used: for Home and
Explore the map is drawn and a first image decoded; for the empty page its one line of text stands
there. Medians over the rounds, all in one run.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--use-gl=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
EMPTY = "import streamlit as st\nst.write('empty')\n"

MAP_AND_IMAGE = """() => {
    const canvas = document.querySelector('[data-testid=aeviz-canvas]');
    const map = document.querySelector('[data-testid=aeviz-map] .main-svg');
    if (!canvas || !map || !canvas.width) return false;
    const context = canvas.getContext('2d');
    const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
    return data.some((value, i) => i % 4 < 3 && value !== data[i % 4]);
}"""
TEXT = "() => document.querySelector('[data-testid=stMarkdown]') !== null"

PAGES = {
    "empty Streamlit page": (None, "/", TEXT),
    "Home": ("app.py", "/", MAP_AND_IMAGE),
    "Explore (vae-mnist)": ("app.py", "/explore?model=vae-mnist", MAP_AND_IMAGE),
}


@contextlib.contextmanager
def server(script: Path, folder: Path) -> Iterator[str]:
    """A Streamlit server of its own, until the block ends."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    options = [f"--server.port={port}", "--server.headless=true", "--server.fileWatcherType=none"]
    process = subprocess.Popen(
        [*command, *options, "--server.address=127.0.0.1"],
        cwd=ROOT,
        env=os.environ | {"AEVIZ_RUNS": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def wait_for_health(url: str) -> None:
    while True:
        with contextlib.suppress(urllib.error.URLError, OSError):
            if urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).status == 200:
                return
        time.sleep(0.02)


def measure(browser: Browser, script: Path, path: str, ready: str, folder: Path) -> list[float]:
    """Seconds: server start, first page (cold), the same page again in a new browser context."""
    began = time.perf_counter()
    with server(script, folder) as url:
        wait_for_health(url)
        seconds = [time.perf_counter() - began]
        for _ in range(2):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            began = time.perf_counter()
            page.goto(url + path)
            page.wait_for_function(ready, timeout=60_000)
            seconds.append(time.perf_counter() - began)
            context.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    rows: dict[str, list[list[float]]] = {name: [] for name in PAGES}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.py").write_text(EMPTY)
        browser = playwright.chromium.launch(executable_path=args.chromium, args=FLAGS)
        for _ in range(args.rounds):
            for page, (script, path, ready) in PAGES.items():
                target = ROOT / script if script else folder / "empty.py"
                rows[page].append(measure(browser, target, path, ready, folder))
        browser.close()
    print(f"seconds, median of {args.rounds}; {os.cpu_count()} cores")
    print(f"{'':24}{'server':>10}{'first page':>12}{'next page':>12}{'run to usable':>15}")
    for page, times in rows.items():
        server_s, first, following = (
            statistics.median(column) for column in zip(*times, strict=True)
        )
        print(f"{page:24}{server_s:10.2f}{first:12.2f}{following:12.2f}{server_s + first:15.2f}")


if __name__ == "__main__":
    main()
