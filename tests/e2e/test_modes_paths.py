"""Interpolate in a real browser: slots, strips, t and Play move the code while they move."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from playwright.sync_api import Page, expect

from aeviz.latent import space
from tests.e2e.conftest import NO_PICTURES, drawn
from tests.e2e.test_explore import DECODES, PIXELS, box, open_explore, pixels_after_move

STRIP = "document.querySelector('[data-testid=aeviz-strip-{}]').toDataURL()"


def open_interpolate(page: Page, url: str, query: str = "") -> None:
    open_explore(page, url, "tiny-4d", f"&mode=interpolate{query}")
    page.get_by_test_id("aeviz-t").wait_for()
    page.wait_for_function(drawn("aeviz-strip-lerp"))
    page.wait_for_function("location.search.includes('a=')")  # the address follows after a pause


def strip(page: Page, name: str) -> str:
    return str(page.evaluate(STRIP.format(name)))


def address(page: Page, name: str) -> str | None:
    found = page.evaluate("(name) => new URLSearchParams(location.search).get(name)", name)
    return None if found is None else str(found)


def test_pixels_change_while_t_is_dragged(page: Page, app_url: str) -> None:
    open_interpolate(page, app_url)
    area = box(page, "aeviz-t")
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + 0.1 * area["width"], middle)
    page.mouse.down()
    shown = [
        pixels_after_move(page, area["x"] + share * area["width"], middle)
        for share in (0.3, 0.5, 0.7, 0.9)
    ]
    assert len(set(shown)) == 4  # the button is still down
    page.mouse.up()


def test_three_strips_share_their_ends_and_differ_between(page: Page, app_url: str) -> None:
    open_interpolate(page, app_url, "&a=1.5,-1,0.5,1&b=-1,1.5,1,-0.5")
    page.wait_for_function(drawn("aeviz-strip-pixels"))
    frames = page.evaluate(
        """() => ['lerp', 'slerp', 'pixels'].map((id) => {
            const c = document.querySelector(`[data-testid=aeviz-strip-${id}]`);
            const context = c.getContext('2d');
            return [0, (c.width - c.height) / 2, c.width - c.height].map((x) =>
                [...context.getImageData(Math.round(x), 0, c.height, c.height).data].join());
        })"""
    )
    starts, middles, ends = zip(*frames, strict=True)
    assert len(set(starts)) == 1
    assert len(set(ends)) == 1
    assert len(set(middles)) == 3


def test_a_click_on_a_frame_goes_there_and_a_link_reproduces_it(
    page: Page, phone: Page, app_url: str
) -> None:
    open_interpolate(page, app_url, "&a=1.5,-1,0.5,1&b=-1,1.5,1,-0.5&path=slerp")
    area = box(page, "aeviz-strip-slerp")
    page.mouse.click(area["x"] + 0.5 * area["width"], area["y"] + area["height"] / 2)
    page.wait_for_function("new URLSearchParams(location.search).get('t') === '0.5'")
    halfway = space.slerp(torch.tensor([1.5, -1, 0.5, 1]), torch.tensor([-1, 1.5, 1, -0.5]), 0.5)
    page.wait_for_function("location.search.includes('z=')")
    code = [float(value) for value in (address(page, "z") or "").split(",")]
    torch.testing.assert_close(torch.tensor(code), halfway, atol=1e-3, rtol=1e-3)

    phone.goto(page.url)
    phone.get_by_test_id("aeviz-t").wait_for()
    phone.wait_for_function(drawn("aeviz-strip-slerp"))
    assert strip(phone, "lerp") == strip(page, "lerp")
    assert strip(phone, "slerp") == strip(page, "slerp")
    assert (
        phone.get_by_test_id("aeviz-t").input_value()
        == page.get_by_test_id("aeviz-t").input_value()
    )
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_play_moves_the_code_until_it_is_paused_or_taken_over(page: Page, app_url: str) -> None:
    open_interpolate(page, app_url, "&a=1.5,-1,0.5,1&b=-1,1.5,1,-0.5")
    play = page.get_by_test_id("aeviz-play")
    play.click()
    shown = set()
    for _ in range(4):
        before = page.evaluate(PIXELS)
        page.wait_for_function(f"{PIXELS} !== {json.dumps(before)}")
        shown.add(before)
    assert len(shown) == 4
    play.click()
    expect(play).to_contain_text("Play")
    play.click()
    expect(play).to_contain_text("Pause")
    page.get_by_test_id("aeviz-slider-0").press("ArrowRight")  # the person drags the code
    expect(play).to_contain_text("Play")
    place = page.get_by_test_id("aeviz-t").input_value()
    page.wait_for_timeout(300)
    assert page.get_by_test_id("aeviz-t").input_value() == place


def test_a_slot_takes_a_place_from_the_map(page: Page, app_url: str) -> None:
    open_interpolate(page, app_url)
    before = strip(page, "lerp"), address(page, "b")
    page.get_by_test_id("aeviz-slot-b-map").click()
    area = box(page, "aeviz-map")
    page.mouse.click(area["x"] + 0.25 * area["width"], area["y"] + 0.3 * area["height"])
    page.wait_for_function(f"{STRIP.format('lerp')} !== {json.dumps(before[0])}")
    page.wait_for_function(
        "() => { const q = new URLSearchParams(location.search);"
        " return q.get('b') === q.get('z'); }"
    )


def test_a_slot_takes_an_image_of_a_class_from_the_gallery(page: Page, app_url: str) -> None:
    open_interpolate(page, app_url)
    page.get_by_test_id("aeviz-slot-b-class").select_option(label="three")
    expect(page.get_by_test_id("aeviz-slot-b")).to_contain_text("three")


def picture(value: int, size: int = 40) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (size, size), (value, value, value)).save(file, "PNG")
    return file.getvalue()


def test_a_slot_takes_an_upload_and_says_what_it_did_to_it(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    open_interpolate(page, app_url)
    before = strip(page, "lerp")
    file = tmp_path / "mine.png"
    file.write_bytes(picture(90))
    page.get_by_test_id("aeviz-slot-a-file").set_input_files(file)
    expect(page.get_by_test_id("aeviz-slot-a-note")).to_contain_text("Fitted to 12 × 12")
    expect(page.get_by_test_id("aeviz-slot-a")).to_contain_text("your picture")
    page.wait_for_function(f"{STRIP.format('lerp')} !== {json.dumps(before)}")


@pytest.mark.parametrize(("content", "sentence"), NO_PICTURES)
def test_a_file_that_is_no_picture_is_a_sentence_and_changes_nothing(
    page: Page, app_url: str, tmp_path: Path, content: bytes, sentence: str
) -> None:
    open_interpolate(page, app_url)
    before = address(page, "a")
    file = tmp_path / "mine.png"
    file.write_bytes(content)
    page.get_by_test_id("aeviz-slot-a-file").set_input_files(file)
    expect(page.get_by_test_id("aeviz-slot-a-note")).to_contain_text(sentence)
    assert address(page, "a") == before


def test_a_slot_follows_a_drawing_while_the_pen_is_down(page: Page, app_url: str) -> None:
    open_interpolate(page, app_url)
    page.get_by_test_id("aeviz-slot-a-draw").click()
    area = box(page, "aeviz-drawing")
    page.mouse.move(area["x"] + 20, area["y"] + 20)
    page.mouse.down()
    for step in (1, 2, 3):
        before = strip(page, "lerp")
        page.mouse.move(area["x"] + 20 + 40 * step, area["y"] + 20 + 45 * step, steps=4)
        page.wait_for_function(f"{STRIP.format('lerp')} !== {json.dumps(before)}")
    page.mouse.up()
    expect(page.get_by_test_id("aeviz-slot-a")).to_contain_text("your drawing")


def test_leaving_the_mode_stops_it(page: Page, app_url: str) -> None:
    open_interpolate(page, app_url)
    page.get_by_test_id("aeviz-play").click()
    page.get_by_test_id("aeviz-mode-drag").click()
    expect(page.get_by_test_id("aeviz-t")).to_have_count(0)
    page.wait_for_timeout(300)
    decodes = page.evaluate(DECODES)
    page.wait_for_timeout(300)
    assert page.evaluate(DECODES) == decodes
    expect(page.locator(".aeviz-path")).to_have_count(0)
