"""Accessibility of every page: no serious finding of axe-core, and no keyboard trap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from photo_tool import PAGE as PHOTOS
from photo_tool import restored
from playwright.sync_api import Browser, Page, expect
from small_run import run_of

from aeviz.runs.store import Run
from tests.e2e.conftest import open_page, save_tiny_model

SERIOUS = {"serious", "critical"}
# Chips and radio buttons are one stop, their group; within it the arrow keys lead. A stop keeps its
# number.
STOPS = """() => {
  const numbers = new Map();
  window.stopOf = (element) => {
    const stop = element.closest('[role=radiogroup], [role=toolbar][data-rac]') ?? element;
    if (!numbers.has(stop)) numbers.set(stop, numbers.size);
    const name = stop.ariaLabel || stop.textContent.trim().slice(0, 40) || stop.id;
    return [numbers.get(stop), `${stop.tagName.toLowerCase()} “${name}”`];
  };
}"""
FOCUSED = "document.activeElement === document.body ? null : stopOf(document.activeElement)"
REACHABLE = """[...document.querySelectorAll(
  'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, [tabindex]')]
  .filter((element) => element.tabIndex >= 0 && element.getClientRects().length
    && element.checkVisibility({ visibilityProperty: true }) && !element.closest('[inert]'))
  .map(stopOf)"""
# Reset the start of the Tab order: Tab continues from an element even after it lost the focus.
TO_THE_TOP = """() => {
  document.body.tabIndex = -1;
  document.body.focus({ preventScroll: true });
  document.body.removeAttribute('tabindex');
}"""
AT_REST = """document.getAnimations().every(
  (motion) => !(motion instanceof CSSTransition) || motion.playState !== 'running')"""
MAX_STOPS = 400
MENU = ("Home", "Explore", "Train", "Runs", "Lab", "Reconstruct", "Restore")


@pytest.fixture(scope="module")
def run(runs_folder: Path) -> Run:
    """A finished run, with everything that its page can show."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEVIZ_RUNS", str(runs_folder))
        run = run_of()
    for epoch in (1, 2, 3):
        terms = {"loss": 40.0 / epoch, "recon": 30.0 / epoch, "kl": 10.0 / epoch}
        run.append_metrics({"epoch": epoch, "step": 9 * epoch, **terms, "validation": terms})
    save_tiny_model(run.model_path, 2)
    return run


def home(page: Page) -> None:
    page.get_by_test_id("aeviz-canvas").wait_for()


def explore(page: Page, part: str = "") -> None:
    page.get_by_test_id("aeviz-canvas").wait_for()
    # Two models hide the nearest images, so they need only be there.
    page.get_by_test_id("aeviz-nearest").locator("button").first.wait_for(state="attached")
    if part:
        page.get_by_test_id("aeviz-panel").locator(part).first.wait_for(state="attached")


def train(page: Page) -> None:
    expect(page.get_by_test_id("aeviz-network")).to_contain_text("parameters")
    for name in ("Objective", "Learning", "Advanced"):
        page.locator("summary").filter(has_text=name).click()
    page.get_by_role("textbox", name="Name").wait_for()


def trained(page: Page) -> None:
    page.get_by_test_id("aeviz-epochs").wait_for()
    page.get_by_test_id("aeviz-replay").wait_for()
    page.get_by_role("button", name="Export").wait_for()


def runs(page: Page) -> None:
    page.get_by_test_id("aeviz-runs").get_by_role("checkbox").first.check()
    page.get_by_role("link", name="Duplicate with changes").wait_for()


def reconstruct(page: Page) -> None:
    page.get_by_test_id("aeviz-test-figures").wait_for()
    page.locator("summary").filter(has_text="Worst and best ten").click()
    page.get_by_text("Best 10 of").wait_for()


def upload(page: Page) -> None:
    page.get_by_role("radio", name="Upload").click()
    page.get_by_text("Drop images here").wait_for()


def draw(page: Page) -> None:
    page.get_by_role("radio", name="Draw").click()
    page.get_by_test_id("aeviz-drawing").wait_for()


def noisy(page: Page) -> None:
    page.get_by_role("radio", name="Gaussian").click()
    page.get_by_test_id("aeviz-noisy").wait_for()


def moved(page: Page) -> None:
    page.get_by_role("link", name="Open Reconstruct").wait_for()
    restored(page)


def lab(page: Page) -> None:
    page.get_by_role("link", name="Do autoencoders compress?").wait_for()


def experiment(page: Page) -> None:
    page.get_by_test_id("aeviz-predict-code-size").wait_for()
    page.get_by_role("button", name="Run the experiment").wait_for()


Ready = Callable[[Page], None]
EXPLORE = "/explore?model=vae-mnist"
# For each mode, an element that exists once its panel is complete.
MODES = {
    "move": "",
    "draw": "[data-testid=aeviz-drawn-reconstruction]",
    "interpolate": "[data-testid=aeviz-play]",
    "manifold": "[data-testid=aeviz-manifold-n]",
    "traverse": "[data-testid=aeviz-traverse]",
    "arithmetic": "[data-testid=aeviz-keep]",
    "sample": "button",
    "two": "[data-testid=aeviz-canvas-2]",
}
VIEWS: dict[str, tuple[str, Ready]] = {
    "home": ("/", home),
    **{
        f"explore {mode}": (f"{EXPLORE}&mode={mode}", partial(explore, part=part))
        for mode, part in MODES.items()
    },
    "train": ("/train?type=vae", train),
    "train convolutional": ("/train?type=convolutional", train),
    "train a run": ("/train?run={run}", trained),
    "runs": ("/runs", runs),
    "lab": ("/lab", lab),
    "lab code-size": ("/lab?experiment=code-size", experiment),
    "reconstruct": ("/reconstruct", reconstruct),
    "reconstruct an upload": ("/reconstruct", upload),
    "reconstruct a drawing": ("/reconstruct", draw),
    "reconstruct with noise": ("/reconstruct?model=denoising-ae-mnist", noisy),
    "restore photographs": (PHOTOS, restored),
    "restore an old link": ("/restore?view=small", moved),
}  # fmt: skip


@pytest.fixture(scope="module", params=VIEWS)
def view(
    browser: Browser, app_url: str, run: Run, request: pytest.FixtureRequest
) -> Iterator[Page]:
    """One of the views, opened once for all tests."""
    address, ready = VIEWS[request.param]
    with open_page(browser, color_scheme="light", reduced_motion="reduce") as page:
        page.goto(app_url + address.format(run=run.id))
        ready(page)
        # Removed elements stay on the page, faded, until its script has ended.
        expect(page.get_by_test_id("stApp")).to_have_attribute(
            "data-test-script-state", "notRunning"
        )
        yield page


def serious(page: Page, rules: tuple[str, ...] = ()) -> list[str]:
    """The serious findings of axe-core, by these rules or by all: rule, element, what to change."""
    page.wait_for_function(AT_REST)
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found: list[dict[str, Any]] = page.evaluate(
        "(options) => axe.run(options).then(({violations}) => violations)", options
    )
    return [
        f"{rule['id']} at {node['target']}: {node['failureSummary']}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def test_axe_finds_nothing_serious(view: Page) -> None:
    view.evaluate(AXE_SCRIPT)
    assert serious(view) == []
    light = view.locator("body").evaluate("(body) => getComputedStyle(body).colorScheme")
    view.emulate_media(color_scheme="dark")
    expect(view.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    assert light != "dark"
    assert serious(view, ("color-contrast",)) == []  # the one rule about colours


def walk(page: Page, key: str) -> dict[int, str]:
    """The elements in the Tab order, until the focus is back at the first one."""
    stops: dict[int, str] = {}
    page.evaluate(TO_THE_TOP)
    last = "the top"
    for _ in range(MAX_STOPS):
        page.keyboard.press(key)
        focused = page.evaluate(FOCUSED)
        if focused is None or (len(stops) > 1 and focused[0] == next(iter(stops))):
            return stops
        number, name = focused
        assert number not in stops, f"{key} leads from {last} to {name} once more"
        stops[number] = last = name
    raise AssertionError(f"after {MAX_STOPS} times {key} the focus is at {last}")


def test_tab_reaches_everything_both_ways(view: Page) -> None:
    view.evaluate(STOPS)
    forwards = walk(view, "Tab")
    there = dict(view.evaluate(REACHABLE))
    assert len(there) > len(MENU)
    assert {name for number, name in there.items() if number not in forwards} == set()
    assert walk(view, "Shift+Tab") == forwards
