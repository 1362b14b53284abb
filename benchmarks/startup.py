"""Seconds from `streamlit run` to a usable page, beside an empty Streamlit page.

    python -m benchmarks.startup [--rounds 3] [--chromium /usr/bin/chromium]

For each page, a fresh server and a fresh headless Chromium are started. "Server" is the time until
the health check succeeds. "Page" is the time from navigation until the page is usable: for Home and
Explore, the map's points are drawn and the first image is decoded, so that it follows the pointer;
for the empty page, its one line of text is visible. "Plotly" is when the map has been handed to
Plotly, which waits for a pause. Figures are medians over the rounds, all in one run.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.browser import (
    CHROMIUM,
    IMAGE,
    PLOTLY,
    POINTS,
    TEXT,
    chromium,
    seconds_until,
    visitor,
)
from benchmarks.serving import EMPTY_PAGE, ROOT, serve

MAP_AND_IMAGE = {"image": IMAGE, "points": POINTS, "plotly": PLOTLY}
PAGES = {
    "empty Streamlit page": (None, "/", {"text": TEXT}),
    "Home": ("app.py", "/", MAP_AND_IMAGE),
    "Explore (vae-mnist)": ("app.py", "/explore?model=vae-mnist", MAP_AND_IMAGE),
}


def measure(browser: Browser, script: Path, path: str, conditions: dict[str, str]) -> list[float]:
    """Seconds: server start, first page (cold), the same page again in a new browser, and until
    Plotly has drawn the map in the latter."""
    with serve(script) as server:
        seconds = [server.started]
        for _ in range(2):
            with visitor(browser) as context:
                moments = seconds_until(context, server.url + path, conditions)
                plotly = moments.pop("plotly", math.nan)
                seconds.append(max(moments.values()))
    return [*seconds, plotly]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chromium", default=CHROMIUM)
    args = parser.parse_args()
    rows: dict[str, list[list[float]]] = {name: [] for name in PAGES}
    with tempfile.TemporaryDirectory() as folder, chromium(args.chromium) as browser:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_PAGE)
        for _ in range(args.rounds):
            for page, (script, path, conditions) in PAGES.items():
                target = ROOT / script if script else empty
                rows[page].append(measure(browser, target, path, conditions))
    print(f"seconds, median of {args.rounds}; {os.cpu_count()} cores")
    print(
        f"{'':24}{'server':>10}{'first page':>12}{'next page':>12}{'Plotly':>10}"
        f"{'run to usable':>15}"
    )
    for page, times in rows.items():
        server_s, first, following, plotly = (
            statistics.median(column) for column in zip(*times, strict=True)
        )
        print(
            f"{page:24}{server_s:10.2f}{first:12.2f}{following:12.2f}{plotly:10.2f}"
            f"{server_s + first:15.2f}"
        )


if __name__ == "__main__":
    main()
