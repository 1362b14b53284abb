"""Explore, beside the image: nearest images, the meter, and sliders that can be locked."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.test_explore import PIXELS, box, open_explore

NEAREST = (
    "[...document.querySelectorAll('[data-testid=aeviz-nearest] button')]"
    ".map((button) => button.dataset.index).join()"
)


def says(page: Page, word: str) -> None:
    expect(page.get_by_test_id("aeviz-meter")).to_have_attribute("data-word", word)


def test_nearest_images_follow_the_pointer(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "tiny-2d")
    expect(page.get_by_test_id("aeviz-nearest").get_by_role("button")).to_have_count(5)
    area = box(page, "aeviz-map")
    seen = set()
    for share in (0.2, 0.5, 0.8):
        before = page.evaluate(NEAREST)
        page.mouse.move(area["x"] + share * area["width"], area["y"] + share * area["height"])
        page.wait_for_function(f"{NEAREST} !== {before!r}")
        seen.add(page.evaluate(NEAREST))
    assert len(seen) == 3


def test_a_click_on_a_near_image_keeps_it_and_it_is_then_the_nearest(
    page: Page, app_url: str
) -> None:
    open_explore(page, app_url)
    third = page.get_by_test_id("aeviz-nearest-2")
    index = third.get_attribute("data-index")
    assert index is not None
    third.click()
    expect(page.get_by_test_id("aeviz-nearest-0")).to_have_attribute("data-index", index)
    expect(page.get_by_role("heading", name="Kept image")).to_be_visible()


def test_the_meter_knows_a_code_of_the_gallery_from_nowhere(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "vae-mnist-2d")
    says(page, "on the data")
    open_explore(page, app_url, "vae-mnist-2d", "&z=9,-9")
    says(page, "nowhere")
    # The readings behind the verdict are also accessible by keyboard and by touch.
    page.get_by_test_id("aeviz-meter").focus()
    expect(page.get_by_text("of the prior’s draws are longer")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    says(page, "on the data")


def test_a_locked_dimension_stays_through_sample_and_reset(page: Page, app_url: str) -> None:
    open_explore(page, app_url)
    first, second = (page.get_by_test_id(f"aeviz-slider-{rank}") for rank in (0, 1))
    first.focus()
    first.press("End")
    page.get_by_test_id("aeviz-lock-0").click()
    expect(page.get_by_test_id("aeviz-lock-0")).to_have_attribute("aria-pressed", "true")
    for name in ("Sample", "Reset"):
        before, pixels = second.input_value(), page.evaluate(PIXELS)
        page.locator(".aeviz-dims").get_by_role("button", name=name, exact=True).click()
        page.wait_for_function(f"{PIXELS} !== {pixels!r}")
        expect(second).not_to_have_value(before)
        expect(first).to_have_value("400")
    page.get_by_test_id("aeviz-lock-0").click()
    page.get_by_role("button", name="Reset").click()
    expect(first).not_to_have_value("400")


def test_a_double_click_or_delete_puts_a_slider_back_to_its_mean(page: Page, app_url: str) -> None:
    open_explore(page, app_url)
    slider = page.get_by_test_id("aeviz-slider-0")
    slider.focus()
    slider.press("Delete")
    mean = slider.input_value()
    slider.press("End")
    expect(slider).to_have_value("400")
    slider.dblclick(position={"x": 20, "y": 18})
    expect(slider).to_have_value(mean)


def test_four_near_images_on_a_phone(phone: Page, app_url: str) -> None:
    open_explore(phone, app_url, "tiny-2d")
    expect(phone.get_by_test_id("aeviz-nearest-3")).to_be_visible()
    expect(phone.get_by_test_id("aeviz-nearest-4")).to_be_hidden()


def test_a_locked_dimension_stays_under_the_pointer_too(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "tiny-4d", "&mode=traverse")
    first = page.get_by_test_id("aeviz-slider-0")
    page.get_by_test_id("aeviz-lock-0").click()
    locked, pixels = first.input_value(), page.evaluate(PIXELS)
    area = box(page, "aeviz-traverse")
    rows = {row: area["y"] + area["height"] * (row + 0.5) / 4 for row in (0, 1)}
    page.mouse.move(area["x"] + 5, rows[0])
    page.mouse.move(area["x"] + 5, rows[1])  # the row of an unlocked dimension: now something moves
    page.wait_for_function(f"{PIXELS} !== {pixels!r}")
    page.mouse.move(area["x"] + 5, rows[0])
    page.wait_for_function(f"{PIXELS} === {pixels!r}")
    expect(first).to_have_value(locked)
