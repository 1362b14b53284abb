"""The explorer's map in a real browser: select, hover, drag the handle, hide classes, switch."""

from __future__ import annotations

import json
import struct
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from tests.e2e.conftest import WAIT_MS

DECODES = "performance.getEntriesByName('aeviz.decode').length"
PIXELS = "document.querySelector('[data-testid=aeviz-canvas]').toDataURL()"
PLOT = "document.querySelector('.aeviz-plot')"
AT_REST = f"{PLOT} && {PLOT}.data && !{PLOT}.classList.contains('aeviz-stale')"
MARGIN = 0.06  # of the map, left free around the points; see viewport.js
LASSO = ((0.1, 0.15), (0.7, 0.1), (0.45, 0.5), (0.85, 0.9), (0.2, 0.7))  # not convex
BOX = ((0.15, 0.2), (0.6, 0.75))

Corners = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Map:
    """The map on the page: its position, and the pixel of each gallery point on it."""

    left: float
    top: float
    width: float
    height: float
    pixels: NDArray[np.float64]  # (n, 2), from the map's top left corner
    labels: NDArray[np.int16]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The page's pixel at a share of the map's width and height."""
        return self.left + x * self.width, self.top + y * self.height

    def counts(self, corners: Corners, hidden: int = -1) -> dict[int, int]:
        """Points of each class inside a polygon given in shares of the map."""
        polygon = [(x * self.width, y * self.height) for x, y in corners]
        inside = [
            int(label)
            for pixel, label in zip(self.pixels, self.labels, strict=True)
            if label != hidden and is_inside(pixel, polygon)
        ]
        return dict(Counter(inside))

    def page_pixel(self, index: int) -> tuple[float, float]:
        x, y = self.pixels[index]
        return self.left + float(x), self.top + float(y)


def is_inside(pixel: NDArray[np.float64], polygon: Corners) -> bool:
    """By winding angle: another rule than the map's own, equal on polygons that do not cross."""
    edges = np.array(polygon) - pixel
    angles = np.unwrap(np.arctan2(edges[:, 1], edges[:, 0]))
    closing = np.arctan2(edges[0, 1], edges[0, 0])
    turn = angles[-1] + np.angle(np.exp(1j * (closing - angles[-1]))) - angles[0]
    return bool(abs(turn) > np.pi)


def open_map(page: Page, url: str, model: str = "tiny-2d", query: str = "") -> Map:
    page.goto(f"{url}/explore?model={model}{query}")
    page.wait_for_function(f"{DECODES} > 0")
    page.wait_for_function(AT_REST)
    return find_map(page, url, model)


def find_map(page: Page, url: str, model: str, axes: Sequence[int] = (0, 1)) -> Map:
    area = page.get_by_test_id("aeviz-map")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    latents, labels = gallery(url, model)
    latents = latents[:, axes]
    low, high = latents.min(0), latents.max(0)
    size = np.array([box["width"], box["height"]])
    scale = ((high - low) / (size * (1 - 2 * MARGIN))).max()
    offset = (latents - (low + high) / 2) / scale
    pixels = size / 2 + offset * np.array([1.0, -1.0])
    return Map(box["x"], box["y"], box["width"], box["height"], pixels, labels)


def gallery(url: str, model: str) -> tuple[NDArray[np.float64], NDArray[np.int16]]:
    """Codes and classes, from what the server sends the browser."""
    with urllib.request.urlopen(f"{url}/aeviz/gallery/{model}") as answer:
        packed = answer.read()
    (length,) = struct.unpack_from("<I", packed)
    header = json.loads(packed[4 : 4 + length])

    def array(name: str) -> NDArray[np.float64]:
        at = header["arrays"][name]
        start = 4 + length + at["offset"]
        flat = np.frombuffer(packed, at["dtype"], int(np.prod(at["shape"])), start)
        return flat.reshape(at["shape"])

    return array("latents").astype(np.float64), array("labels").astype(np.int16)


def shown_counts(page: Page) -> dict[int, int]:
    """The counts of the selection by class."""
    page.get_by_test_id("aeviz-selection").wait_for()
    found = page.locator("[data-testid^=aeviz-selection-count-]").evaluate_all(
        "(counts) => counts.map((count) => [count.dataset.testid, count.textContent])"
    )
    return {int(name.rsplit("-", 1)[1]): int(text) for name, text in found}


def drag(page: Page, places: Sequence[tuple[float, float]]) -> None:
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=12)
    page.mouse.up()


def select_by_lasso(page: Page, area: Map) -> None:
    page.get_by_test_id("aeviz-tool-lasso").click()
    drag(page, [area.at(*corner) for corner in LASSO])


def test_a_lasso_counts_the_points_inside_it_by_class(page: Page, app_url: str) -> None:
    area = open_map(page, app_url)
    expected = area.counts(LASSO)
    assert len(expected) == 3
    assert sum(expected.values()) < len(area.labels)
    select_by_lasso(page, area)
    assert shown_counts(page) == expected
    # The chosen points stay opaque in the plot, class by class; the others fade.
    page.wait_for_function(f"{PLOT}.data[0].selectedpoints")
    strong = page.evaluate(f"{PLOT}.data.map((trace) => trace.selectedpoints.length)")
    assert dict(enumerate(strong)) == expected


def test_a_box_counts_the_points_inside_it_and_clear_takes_it_back(
    page: Page, app_url: str
) -> None:
    area = open_map(page, app_url)
    (left, top), (right, bottom) = BOX
    expected = area.counts([(left, top), (right, top), (right, bottom), (left, bottom)])
    page.get_by_test_id("aeviz-map").locator(".aeviz-layer").focus()
    page.keyboard.press("b")
    expect(page.get_by_test_id("aeviz-tool-box")).to_have_attribute("aria-pressed", "true")
    drag(page, [area.at(*corner) for corner in BOX])
    assert shown_counts(page) == expected
    page.get_by_test_id("aeviz-selection").get_by_role("button", name="Clear").click()
    expect(page.get_by_test_id("aeviz-selection")).to_be_hidden()
    page.wait_for_function(f"!{PLOT}.data[0].selectedpoints")


def test_a_hidden_class_is_not_selected(page: Page, app_url: str) -> None:
    area = open_map(page, app_url)
    key = page.get_by_role("group", name="Classes").get_by_role("button", name="Class two")
    key.click()
    expect(key).to_have_attribute("aria-pressed", "false")
    select_by_lasso(page, area)
    assert shown_counts(page) == area.counts(LASSO, hidden=1)
    assert 1 not in shown_counts(page)


def test_escape_leaves_the_tool_and_then_the_selection(page: Page, app_url: str) -> None:
    area = open_map(page, app_url)
    select_by_lasso(page, area)
    before = shown_counts(page)
    page.mouse.move(*area.at(0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*area.at(0.4, 0.4), steps=4)
    page.keyboard.press("Escape")  # cancels the current lasso, and nothing else
    page.mouse.up()
    assert shown_counts(page) == before
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("aeviz-tool-move")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("aeviz-selection")).to_be_hidden()


def test_the_tools_are_used_and_passed_by_keyboard(page: Page, app_url: str) -> None:
    open_map(page, app_url)
    move, box, lasso = (
        page.get_by_test_id(f"aeviz-tool-{tool}") for tool in ("move", "box", "lasso")
    )
    move.focus()
    page.keyboard.press("Tab")
    expect(box).to_be_focused()
    page.keyboard.press("Space")
    expect(box).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    expect(lasso).to_be_focused()
    page.keyboard.press("Enter")
    expect(lasso).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    expect(lasso).not_to_be_focused()
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    expect(page.locator(".aeviz-tools :focus")).to_have_count(0)


def test_the_strip_pins_the_image_that_is_clicked(page: Page, app_url: str) -> None:
    area = open_map(page, app_url)
    select_by_lasso(page, area)
    shown_counts(page)
    strip = page.get_by_test_id("aeviz-selection-strip")
    page.wait_for_function(
        "document.querySelector('[data-testid=aeviz-selection-strip]').height === 12"
    )
    latents, _ = gallery(app_url, "tiny-2d")
    strip.click(position={"x": 4, "y": 20})
    page.wait_for_function("location.search.includes('z=')")
    z = page.evaluate("new URLSearchParams(location.search).get('z')").split(",")
    kept = np.array([float(value) for value in z])
    # The strip is in the order of the classes: its first image is of the first class there.
    nearest = int(((latents - kept) ** 2).sum(1).argmin())
    assert np.abs(latents[nearest] - kept).max() < 1e-2
    assert area.labels[nearest] == min(area.counts(LASSO))


def test_hovering_a_point_shows_its_image_beside_the_pointer(page: Page, app_url: str) -> None:
    area = open_map(page, app_url)
    thumbnail = page.get_by_test_id("aeviz-thumbnail")
    names = ("one", "two", "three")
    for index in (int(area.pixels[:, 0].argmax()), int(area.pixels[:, 0].argmin())):
        x, y = area.page_pixel(index)
        page.mouse.move(x, y)
        expect(thumbnail).to_be_visible()
        expect(thumbnail).to_have_text(names[area.labels[index]])
        card = thumbnail.bounding_box()
        assert card is not None
        assert not card["x"] <= x <= card["x"] + card["width"]
        assert area.left <= card["x"]
        assert card["x"] + card["width"] <= area.left + area.width
    page.mouse.move(*area.at(0.5, -0.2))
    expect(thumbnail).to_be_hidden()


def test_over_a_point_of_a_slice_its_own_code_is_decoded(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/explore?model=tiny-4d&projection=z&z=3,3,-3,-3")
    page.wait_for_function(AT_REST)
    latents, _ = gallery(app_url, "tiny-4d")
    rank = "[data-testid=aeviz-slider-{}]"
    axes = [int(page.locator(rank.format(i)).get_attribute("data-dimension") or -1) for i in (0, 1)]
    area = find_map(page, app_url, "tiny-4d", axes)
    index = int(area.pixels[:, 0].argmin())
    page.mouse.move(*area.page_pixel(index))
    expect(page.get_by_test_id("aeviz-thumbnail")).to_be_visible()
    shown = page.locator("[data-testid^=aeviz-slider-]").evaluate_all(
        "(inputs) => Object.fromEntries(inputs.map((input) =>"
        " [input.dataset.dimension, input.getAttribute('aria-valuetext').replace('−', '-')]))"
    )
    for dimension, value in shown.items():
        assert float(value) == pytest.approx(latents[index, int(dimension)], abs=0.02)


def test_the_handle_is_dragged_and_the_pixels_follow(page: Page, app_url: str) -> None:
    area = open_map(page, app_url)
    handle = page.get_by_test_id("aeviz-handle")
    place = handle.bounding_box()
    assert place is not None
    # A press 9 pixels from the handle's centre grabs it: it keeps that distance.
    hand = (place["x"] + 9, place["y"])
    page.mouse.move(*hand)
    page.mouse.down()
    expect(page.get_by_test_id("aeviz-map")).to_have_class("aeviz-map aeviz-dragging")
    target = area.at(0.5, 0.5)
    shown = []
    for share in (0.25, 0.5, 0.75, 1.0):
        before = page.evaluate(DECODES)
        page.mouse.move(*(a + share * (b - a) for a, b in zip(hand, target, strict=True)))
        page.wait_for_function(f"{DECODES} > {before}")
        shown.append(page.evaluate(PIXELS))
    assert len(set(shown)) == 4  # while the button is down
    page.wait_for_function(
        f"Math.abs(document.querySelector('.aeviz-handle').getBoundingClientRect().x"
        f" - {target[0] - 9}) < 1"
    )
    page.mouse.up()
    expect(page.get_by_test_id("aeviz-map")).to_have_class("aeviz-map")


def test_the_hint_goes_once_the_map_has_been_used(page: Page, app_url: str) -> None:
    area = open_map(page, app_url)
    hint = page.get_by_test_id("aeviz-map-hint")
    expect(hint).to_be_visible()
    page.mouse.click(*area.at(0.3, 0.3))
    expect(hint).to_be_hidden()


def test_the_hint_goes_by_itself(page: Page, app_url: str) -> None:
    page.clock.install()
    page.goto(f"{app_url}/aeviz/models")  # any page of the same origin
    page.evaluate(
        """async () => {
            const { Hint } = await import('/aeviz/static/hint.js');
            window.hint = new Hint();
            window.hint.begin();
        }"""
    )
    for seconds, gone in ((4, False), (2, True)):
        page.clock.run_for(1000 * seconds)
        assert page.evaluate("window.hint.element.classList.contains('aeviz-gone')") is gone


@pytest.mark.parametrize("how", ["double click", "Alt"])
def test_a_class_is_isolated_and_the_others_come_back(page: Page, app_url: str, how: str) -> None:
    open_map(page, app_url)
    classes = page.get_by_role("group", name="Classes").get_by_role("button")

    def isolate() -> None:
        if how == "Alt":
            classes.nth(1).click(modifiers=["Alt"])
        else:
            classes.nth(1).dblclick()

    def pressed() -> str:
        return "/".join(str(classes.nth(i).get_attribute("aria-pressed")) for i in range(3))

    isolate()
    assert pressed() == "false/true/false"
    page.wait_for_function(
        f"{PLOT}.data.map((trace) => trace.visible).join() === 'false,true,false'"
    )
    isolate()
    assert pressed() == "true/true/true"
    page.wait_for_function(f"{PLOT}.data.every((trace) => trace.visible)")


def test_touch_selects_and_drags_the_handle(phone: Page, app_url: str) -> None:
    area = open_map(phone, app_url)
    touch = phone.context.new_cdp_session(phone)

    def finger(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in places]
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    place = phone.get_by_test_id("aeviz-handle").bounding_box()
    assert place is not None
    before = phone.evaluate(PIXELS)
    finger("Start", (place["x"] + 6, place["y"] + 6))
    finger("Move", area.at(0.4, 0.4))
    finger("Move", area.at(0.5, 0.5))
    phone.wait_for_function(f"{PIXELS} !== {before!r}")
    finger("End")
    phone.get_by_test_id("aeviz-tool-lasso").tap()
    area = find_map(phone, app_url, "tiny-2d")
    corners = [area.at(*corner) for corner in LASSO]
    finger("Start", corners[0])
    for corner in corners[1:]:
        finger("Move", corner)
    finger("End")
    assert shown_counts(phone) == area.counts(LASSO)


def test_switching_midway_goes_on_to_the_last_projection_with_the_pin(
    page: Page, app_url: str
) -> None:
    area = open_map(page, app_url, "tiny-4d", "&projection=pca")
    page.mouse.click(*area.at(0.4, 0.45))
    page.wait_for_function("location.search.includes('z=')")
    handle = "document.querySelector('.aeviz-handle').style.transform"
    pinned, before = page.evaluate(handle), page.evaluate(PIXELS)
    page.evaluate(
        """() => {
            const tab = (id) => document.querySelector(`[data-testid=aeviz-projection-${id}]`);
            tab('tsne').click();
            setTimeout(() => tab('pca').click(), 150);
        }"""
    )
    page.wait_for_function(f"{handle} !== {pinned!r}")
    page.wait_for_function(f"{handle} === {pinned!r} && {AT_REST}", timeout=WAIT_MS)
    page.mouse.move(*area.at(0.5, -0.2))
    page.wait_for_function(f"{PIXELS} === {before!r}")


def test_paths_markers_and_underlay_follow_the_view(page: Page, app_url: str) -> None:
    """Drawings of panels in plane coordinates follow the view."""
    page.goto(f"{app_url}/_stcore/health")
    where = page.evaluate(
        """async () => {
            const { LatentMap } = await import('/aeviz/static/map.js');
            const map = new LatentMap({
                labels: Int16Array.of(0, 0), classNames: [], colours: ['#4477aa'], wheel: true,
            }, { onMove() {}, onPin() {}, onLeave() {} });
            document.body.replaceChildren(map.element);
            map.viewport.resize(200, 100);
            map.viewport.view = { x: 0, y: 0, scale: 0.1 };
            const canvas = document.createElement('canvas');
            Object.assign(canvas, { width: 10, height: 10 });
            map.setPath([[0, 0], [1, 2]]);
            map.setMarkers([{ x: 1, y: 2, label: 'A' }]);
            map.setEllipse({ x: 0, y: 0, matrix: [[4, 0], [0, 1]] });
            map.setUnderlay(canvas, { left: -1, right: 1, bottom: -2, top: 2 }, 0.5);
            const of = (name, what) => map.element.querySelector(name).getAttribute(what);
            const read = () => ({
                path: of('.aeviz-path', 'd'),
                marker: of('.aeviz-sign', 'transform'),
                ellipse: of('.aeviz-ellipse', 'd').split('L')[0],
                canvas: canvas.style.transform,
            });
            const first = read();
            map.viewport.view = { x: 1, y: 2, scale: 0.05 };
            map.placeOverlay();
            const second = read();
            map.setPath(null);
            map.setMarkers([]);
            map.setEllipse(null);
            map.setUnderlay(null);
            const drawn = '.aeviz-overlay path[d], .aeviz-sign, .aeviz-underlay canvas';
            const left = map.element.querySelectorAll(drawn).length;
            const result = { first, second, left };
            map.destroy();
            return result;
        }"""
    )
    assert where["first"] == {
        "path": "M100 50L110 30",
        "marker": "translate(110 30)",
        "ellipse": "M120 50",
        "canvas": "translate(90px, 30px) scale(2, 4)",
    }
    assert where["second"] == {
        "path": "M80 90L100 50",
        "marker": "translate(100 50)",
        "ellipse": "M120 90",
        "canvas": "translate(60px, 50px) scale(4, 8)",
    }
    assert where["left"] == 0
