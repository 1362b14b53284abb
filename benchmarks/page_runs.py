"""Processor time of the server for one run of a page, with and without frozen modules, beside an
empty Streamlit page.

    python -m benchmarks.page_runs [--rounds 3] [--runs 8] [--chromium /usr/bin/chromium]

In each round three servers are started, one after the other: with `AEVIZ_FREEZE` on, with it off,
and with the empty page. A browser loads each page so many times and changes a setting on Train.
Medians over the rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.browser import CHROMIUM, WAIT_MS, chromium
from benchmarks.serving import EMPTY_PAGE, ROOT, Server, serve

PAGES = ("/", "/explore", "/train", "/lab")
WARM_UP = 2
"""Runs of each page that do not count: the first ones import modules."""
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--chromium", default=CHROMIUM)
    args = parser.parse_args()
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, chromium(args.chromium) as browser:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_PAGE)
        for _ in range(args.rounds):
            for name, script, pages in (
                ("on", ROOT / "app.py", PAGES),
                ("off", ROOT / "app.py", PAGES),
                ("empty", empty, ("/",)),
            ):
                os.environ["AEVIZ_FREEZE"] = "0" if name == "off" else "1"
                page = browser.new_page()
                page.set_default_timeout(WAIT_MS)
                with serve(script) as server:
                    for path in pages:
                        found[path, name].append(per_load(page, server, path, args.runs))
                    if name != "empty":
                        found["setting", name].append(per_change(page, server, args.runs))
                page.close()
    print("seconds of the server's processor time per run of a page (medians)")
    print(f"{'page':10} {'on':>8} {'off':>8} {'off / on':>9} {'empty':>8}")
    for path in (*PAGES, "setting"):
        on, off = (statistics.median(found[path, name]) for name in ("on", "off"))
        bare = f"{statistics.median(found['/', 'empty']):8.3f}" if path == "/" else ""
        print(f"{path:10} {on:8.3f} {off:8.3f} {off / on:9.1f} {bare}")


def per_load(page: Page, server: Server, path: str, runs: int) -> float:
    """Seconds of processor time per load of this page."""
    began = 0.0
    for number in range(WARM_UP + runs):
        if number == WARM_UP:
            began = processor_time(server)
        page.goto(server.url + path)
        rest(page)
    return (processor_time(server) - began) / runs


def per_change(page: Page, server: Server, runs: int) -> float:
    """Seconds of processor time per change of the code size on Train."""
    page.goto(f"{server.url}/train")
    rest(page)
    field = page.get_by_role("spinbutton", name="Code size", exact=True)
    began = processor_time(server)
    for number in range(runs):
        field.fill(str(5 + number))
        field.press("Enter")
        rest(page)
    return (processor_time(server) - began) / runs


def rest(page: Page) -> None:
    """Wait until the page has run, and a moment longer for what follows a run."""
    page.wait_for_timeout(200)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(300)


def processor_time(server: Server) -> float:
    """Seconds of processor time that the server has used so far (Linux)."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main()
