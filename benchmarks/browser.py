"""A browser for a benchmark: how it is started, and how one sees that a page is ready."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# The address bar's suggestions are pages that each new window would draw, half a second of a
# processor. The rest is Playwright's own list, which this one replaces.
DISABLED = [
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "AimEnabled"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
]
# Software WebGL, and nothing that reaches out to the network by itself.
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
    f"--disable-features={','.join(DISABLED)}",
]
WAIT_MS = 60_000

# What a page shows, each as a JavaScript condition.
IMAGE = "performance.getEntriesByName('aeviz.decode').length > 0"
POINTS = """[...document.querySelectorAll('[data-testid=aeviz-map] .aeviz-points canvas')]
    .some((canvas) => canvas.width && canvas.clientWidth && !canvas.hidden)"""
PLOTLY = "document.querySelector('[data-testid=aeviz-map] .main-svg') !== null"
TEXT = "document.querySelector('[data-testid=stMarkdown]') !== null"

# Notes when each condition is first seen to hold, in milliseconds since navigation.
WATCH = """(() => {
    const first = (window.firstSeen = {});
    const conditions = {%s};
    const look = () => {
        const now = performance.now();
        for (const [name, holds] of Object.entries(conditions)) {
            if (!(name in first) && holds()) first[name] = now;
        }
        if (Object.keys(first).length < Object.keys(conditions).length) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""


@contextlib.contextmanager
def chromium(path: str = CHROMIUM) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has seen nothing yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


def seconds_until(
    context: BrowserContext, url: str, conditions: dict[str, str]
) -> dict[str, float]:
    """Open `url` in a new page; seconds from navigation until each condition held."""
    page = context.new_page()
    listed = ",".join(f"{name}: () => {text}" for name, text in conditions.items())
    page.add_init_script(WATCH % listed)
    page.goto(url)
    page.wait_for_function(
        f"Object.keys(window.firstSeen).length === {len(conditions)}", timeout=WAIT_MS
    )
    seen = page.evaluate("window.firstSeen")
    page.close()
    return {name: value / 1000 for name, value in seen.items()}
