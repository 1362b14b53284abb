"""Two models in a real browser: one pointer, two maps, two pictures."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.e2e.test_explore import PIXELS, box, open_explore

SECOND = "document.querySelector('[data-testid=aeviz-canvas-2]').toDataURL()"


def open_two(page: Page, url: str, query: str) -> None:
    open_explore(page, url, "tiny-2d", f"&mode=two&{query}")
    page.get_by_test_id("aeviz-map-2").locator(".main-svg").first.wait_for(state="attached")
    page.wait_for_function("document.querySelector('[data-testid=aeviz-canvas-2]').width > 0")


def another_picture(page: Page, x: float, y: float) -> str:
    """Moves there; returns the first picture once it has changed. Both pictures count as decodes,
    so a further decode may be the second one's."""
    before = page.evaluate(PIXELS)
    page.mouse.move(x, y)
    page.wait_for_function(f"{PIXELS} !== {before!r}")
    return str(page.evaluate(PIXELS))


def test_one_pointer_moves_both_pictures_from_either_map(page: Page, app_url: str) -> None:
    open_two(page, app_url, "with=tiny-2d-too")
    for test_id in ("aeviz-map", "aeviz-map-2"):
        area = box(page, test_id)
        x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
        shown = set()
        for step in (-2, -1, 1, 2):
            before = page.evaluate(SECOND)
            first = another_picture(page, x + 25 * step, y + 20 * step)
            page.wait_for_function(f"{SECOND} !== {before!r}")
            shown.add((first, page.evaluate(SECOND)))
        assert len(shown) == 4


def test_the_same_place_is_the_same_code_for_both(page: Page, app_url: str) -> None:
    # Both files have the same weights: the same code must give the same picture.
    open_two(page, app_url, "with=tiny-2d-too&by=place&z=0.7,-0.4")
    page.wait_for_function(f"{SECOND} === {PIXELS}")
    page.get_by_test_id("aeviz-slider-0").press("ArrowRight")
    page.wait_for_function("!location.search.includes('z=0.7,-0.4')")
    page.wait_for_function(f"{SECOND} === {PIXELS}")


def test_the_same_image_is_encoded_by_each(page: Page, app_url: str) -> None:
    open_two(page, app_url, "with=tiny-4d")  # another code size: only the image can be shared
    expect(page.get_by_test_id("aeviz-by-place")).to_have_count(0)
    expect(page.get_by_test_id("aeviz-by-image")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("The image both encode")).to_be_visible()
    before = page.evaluate(SECOND)
    area = box(page, "aeviz-map-2")
    page.mouse.move(area["x"] + area["width"] * 0.3, area["y"] + area["height"] * 0.4)
    page.mouse.move(area["x"] + area["width"] * 0.7, area["y"] + area["height"] * 0.6)
    page.wait_for_function(f"{SECOND} !== {before!r}")


def test_another_model_is_chosen_and_a_link_keeps_it(page: Page, phone: Page, app_url: str) -> None:
    open_two(page, app_url, "with=tiny-2d-too")
    page.get_by_test_id("aeviz-other-model").select_option("tiny-4d")
    page.wait_for_function("location.search.includes('with=tiny-4d')")
    expect(page.get_by_test_id("aeviz-by-place")).to_have_count(0)
    phone.goto(page.url)
    expect(phone.get_by_test_id("aeviz-other-model")).to_have_value("tiny-4d")
    phone.get_by_test_id("aeviz-canvas-2").wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_vae_begins_beside_the_plain_autoencoder_of_its_size(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "vae-mnist", "&mode=two")
    expect(page.get_by_test_id("aeviz-other-model")).to_have_value("deep-ae-mnist")


def test_leaving_the_mode_closes_the_second_connection(page: Page, app_url: str) -> None:
    open_two(page, app_url, "with=tiny-2d-too")
    page.get_by_test_id("aeviz-mode-drag").click()
    expect(page.get_by_test_id("aeviz-canvas-2")).to_have_count(0)
    page.wait_for_function(
        "async () => (await (await fetch('/aeviz/live/stats')).json()).clients === 1"
    )


def test_the_mode_before_takes_no_hand_any_more_while_the_next_opens(
    page: Page, app_url: str
) -> None:
    held: list[Route] = []
    page.route("**/aeviz/models", lambda route: held.append(route))
    open_explore(page, app_url, "tiny-2d", "&mode=traverse&z=0.7,-0.4")
    canvas = page.get_by_test_id("aeviz-traverse")
    canvas.wait_for()
    with page.expect_request("**/aeviz/models"):
        page.get_by_test_id("aeviz-mode-two").click()
    canvas.click(position={"x": 5, "y": 5}, force=True)  # still to be seen
    held[0].continue_()
    page.get_by_test_id("aeviz-canvas-2").wait_for()
    page.wait_for_timeout(400)  # the address follows the code after 250 ms
    assert "z=0.7,-0.4" in page.url
    page.get_by_test_id("aeviz-by-image").click()
    expect(page.get_by_test_id("aeviz-by-image")).to_have_attribute("aria-pressed", "true")


def test_a_lasso_does_not_stay_where_its_tools_are_hidden(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "tiny-2d")
    page.get_by_test_id("aeviz-tool-lasso").click()
    page.get_by_test_id("aeviz-mode-two").click()
    page.get_by_test_id("aeviz-canvas-2").wait_for()
    area = box(page, "aeviz-map")
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    shown = {another_picture(page, x + 20 * step, y) for step in (-2, -1, 1)}
    page.mouse.down()
    shown |= {another_picture(page, x + 20 * step, y + 30) for step in (2, 3)}
    page.mouse.up()
    assert len(shown) == 5  # pressing pins and drags, it selects nothing
