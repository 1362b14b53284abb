"""Layout of Explore: what is visible without scrolling, wide screens, full screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import open_page
from tests.e2e.test_explore import box, open_explore

FULL = "document.fullscreenElement !== null"


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("draw", [".aeviz-pad", "[data-testid=aeviz-drawn-reconstruction]"]),
        ("interpolate", ["[data-testid=aeviz-strip-pixels]", "[data-testid=aeviz-t]"]),
    ],
)
def test_what_a_mode_is_for_is_seen_beside_the_map(
    browser: Browser, app_url: str, mode: str, shown: list[str]
) -> None:
    with open_page(browser, viewport={"width": 1366, "height": 768}) as page:
        open_explore(page, app_url, "vae-mnist", f"&mode={mode}")
        for selector in ("[data-testid=aeviz-map]", "[data-testid=aeviz-canvas]", *shown):
            page.locator(selector).wait_for()
            area = page.locator(selector).bounding_box()
            assert area is not None
            assert area["y"] + area["height"] <= 768, selector


def test_a_wide_screen_is_used(browser: Browser, app_url: str) -> None:
    with open_page(browser, viewport={"width": 1920, "height": 1080}) as page:
        open_explore(page, app_url)
        assert box(page, "aeviz-map")["height"] > 550
        sides = page.locator(".aeviz-explorer").bounding_box()
        assert sides is not None
        assert sides["width"] > 1750


def test_explore_fills_the_whole_screen_and_comes_back(page: Page, app_url: str) -> None:
    open_explore(page, app_url)
    before = box(page, "aeviz-map")
    button = page.get_by_test_id("aeviz-full-screen")
    button.press("Enter")
    page.wait_for_function(FULL)
    expect(button).to_have_text("Leave full screen")
    page.wait_for_function(
        "(height) => document.querySelector('[data-testid=aeviz-map]').clientHeight > 1.3 * height",
        arg=before["height"],
    )
    button.press("Enter")
    page.wait_for_function(f"!({FULL})")
    expect(button).to_have_text("Full screen")


def test_tools_that_a_mode_hides_are_put_away(page: Page, app_url: str) -> None:
    open_explore(page, app_url)
    lasso = page.get_by_test_id("aeviz-tool-lasso")
    lasso.click()
    page.get_by_test_id("aeviz-mode-draw").click()
    expect(lasso).to_be_hidden()
    page.locator(".aeviz-layer").first.focus()
    page.keyboard.press("l")
    page.get_by_test_id("aeviz-mode-drag").click()
    expect(lasso).to_be_visible()
    expect(lasso).to_have_attribute("aria-pressed", "false")
