"""Draw in a real browser: the code follows the pen over the map, while the pen is down."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Page, expect

from tests.e2e.conftest import NO_PICTURES
from tests.e2e.test_explore import DECODES, PIXELS, box, open_explore

HANDLE = "document.querySelector('.aeviz-handle').style.transform"
BLANK = [0] * 144


def open_draw(page: Page, url: str, query: str = "") -> FloatRect:
    open_explore(page, url, "tiny-4d", f"&mode=draw{query}")
    return box(page, "aeviz-drawing")


def grey(page: Page, test_id: str) -> list[int]:
    """The 144 pixels of a picture, 0 to 255."""
    found: list[int] = page.get_by_test_id(test_id).evaluate(
        "(c) => [...c.getContext('2d').getImageData(0, 0, 12, 12).data]"
        ".filter((_, i) => i % 4 === 0)"
    )
    return found


def draw_line(page: Page, area: FloatRect) -> None:
    page.mouse.move(area["x"] + 0.2 * area["width"], area["y"] + 0.2 * area["height"])
    page.mouse.down()
    page.mouse.move(area["x"] + 0.7 * area["width"], area["y"] + 0.6 * area["height"], steps=5)
    page.mouse.up()


def wait_until_as_drawn(page: Page) -> None:
    """Waits until the large picture is the reconstruction of the drawing."""
    page.wait_for_function(
        "document.querySelector('[data-testid=aeviz-drawn-reconstruction]').toDataURL()"
        f" === {PIXELS}"
    )


def test_handle_sliders_and_pictures_follow_the_pen_while_it_is_down(
    page: Page, app_url: str
) -> None:
    area = open_draw(page, app_url)
    page.mouse.move(area["x"] + 0.2 * area["width"], area["y"] + 0.3 * area["height"])
    page.mouse.down()
    for share in (0.35, 0.5, 0.65):
        handle, decodes = page.evaluate(HANDLE), page.evaluate(DECODES)
        slider = page.get_by_test_id("aeviz-slider-0").input_value()
        page.mouse.move(area["x"] + share * area["width"], area["y"] + share * area["height"])
        page.wait_for_function(f"{HANDLE} !== {json.dumps(handle)} && {DECODES} > {decodes}")
        expect(page.get_by_test_id("aeviz-slider-0")).not_to_have_value(slider)
    wait_until_as_drawn(page)  # the button is still down
    page.mouse.up()
    drawing, reconstruction = grey(page, "aeviz-drawing"), grey(page, "aeviz-drawn-reconstruction")
    error = sum((a - b) ** 2 for a, b in zip(drawing, reconstruction, strict=True)) / 144 / 255**2
    expect(
        page.get_by_text("They differ by", exact=True).locator("..").locator("output")
    ).to_have_text(f"{error:#.2g} MSE")


def test_both_pictures_are_of_one_size(page: Page, phone: Page, app_url: str) -> None:
    for screen in (page, phone):
        drawn = open_draw(screen, app_url)
        shown = box(screen, "aeviz-drawn-reconstruction")
        size = (shown["width"], shown["height"])
        assert (drawn["width"], drawn["height"]) == pytest.approx(size, abs=0.1)  # columns round
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_finger_draws(phone: Page, app_url: str) -> None:
    area = open_draw(phone, app_url)
    handle = phone.evaluate(HANDLE)
    phone.touchscreen.tap(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    phone.wait_for_function(f"{HANDLE} !== {json.dumps(handle)}")
    assert max(grey(phone, "aeviz-drawing")) > 0


def test_the_pad_keeps_the_drawing_when_the_code_is_moved_and_clear_empties_it(
    page: Page, app_url: str
) -> None:
    draw_line(page, open_draw(page, app_url))
    wait_until_as_drawn(page)
    drawing, reconstruction = grey(page, "aeviz-drawing"), grey(page, "aeviz-drawn-reconstruction")
    shown = page.evaluate(PIXELS)
    page.get_by_test_id("aeviz-slider-0").press("Home")
    page.wait_for_function(f"{PIXELS} !== {json.dumps(shown)}")
    assert grey(page, "aeviz-drawing") == drawing
    assert grey(page, "aeviz-drawn-reconstruction") == reconstruction
    page.get_by_test_id("aeviz-clear").click()
    wait_until_as_drawn(page)
    assert grey(page, "aeviz-drawing") == BLANK


def test_a_link_shows_the_code_of_the_drawing(page: Page, phone: Page, app_url: str) -> None:
    draw_line(page, open_draw(page, app_url))
    wait_until_as_drawn(page)
    expect(page).to_have_url(re.compile(r"[?&]z="))  # reported late if the machine is busy
    page.wait_for_timeout(400)
    open_draw(phone, app_url, f"&{page.url.split('?')[1]}")
    found, wanted = grey(phone, "aeviz-canvas"), grey(page, "aeviz-canvas")
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 1
    assert grey(phone, "aeviz-drawing") == BLANK


def test_an_upload_lies_on_the_pad_and_can_be_turned_round(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    open_draw(page, app_url)
    content = io.BytesIO()
    Image.new("L", (40, 30), 90).save(content, "PNG")
    file = tmp_path / "mine.png"
    file.write_bytes(content.getvalue())
    page.get_by_test_id("aeviz-draw-file").set_input_files(file)
    note = page.get_by_test_id("aeviz-draw-note")
    expect(note).to_have_text("Fitted to 12 × 12.")
    wait_until_as_drawn(page)
    assert grey(page, "aeviz-drawing") == [90] * 144
    page.get_by_role("button", name="Invert").click()
    wait_until_as_drawn(page)
    assert grey(page, "aeviz-drawing") == [165] * 144
    expect(note).to_have_text("")


@pytest.mark.parametrize(("content", "sentence"), NO_PICTURES)
def test_a_file_that_is_no_picture_is_a_sentence_and_leaves_the_drawing(
    page: Page, app_url: str, tmp_path: Path, content: bytes, sentence: str
) -> None:
    draw_line(page, open_draw(page, app_url))
    wait_until_as_drawn(page)
    drawing = grey(page, "aeviz-drawing")
    file = tmp_path / "mine.png"
    file.write_bytes(content)
    page.get_by_test_id("aeviz-draw-file").set_input_files(file)
    expect(page.get_by_test_id("aeviz-draw-note")).to_contain_text(sentence)
    assert grey(page, "aeviz-drawing") == drawing
