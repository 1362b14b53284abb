"""Explore in a real browser: pixels follow the pointer while it moves."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import FloatRect, Page, expect

from tests.e2e.conftest import free_port, serve

DECODES = "performance.getEntriesByName('aeviz.decode').length"
PIXELS = "document.querySelector('[data-testid=aeviz-canvas]').toDataURL()"


def open_explore(page: Page, url: str, model: str = "tiny-4d", query: str = "") -> None:
    page.goto(f"{url}/explore?model={model}{query}")
    page.get_by_test_id("aeviz-canvas").wait_for()
    page.wait_for_function(f"{DECODES} > 0")
    page.locator(".aeviz-handle:not([hidden])").first.wait_for(state="attached")


def box(page: Page, test_id: str) -> FloatRect:
    element = page.get_by_test_id(test_id)
    element.scroll_into_view_if_needed()
    found = element.bounding_box()
    assert found is not None
    return found


def pixels_after_move(page: Page, x: float, y: float) -> str:
    """Moves there; returns the canvas's pixels after the next decode has been drawn."""
    before = page.evaluate(DECODES)
    page.mouse.move(x, y)
    page.wait_for_function(f"{DECODES} > {before}")
    return str(page.evaluate(PIXELS))


def test_dragging_a_slider_changes_the_pixels_during_the_drag(page: Page, app_url: str) -> None:
    open_explore(page, app_url)
    slider = box(page, "aeviz-slider-0")
    middle = slider["y"] + slider["height"] / 2
    page.mouse.move(slider["x"] + slider["width"] / 2, middle)
    page.mouse.down()
    shown = [
        pixels_after_move(page, slider["x"] + share * slider["width"], middle)
        for share in (0.6, 0.7, 0.8, 0.9)
    ]
    # The button is still down: nothing has been released, so these came during the drag.
    assert len(set(shown)) == 4
    page.mouse.up()
    durations = page.evaluate("performance.getEntriesByName('aeviz.decode').map(e => e.duration)")
    assert all(duration > 0 for duration in durations)


def test_moving_over_the_map_decodes_and_leaving_it_returns_to_the_kept_code(
    page: Page, app_url: str
) -> None:
    open_explore(page, app_url)
    kept = page.evaluate(PIXELS)
    area = box(page, "aeviz-map")
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    shown = [pixels_after_move(page, x + 40 * step, y + 25 * step) for step in (-3, -2, -1, 1, 2)]
    assert len(set(shown)) == 5
    page.mouse.move(area["x"] + area["width"] + 30, area["y"] - 20)
    page.wait_for_function(f"{PIXELS} === {kept!r}")


def test_a_click_keeps_the_place_and_a_link_reproduces_it(
    page: Page, phone: Page, app_url: str
) -> None:
    open_explore(page, app_url)
    area = box(page, "aeviz-map")
    page.mouse.click(area["x"] + 0.3 * area["width"], area["y"] + 0.6 * area["height"])
    page.wait_for_function("location.search.includes('z=')")
    shown = page.evaluate(PIXELS)
    query = parse_qs(urlsplit(page.url).query)
    assert query["model"] == ["tiny-4d"]
    assert len(query["z"][0].split(",")) == 4
    phone.goto(page.url)
    phone.wait_for_function(f"{DECODES} > 0")
    # The address holds four digits of each number: a pixel may round to its neighbour.
    difference = phone.evaluate(
        """async (url) => {
            const read = (image) => {
                const canvas = document.createElement('canvas');
                [canvas.width, canvas.height] = [image.width, image.height];
                const context = canvas.getContext('2d');
                context.drawImage(image, 0, 0);
                return context.getImageData(0, 0, image.width, image.height).data;
            };
            const image = new Image();
            image.src = url;
            await image.decode();
            const a = read(image);
            const b = read(document.querySelector('[data-testid=aeviz-canvas]'));
            return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
        }""",
        shown,
    )
    assert difference <= 2


def test_keys_move_slider_and_map(page: Page, app_url: str) -> None:
    open_explore(page, app_url)
    for test_id in ("aeviz-slider-1", "aeviz-map"):
        element = page.get_by_test_id(test_id)
        before, decodes = page.evaluate(PIXELS), page.evaluate(DECODES)
        (element.locator(".aeviz-layer") if test_id == "aeviz-map" else element).focus()
        for _ in range(8):
            page.keyboard.press("ArrowRight")
        page.wait_for_function(f"{DECODES} > {decodes} && {PIXELS} !== {before!r}")


def test_touch_moves_the_code_on_a_phone(phone: Page, app_url: str) -> None:
    open_explore(phone, app_url, "tiny-2d")
    before = phone.evaluate(PIXELS)
    area = box(phone, "aeviz-map")
    phone.touchscreen.tap(area["x"] + 0.8 * area["width"], area["y"] + 0.2 * area["height"])
    phone.wait_for_function(f"{PIXELS} !== {before!r}")
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_the_first_map_is_the_most_trustworthy_and_a_link_has_its_own(
    page: Page, app_url: str
) -> None:
    for query, shown in (("", "tsne"), ("&projection=pca", "pca"), ("&projection=z", "z")):
        open_explore(page, app_url, "tiny-4d", query)
        tab = page.get_by_test_id(f"aeviz-projection-{shown}")
        expect(tab).to_have_attribute("aria-pressed", "true")


def test_a_model_with_one_map_does_not_choose_the_next_ones(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "tiny-2d")
    page.get_by_test_id("aeviz-slider-0").press("ArrowRight")
    page.wait_for_function("location.search.includes('z=')")
    assert "projection" not in page.url
    page.get_by_role("combobox").click()
    page.get_by_role("combobox").fill("tiny-4d")
    page.get_by_role("option", name="tiny-4d ·").click()
    tab = page.get_by_test_id("aeviz-projection-tsne")
    expect(tab).to_have_attribute("aria-pressed", "true")


def test_sliders_come_as_the_axes_do_where_the_code_is_the_map(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "ae-mnist-2d")
    for rank in ("0", "1"):
        slider = page.get_by_test_id(f"aeviz-slider-{rank}")
        expect(slider).to_have_attribute("data-dimension", rank)


def test_switching_the_projection_keeps_the_code(page: Page, app_url: str) -> None:
    open_explore(page, app_url, query="&projection=pca")
    before = page.evaluate(PIXELS)
    page.get_by_test_id("aeviz-projection-tsne").click()
    expect(page.get_by_text("Approximate")).to_be_visible()
    page.wait_for_function("location.search.includes('projection=tsne')")
    assert page.evaluate(PIXELS) == before


def test_umap_is_offered_with_how_far_to_trust_it(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "tiny-4d", "&projection=pca")
    trust = page.get_by_test_id("aeviz-trustworthiness")
    expect(trust).to_contain_text("81 % trustworthy")
    page.get_by_test_id("aeviz-projection-umap").click()
    expect(trust).to_contain_text("90 % trustworthy")
    assert "12 nearest" in (trust.get_attribute("title") or "")
    expect(page.get_by_text("Approximate")).to_be_visible()
    before = page.evaluate(PIXELS)
    area = box(page, "aeviz-map")
    page.mouse.move(area["x"] + 0.7 * area["width"], area["y"] + 0.3 * area["height"])
    page.wait_for_function(f"{PIXELS} !== {before!r}")


def test_an_unknown_model_is_named_and_another_opens(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/explore?model=no-such-model")
    expect(page.get_by_test_id("stAlert")).to_contain_text("“no-such-model”")
    page.get_by_test_id("aeviz-canvas").wait_for()


def test_a_restarted_server_is_reconnected_to(
    page: Page, runs_folder: Path, tmp_path: Path
) -> None:
    port = free_port()
    with serve(runs_folder, tmp_path / "log", port) as url:
        open_explore(page, url)
    status = page.get_by_test_id("aeviz-status")
    expect(status).to_contain_text("Reconnecting")
    with serve(runs_folder, tmp_path / "log", port):
        expect(status).to_be_hidden(timeout=60_000)
        decodes = page.evaluate(DECODES)
        page.get_by_test_id("aeviz-slider-0").press("ArrowRight")
        page.wait_for_function(f"{DECODES} > {decodes}")


def test_another_model_takes_over_at_once(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "tiny-4d")
    page.get_by_test_id("aeviz-slider-0").press("ArrowRight")
    page.wait_for_function("location.search.includes('z=')")
    page.get_by_role("combobox").click()
    page.get_by_role("combobox").fill("tiny-2d")
    page.get_by_role("option", name="tiny-2d ·").click()
    page.wait_for_function("new URLSearchParams(location.search).get('model') === 'tiny-2d'")
    expect(page.get_by_test_id("aeviz-slider-2")).to_have_count(0)
    expect(page.locator("[data-testid=aeviz-canvas]")).to_have_count(1)
    decodes = page.evaluate(DECODES)
    page.get_by_test_id("aeviz-slider-1").press("ArrowLeft")
    page.wait_for_function(f"{DECODES} > {decodes}")


def test_a_network_without_websockets_is_named(page: Page, app_url: str) -> None:
    # Streamlit's own socket is allowed, so that the page itself works.
    page.add_init_script(
        """window.WebSocket = class extends WebSocket {
            constructor(url, ...rest) {
                super(String(url).replace('aeviz/live', 'aeviz/blocked'), ...rest);
            }
        };"""
    )
    page.goto(f"{app_url}/explore?model=tiny-2d")
    expect(page.get_by_test_id("aeviz-status")).to_contain_text("blocks WebSockets")


def test_leaving_a_page_closes_its_socket(page: Page, app_url: str) -> None:
    open_explore(page, app_url)
    for _ in range(2):
        page.get_by_role("link", name="Home", exact=True).click()
        page.locator(".aeviz-home").wait_for()
        page.get_by_role("link", name="Explore", exact=True).click()
        page.locator(".aeviz-explorer").wait_for()
    page.wait_for_function(
        "async () => (await (await fetch('/aeviz/live/stats')).json()).clients === 1"
    )


def test_leaving_a_page_whose_map_never_loaded_closes_its_socket(page: Page, app_url: str) -> None:
    page.route("**/aeviz/plotly.min.js", lambda route: route.abort())
    open_explore(page, app_url)
    expect(page.get_by_test_id("aeviz-status")).to_contain_text("drawing library did not load")
    pixels_after_move(page, *middle_of(page, "aeviz-map"))  # everything else works without it
    page.get_by_role("link", name="Train", exact=True).click()
    page.wait_for_function(
        "async () => (await (await fetch('/aeviz/live/stats')).json()).clients === 0"
    )


def test_a_code_beyond_all_numbers_is_left_out_of_a_link(page: Page, app_url: str) -> None:
    open_explore(page, app_url, "tiny-2d", "&z=1e39,0")
    page.get_by_test_id("aeviz-slider-0").press("ArrowRight")
    page.wait_for_function("!location.search.includes('1e39')")
    expect(page.get_by_test_id("aeviz-status")).to_be_hidden()


def middle_of(page: Page, test_id: str) -> tuple[float, float]:
    area = box(page, test_id)
    return area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
