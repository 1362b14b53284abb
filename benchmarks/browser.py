"""Start a browser for a benchmark, and detect when a page is ready."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# Each new window would render the address bar's suggestions, half a second of a processor's time.
# The other features are Playwright's own list, which this list replaces.
DISABLED = [
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "AimEnabled"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
]
# Software WebGL, and no background requests to the network.
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

# JavaScript conditions: what is visible on a page.
IMAGE = "performance.getEntriesByName('aeviz.decode').length > 0"
POINTS = """[...document.querySelectorAll('[data-testid=aeviz-map] .aeviz-points canvas')]
    .some((canvas) => canvas.width && canvas.clientWidth && !canvas.hidden)"""
PLOTLY = "document.querySelector('[data-testid=aeviz-map] .main-svg') !== null"
TEXT = "document.querySelector('[data-testid=stMarkdown]') !== null"

# Records when each condition first holds, in milliseconds since navigation.
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
    """A browser with an empty cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


def seconds_until(
    context: BrowserContext, url: str, conditions: dict[str, str]
) -> dict[str, float]:
    """Opens `url` in a new page; returns the seconds from navigation until each condition held."""
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
