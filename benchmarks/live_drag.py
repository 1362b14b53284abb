"""A drag in a real browser: the share of its moves that draw a new image, and the latency.

    python -m benchmarks.live_drag [--seconds 10] [--model vae-mnist] [--rtt 50 --rate 20]

Drags slider 0 and moves over the map in headless Chromium, on the same machine. `moves` are the
events that the browser delivers, at most one per frame; `shown` is the share of them whose image
was drawn; the latency is `aeviz.decode`, from the event to the drawn pixels. `behind` is how old
the position on the screen gets before the next image replaces it. The same drag is measured on a
page with st.slider and st.image. `--rtt` (ms) and `--rate` (Mbit/s) simulate a slower network.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page

from benchmarks.browser import CHROMIUM, IMAGE, PLOTLY, WAIT_MS, chromium, visitor
from benchmarks.network import slow_network
from benchmarks.serving import ROOT, serve

STREAMLIT_PAGE = """
import torch, streamlit as st
from aeviz.models import library
model = st.cache_resource(lambda: library.load({model!r}, "cpu").model)()
value = st.slider("dimension 0", -3.0, 3.0, 0.0, 0.01)
z = torch.zeros(1, model.latent_dim)
z[0, 0] = value
with torch.inference_mode():
    st.image(model.decode(z)[0].clamp(0, 1).permute(1, 2, 0).squeeze(-1).numpy(), width=200)
"""
# Records the time of each event that reaches the page.
COUNT_EVENTS = """
    window.moved = { input: [], pointermove: [] };
    for (const kind of ['input', 'pointermove']) {
        addEventListener(kind, (event) => window.moved[kind].push(event.timeStamp), true);
    }
"""
MEASURES = """performance.getEntriesByName('aeviz.decode')
    .map(({ startTime, duration }) => [startTime, duration])"""
KEY_PRESSES = 15


def drag(page: Page, box: Any, seconds: float, upright: bool) -> None:
    """Moves to and fro across `box`, also up and down if `upright`, as fast as the browser takes
    the events."""
    began = time.perf_counter()
    while (now := time.perf_counter() - began) < seconds:
        x = box["x"] + box["width"] * (0.5 + 0.4 * np.sin(2.1 * now))
        y = box["y"] + box["height"] * (0.5 + (0.4 * np.cos(3.1 * now) if upright else 0))
        page.mouse.move(x, y)


def measure(page: Page, element: str, event: str, seconds: float) -> dict[str, float]:
    """Measures one drag over `element`; `event` is the browser's event for a move there."""
    target = page.locator(element).first
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    if event == "input":
        page.mouse.down()
    drag(page, box, 1.0, event == "pointermove")  # warm-up
    page.wait_for_timeout(500)
    page.evaluate("performance.clearMeasures(); moved.input = []; moved.pointermove = []")
    drag(page, box, seconds, event == "pointermove")
    page.wait_for_timeout(500)
    page.mouse.up()
    moves = page.evaluate(f"window.moved.{event}")
    drawn = page.evaluate(MEASURES)
    return summary(moves, drawn)


def summary(moves: list[float], drawn: list[list[float]]) -> dict[str, float]:
    start, took = np.array(drawn).T
    order = np.argsort(start, kind="stable")
    start, end = start[order], (start + took)[order]
    # Until the next image is drawn, the screen shows the position of `start`.
    behind = end[1:] - start[:-1]
    behind = behind[np.diff(start) < 100]  # without pauses of the pointer
    shown = np.isin(np.round(moves, 2), np.round(start, 2)).mean()
    lasted = (max(moves) - min(moves)) / 1000
    return {
        "moves": len(moves) / lasted,
        "frames": len(start) / lasted,
        "shown": 100 * float(shown),
        **{f"p{p}": float(np.percentile(took, p)) for p in (50, 95)},
        "behind95": float(np.percentile(behind, 95)),
        "behind": float(behind.max()),
        "backwards": int((np.diff(end) < 0).sum()),
    }


def streamlit_slider(browser: Browser, url: str, seconds: float) -> tuple[int, int, float]:
    """The same for st.slider + st.image: moves, images during the drag, ms from key to pixels."""
    with visitor(browser) as context:
        page = context.new_page()
        page.add_init_script(COUNT_EVENTS)
        page.goto(url)
        page.locator("[data-testid=stImage] img").wait_for(timeout=WAIT_MS)
        page.evaluate("""() => {
            window.loaded = [];
            document.addEventListener('load', (event) => {
                if (event.target.tagName === 'IMG') window.loaded.push(performance.now());
            }, true);
            const press = () => { window.pressed = performance.now(); };
            document.addEventListener('keydown', press, true);
        }""")
        thumb = page.get_by_role("slider").first
        box = page.locator("[data-testid=stSlider]").first.bounding_box()
        handle = thumb.bounding_box()
        assert box is not None
        assert handle is not None
        page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        page.mouse.down()
        box["y"], box["height"] = handle["y"], handle["height"]
        page.evaluate("moved.pointermove = []; loaded.length = 0")
        drag(page, box, seconds, upright=False)
        moves, images = page.evaluate("[moved.pointermove.length, loaded.length]")
        page.mouse.up()
        page.wait_for_timeout(1000)
        times = []
        for _ in range(KEY_PRESSES):
            page.evaluate("window.loaded.length = 0")
            thumb.press("ArrowRight")
            page.wait_for_function("window.loaded.length > 0")
            times.append(page.evaluate("window.loaded[0] - window.pressed"))
    return moves, images, statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--model", default="vae-mnist")
    parser.add_argument("--rtt", type=float, default=0.0, help="round trip in ms")
    parser.add_argument("--rate", type=float, default=1000.0, help="Mbit/s, with --rtt")
    parser.add_argument("--chromium", default=CHROMIUM)
    args = parser.parse_args()
    print(f"{args.seconds:g} s each, {args.model}; {os.cpu_count()} cores", end="")
    print(f"; {args.rtt:g} ms round trip, {args.rate:g} Mbit/s" if args.rtt else "")
    head = ("moves/s", "frames/s", "shown %", "p50 ms", "p95 ms", "behind p95", "max", "older")
    print(f"{'':18}" + "".join(f"{name:>11}" for name in head))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        browser = stack.enter_context(chromium(args.chromium))
        with serve(ROOT / "app.py") as server, contextlib.ExitStack() as network:
            url = server.url
            if args.rtt:
                slow = slow_network(url, args.rtt / 1e3, args.rate * 1e6 / 8)
                url = network.enter_context(slow)
            with visitor(browser) as context:
                page = context.new_page()
                page.add_init_script(COUNT_EVENTS)
                page.goto(f"{url}/explore?model={args.model}")
                page.wait_for_function(f"{IMAGE} && {PLOTLY}", timeout=WAIT_MS)
                page.wait_for_timeout(1500)
                for name, element, event in (
                    ("slider 0", "[data-testid=aeviz-slider-0]", "input"),
                    ("map", "[data-testid=aeviz-map]", "pointermove"),
                ):
                    seen = measure(page, element, event, args.seconds)
                    row = "".join(f"{value:11.1f}" for value in seen.values())
                    print(f"{name:18}{row}", flush=True)
        script = folder / "plain.py"
        script.write_text(STREAMLIT_PAGE.format(model=args.model))
        with serve(script) as server, contextlib.ExitStack() as network:
            url = server.url
            if args.rtt:
                slow = slow_network(url, args.rtt / 1e3, args.rate * 1e6 / 8)
                url = network.enter_context(slow)
            moves, images, key = streamlit_slider(browser, url, args.seconds)
    print(
        f"st.slider + st.image: {moves / args.seconds:.1f} moves/s, {images} images during the "
        f"drag; key to pixels {key:.0f} ms (median of {KEY_PRESSES})"
    )


if __name__ == "__main__":
    main()
