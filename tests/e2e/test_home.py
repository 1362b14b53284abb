"""Home in a real browser: alive before anything is chosen."""

from __future__ import annotations

from playwright.sync_api import Page, Route

DECODES = "performance.getEntriesByName('aeviz.decode').length"
PIXELS = "document.querySelector('[data-testid=aeviz-canvas]').toDataURL()"


def test_the_image_follows_the_pointer_and_stays_where_it_left(page: Page, app_url: str) -> None:
    page.goto(app_url)
    page.wait_for_function(f"{DECODES} > 0")
    area = page.get_by_test_id("aeviz-map").bounding_box()
    assert area is not None
    shown = {page.evaluate(PIXELS)}
    for share in (0.25, 0.4, 0.55, 0.7):
        before = page.evaluate(DECODES)
        page.mouse.move(area["x"] + share * area["width"], area["y"] + share * area["height"])
        page.wait_for_function(f"{DECODES} > {before}")
        shown.add(page.evaluate(PIXELS))
    assert len(shown) == 5
    last = page.evaluate(PIXELS)
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] - 40)
    page.get_by_test_id("aeviz-map").wait_for()
    assert page.evaluate(PIXELS) == last


def test_home_leads_to_what_can_be_done_next(page: Page, app_url: str) -> None:
    page.goto(app_url)
    page.get_by_role("link", name="Explore a latent space").click()
    page.locator(".aeviz-explorer").wait_for()
    assert page.url.startswith(f"{app_url}/explore")


def test_the_picture_is_there_before_the_map_and_nothing_jumps(page: Page, app_url: str) -> None:
    scripts: list[Route] = []
    plotly: list[Route] = []
    page.route("**/aeviz/static/home.js", lambda route: scripts.append(route))
    page.route("**/aeviz/plotly.min.js", lambda route: plotly.append(route))
    with page.expect_request("**/aeviz/static/home.js"):
        page.goto(app_url)
    link = page.get_by_role("link", name="Explore a latent space")
    link.wait_for()
    page.wait_for_timeout(500)
    before = link.bounding_box()
    scripts[0].continue_()
    page.wait_for_function(f"{DECODES} > 0")
    after = link.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 20
    assert page.locator(".aeviz-plot canvas").count() == 0
    while not plotly:  # requested in the first pause after the image
        page.wait_for_timeout(50)
    plotly[0].continue_()
    page.locator(".aeviz-plot canvas").first.wait_for()
