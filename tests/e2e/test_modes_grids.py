"""Manifold, Traverse and Sample in a real browser: tiles are decoded, and clicks go to them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect
from scipy import stats
from waiting import until

FILLED = """(id) => {
    const canvas = document.querySelector(`[data-testid=${id}]`);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let filled = 0;
    for (let i = 3; i < data.length; i += 4) filled += data[i] === 255;
    return filled / (canvas.width * canvas.height);
}"""
SIZE = "(canvas) => [canvas.width, canvas.height]"
TILE = 12


def open_mode(page: Page, url: str, mode: str, model: str = "tiny-4d", query: str = "") -> None:
    page.goto(f"{url}/explore?model={model}&mode={mode}{query}")
    page.locator(".aeviz-handle:not([hidden])").wait_for(state="attached")


def drawn(page: Page, test_id: str, share: float = 1.0) -> Locator:
    """The canvas of this name, once this share of it is covered by decoded images."""
    canvas = page.get_by_test_id(test_id)
    canvas.wait_for()
    until(lambda: page.evaluate(FILLED, test_id) >= share, f"{test_id} is not drawn", 30)
    return canvas


def picture(canvas: Locator) -> str:
    return str(canvas.evaluate("(canvas) => canvas.toDataURL()"))


def box(element: Locator) -> FloatRect:
    element.scroll_into_view_if_needed()
    found = element.bounding_box()
    assert found is not None
    return found


def code(page: Page) -> list[float]:
    """The pinned code in the address, once it no longer changes."""
    page.wait_for_function("location.search.includes('z=')")
    page.wait_for_timeout(400)
    return [float(value) for value in parse_qs(urlsplit(page.url).query)["z"][0].split(",")]


def in_module(page: Page, module: str, script: str, argument: Any = None) -> Any:
    """The result of `script`, a function of a module's exports and an argument, on the page."""
    address = json.dumps(f"aeviz/static/{module}.js")
    return page.evaluate(
        f"""async (argument) => {{
            const module = await import(new URL({address}, document.baseURI).href);
            return ({script})(module, argument);
        }}""",
        argument,
    )


def test_the_grid_is_drawn_and_n_changes_it(page: Page, app_url: str) -> None:
    open_mode(page, app_url, "manifold", "tiny-2d")
    canvas = drawn(page, "aeviz-manifold")
    assert canvas.evaluate(SIZE) == [15 * TILE, 15 * TILE]
    slider = page.get_by_test_id("aeviz-manifold-n")
    slider.fill("30")
    until(lambda: canvas.evaluate(SIZE) == [30 * TILE, 30 * TILE], "n did not change the grid", 10)
    assert (
        page.evaluate(FILLED, "aeviz-manifold") == 1
    )  # the old tiles stay until the new are there
    slider.fill("2")
    until(lambda: canvas.evaluate(SIZE) == [2 * TILE, 2 * TILE], "n did not change the grid", 10)
    page.wait_for_function("location.search.includes('n=2')")


def test_a_click_on_a_tile_goes_to_its_quantiles(page: Page, app_url: str) -> None:
    open_mode(page, app_url, "manifold", "tiny-2d", "&n=4&points=hidden&z=0.1,0.2")
    canvas = drawn(page, "aeviz-manifold")
    page.locator(".aeviz-map:not(.aeviz-gliding)").wait_for()
    page.wait_for_timeout(600)
    area = box(canvas)
    # The middle of the tile in the third column, first row.
    page.mouse.click(area["x"] + area["width"] * 2.5 / 4, area["y"] + area["height"] * 0.5 / 4)
    page.wait_for_function("!location.search.includes('z=0.1,0.2')")
    pixel = 1 / min(area["width"], area["height"])
    expected = stats.norm.ppf([2.5 / 4, 3.5 / 4])
    slope = 1 / stats.norm.pdf(expected)  # of the quantiles: the size of a screen pixel
    assert np.all(np.abs(np.array(code(page)) - expected) < 1.5 * pixel * slope)
    # The image at that place is the tile's.
    shown = page.get_by_test_id("aeviz-canvas").evaluate(
        "(c) => [...c.getContext('2d').getImageData(0, 0, 12, 12).data]"
    )
    tile = canvas.evaluate("(c) => [...c.getContext('2d').getImageData(24, 0, 12, 12).data]")
    assert np.abs(np.array(shown) - np.array(tile)).mean() < 6


def test_another_spacing_shows_other_places_and_keeps_the_pinned_code(
    page: Page, app_url: str
) -> None:
    pinned = [0.5, -0.4, 0.3, 1]
    open_mode(page, app_url, "manifold", "tiny-4d", "&projection=pca&z=0.5,-0.4,0.3,1")
    canvas = drawn(page, "aeviz-manifold")
    page.wait_for_timeout(300)
    quantiles = picture(canvas)
    page.get_by_test_id("aeviz-steps-even").click()
    page.wait_for_function("location.search.includes('steps=even')")
    until(lambda: picture(canvas) != quantiles, "the spacing changed nothing", 10)
    assert code(page) == pinned
    page.get_by_test_id("aeviz-steps-quantiles").click()
    until(lambda: picture(canvas) == quantiles, "the way back led elsewhere", 10)
    page.get_by_test_id("aeviz-mode-drag").click()
    page.locator(".aeviz-underlay canvas").wait_for(state="detached")
    assert code(page) == pinned


def test_a_slice_shows_no_points_and_no_class_names(page: Page, app_url: str) -> None:
    open_mode(page, app_url, "manifold", "tiny-4d", "&n=2")
    drawn(page, "aeviz-manifold")
    names, points = page.locator(".aeviz-labels"), page.get_by_test_id("aeviz-manifold-points")
    expect(names).to_be_visible()
    expect(points).to_be_checked()
    for projection, slice_ in (("pca", True), ("z", True), ("umap", False)):
        page.get_by_test_id(f"aeviz-projection-{projection}").click()
        expect(points).to_be_visible(visible=not slice_)
        expect(names).to_be_visible(visible=not slice_)
        expect(page.locator(".aeviz-points")).to_have_css("opacity", "0" if slice_ else "0.25")


def test_the_grid_follows_the_rest_of_the_code_and_stays_on_the_plane(
    page: Page, app_url: str
) -> None:
    open_mode(page, app_url, "manifold", "tiny-4d", "&projection=z&n=5&points=hidden")
    canvas = drawn(page, "aeviz-manifold")
    page.wait_for_timeout(800)
    before = picture(canvas)
    area = box(page.get_by_test_id("aeviz-map"))
    page.mouse.click(area["x"] + 0.5 * area["width"], area["y"] + 0.4 * area["height"])
    page.wait_for_timeout(500)
    assert picture(canvas) == before  # the plane's own two numbers change nothing
    page.get_by_test_id("aeviz-slider-3").fill("350")
    until(lambda: picture(canvas) != before, "the rest of the code was not followed", 10)


def test_a_tile_of_a_traversal_sets_exactly_its_dimension(page: Page, app_url: str) -> None:
    open_mode(page, app_url, "traverse", "tiny-4d", "&z=0.5,-0.4,0.3,1")
    canvas = drawn(page, "aeviz-traverse", 0.8)
    columns = (canvas.evaluate(SIZE)[0] + 1) // (TILE + 1)
    before = picture(canvas)
    slider = page.get_by_test_id("aeviz-slider-2")
    dimension = int(slider.get_attribute("data-dimension") or -1)
    area = box(canvas)
    page.mouse.click(
        area["x"] + area["width"] * 0.5 / columns, area["y"] + area["height"] * 2.5 / 4
    )
    page.wait_for_function("!location.search.includes('z=0.5,-0.4,0.3,1')")
    now = code(page)
    changed = [j for j in range(4) if now[j] != [0.5, -0.4, 0.3, 1][j]]
    assert changed == [dimension]
    assert float(slider.input_value()) == 0  # the first tile is the lowest value
    until(lambda: picture(canvas) != before, "the other rows did not follow", 10)


def test_keys_choose_a_tile_and_go_there(page: Page, app_url: str) -> None:
    open_mode(page, app_url, "traverse", "tiny-2d", "&z=0.5,-0.4")
    canvas = drawn(page, "aeviz-traverse", 0.8)
    canvas.focus()
    for key in ("ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    said = page.locator(".aeviz-traverse .aeviz-spoken").text_content() or ""
    page.keyboard.press("Enter")
    page.wait_for_function("!location.search.includes('z=0.5,-0.4')")
    name, value = said.replace("−", "-").split(" = ")
    dimension = int(name[1:])
    now = code(page)
    assert now[dimension] == pytest.approx(float(value), abs=0.006)
    assert now[1 - dimension] == [0.5, -0.4][1 - dimension]


def test_draws_are_new_when_drawn_again_and_the_same_under_their_link(
    page: Page, app_url: str
) -> None:
    open_mode(page, app_url, "sample", "tiny-4d")
    sheets = [drawn(page, name, 0.8) for name in ("aeviz-prior-draws", "aeviz-mixture-draws")]
    first = [picture(sheet) for sheet in sheets]
    assert page.locator(".aeviz-sign-dot").count() == 32
    assert page.locator(".aeviz-sign-ring").count() == 32
    expect(page.get_by_test_id("aeviz-prior-draws-far")).to_contain_text(
        "All 3 classes are among the nearest test images."
    )
    page.get_by_test_id("aeviz-draw-again").click()
    for sheet, before in zip(sheets, first, strict=True):
        until(lambda s=sheet, b=before: picture(s) != b, "the draws stayed", 10)  # type: ignore[misc]
    page.wait_for_function("location.search.includes('seed=')")
    page.wait_for_timeout(500)
    again = [picture(sheet) for sheet in sheets]
    page.reload()
    for name, before in zip(("aeviz-prior-draws", "aeviz-mixture-draws"), again, strict=True):
        sheet = drawn(page, name, 0.8)
        until(lambda s=sheet, b=before: picture(s) == b, "the link gave other draws", 10)  # type: ignore[misc]


def test_a_click_on_a_draw_goes_there(page: Page, app_url: str) -> None:
    open_mode(page, app_url, "sample", "tiny-2d", "&seed=5&z=0.1,0.2")
    canvas = drawn(page, "aeviz-prior-draws", 0.8)
    area = box(canvas)
    page.mouse.click(area["x"] + area["width"] * 1.5 / 8, area["y"] + area["height"] * 0.5 / 4)
    page.wait_for_function("!location.search.includes('z=0.1,0.2')")
    draws = in_module(
        page,
        "gaussian",
        "({ normals }) => { const n = normals(5); return Array.from({ length: 4 }, n); }",
    )
    np.testing.assert_allclose(code(page), draws[2:], rtol=1e-3)
    expect(page.locator(".aeviz-halves .aeviz-tilemark")).to_have_count(1)


def test_each_eps_adds_one_draw(page: Page, app_url: str) -> None:
    open_mode(page, app_url, "sample", "tiny-4d", "&show=image&projection=pca")
    page.get_by_test_id("aeviz-eps-strip").wait_for()
    assert page.evaluate(FILLED, "aeviz-eps-strip") == 0
    button = page.get_by_test_id("aeviz-draw-eps")
    for count in (1, 2, 3):
        button.click()
        expect(page.locator(".aeviz-sign-dot")).to_have_count(count - 1)
        expect(page.locator(".aeviz-sign-letter")).to_have_count(1)
        share = count * TILE * TILE / (TILE * (10 * TILE + 9))
        drawn(page, "aeviz-eps-strip", share - 1e-6)
        assert page.evaluate(FILLED, "aeviz-eps-strip") == pytest.approx(share)
    line = page.get_by_test_id("aeviz-formula").locator("div").nth(1).locator("span")
    words = [(text or "").replace("−", "-") for text in line.all_text_contents()]
    z, mu, sigma, eps = (float(words[i]) for i in (0, 2, 4, 6))
    assert sigma == pytest.approx(np.exp(-1), abs=0.005)  # the tiny models' logvar is -2
    assert z == pytest.approx(mu + sigma * eps, abs=0.03)
    assert page.locator(".aeviz-ellipse").count() == 2
    page.get_by_test_id("aeviz-projection-tsne").click()
    expect(page.locator(".aeviz-ellipse")).to_have_count(0)


def test_modes_fit_on_a_phone(phone: Page, app_url: str) -> None:
    for mode, name in (
        ("manifold", "aeviz-manifold"),
        ("traverse", "aeviz-traverse"),
        ("sample", "aeviz-mixture-draws"),
        ("sample&show=image", "aeviz-eps-strip"),
    ):
        open_mode(phone, app_url, mode)
        phone.get_by_test_id(name).wait_for()
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390
