"""Seconds from navigation to a map of 10,000 points and a decoded image, beside an empty page.

    python -m benchmarks.explore_ready [--rounds 5] [--model vae-mnist] [--chromium PATH]

Both pages are opened in turn, each time by a browser with an empty cache, on servers that have
served them before, as for the second student of a class. Figures are medians. Points are on the
screen before Plotly takes over, so both times are printed. `ready` is when both the image and the
points are drawn. The first visit to servers that have just started, and a second visit by the same
browser, are measured, too.
"""

from __future__ import annotations

import argparse
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

CONDITIONS = {"image": IMAGE, "points": POINTS, "plotly": PLOTLY}
Moments = dict[str, float]


def explore(browser: Browser, url: str) -> tuple[Moments, Moments]:
    """A first and a second visit by the same browser."""
    with visitor(browser) as context:
        first, second = (seconds_until(context, url, CONDITIONS) for _ in range(2))
    for moments in (first, second):
        moments["ready"] = max(moments["image"], moments["points"])
    return first, second


def empty(browser: Browser, url: str) -> tuple[Moments, Moments]:
    with visitor(browser) as context:
        first, second = (seconds_until(context, url, {"ready": TEXT}) for _ in range(2))
    return first, second


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--model", default="vae-mnist")
    parser.add_argument("--chromium", default=CHROMIUM)
    args = parser.parse_args()
    kinds = ("cold server", "warm server", "same browser again")
    seen: dict[str, dict[str, list[Moments]]] = {
        page: {kind: [] for kind in kinds} for page in ("empty page", "Explore")
    }
    with tempfile.TemporaryDirectory() as folder, chromium(args.chromium) as browser:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY_PAGE)
        with serve(script) as plain, serve(ROOT / "app.py") as app:
            address = f"{app.url}/explore?model={args.model}"
            for number in range(args.rounds + 1):
                for page, moments in (
                    ("empty page", empty(browser, plain.url)),
                    ("Explore", explore(browser, address)),
                ):
                    seen[page]["warm server" if number else "cold server"].append(moments[0])
                    if number:
                        seen[page]["same browser again"].append(moments[1])
    print(
        f"seconds since navigation, medians of {args.rounds}; {os.cpu_count()} cores, "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':22}{'empty':>8}{'Explore':>9}{'ratio':>7}   image, points, Plotly")
    for kind in kinds:
        plain_s = median(seen["empty page"][kind], "ready")
        ready = median(seen["Explore"][kind], "ready")
        parts = ", ".join(f"{median(seen['Explore'][kind], name):.2f}" for name in CONDITIONS)
        print(f"{kind:22}{plain_s:8.2f}{ready:9.2f}{ready / plain_s:7.2f}   {parts}")


def median(moments: list[Moments], name: str) -> float:
    return statistics.median(moment[name] for moment in moments)


if __name__ == "__main__":
    main()
