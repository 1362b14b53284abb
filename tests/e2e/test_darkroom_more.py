"""The photo tool in a real browser: further inputs, views and measurements."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from photo_tool import (
    CANVAS,
    PAGE,
    PATIENCE_MS,
    changes,
    opened,
    payload,
    photo,
    pixels,
    restored,
    small_restorers,
)
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks import browser as browsers
from tests.e2e.conftest import CHROMIUM, drawn, open_page, serve

FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
KEEP_STREAMS = """() => {
    const devices = navigator.mediaDevices, ask = devices.getUserMedia.bind(devices);
    window.streams = [];
    devices.getUserMedia = async (wish) => {
        const stream = await ask(wish);
        window.streams.push(stream);
        return stream;
    };
}"""
BETWEEN_PANES = """(canvas) => {
    const { width, height } = canvas, half = Math.floor((width - 2) / 2);
    const [one, other] = [0, width - half].map((x) =>
        canvas.getContext('2d').getImageData(x, 0, half, height).data);
    return one.reduce((sum, value, i) => sum + Math.abs(value - other[i]), 0) / one.length;
}"""
"""The difference between the two panes: the mean over all values."""


@pytest.fixture(scope="module")
def photo_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The photo tool's address."""
    runs, log = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("log") / "log"
    with small_restorers(tmp_path_factory.mktemp("restorers")), serve(runs, log) as url:
        yield f"{url}{PAGE}"


def test_a_picture_is_pasted(page: Page, photo_url: str) -> None:
    opened(page, photo_url)
    page.evaluate(
        """(text) => {
            const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }));
            document.dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
        }""",
        base64.b64encode(photo(96, 64)).decode(),
    )
    expect(page.get_by_role("heading", name="pasted.png")).to_be_visible()
    restored(page)
    expect(page.get_by_test_id("aeviz-photo")).to_have_attribute("data-state", "done")


def test_the_camera_takes_a_photo_and_is_turned_off(browser: Browser, photo_url: str) -> None:
    flags = [*browsers.FLAGS, *FAKE_CAMERA]
    filming = browser.browser_type.launch(executable_path=CHROMIUM, args=flags)
    with open_page(filming) as page:
        opened(page, photo_url)
        page.evaluate(KEEP_STREAMS)
        ask = page.get_by_test_id("aeviz-camera")
        ask.evaluate("(button) => { button.click(); button.click(); }")  # before it has answered
        page.wait_for_function(
            "streams.length === 2 && streams.filter((s) => s.active).length === 1"
        )
        page.get_by_test_id("aeviz-shutter").click()
        expect(page.get_by_role("heading", name=re.compile("^camera-"))).to_be_visible()
        expect(page.get_by_test_id("aeviz-shutter")).to_have_count(0)
        assert not page.evaluate("streams.some((stream) => stream.active)")
        restored(page)
    filming.close()


def test_a_loupe_follows_the_pointer_and_a_difference_is_shown(page: Page, photo_url: str) -> None:
    opened(page, photo_url)
    picture = pixels(page)
    box = page.get_by_test_id(CANVAS).bounding_box()
    assert box is not None
    page.get_by_test_id("aeviz-loupe").click()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    glass = changes(page, picture)
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"])
    changes(page, glass)
    page.get_by_test_id("aeviz-loupe").click()
    page.get_by_test_id("aeviz-show-difference").click()
    expect(page.locator(".dr-right")).to_have_text("Difference × 4")
    difference = changes(page, picture)
    page.get_by_test_id("aeviz-strength").fill("0")  # then nothing is changed
    changes(page, difference)
    brightest = """(canvas) => {
        const { data } = canvas.getContext('2d')
            .getImageData(canvas.width / 2 - 20, canvas.height / 2 - 20, 40, 40);
        return data.reduce((most, value, i) => (i % 4 < 3 ? Math.max(most, value) : most), 0);
    }"""
    assert page.get_by_test_id(CANVAS).evaluate(brightest) == 0


def test_two_panes_show_the_same_place_at_any_zoom(page: Page, photo_url: str) -> None:
    opened(page, photo_url)
    page.get_by_test_id("aeviz-strength").fill("0")  # so that both show the same picture
    page.get_by_test_id("aeviz-show-beside").click()
    expect(page.locator(".dr-left")).to_have_text("Before")
    canvas = page.get_by_test_id(CANVAS)
    whole = pixels(page)
    assert canvas.evaluate(BETWEEN_PANES) < 5
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.wheel(0, -600)
    zoomed = changes(page, whole)
    assert canvas.evaluate(BETWEEN_PANES) < 5
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.up()
    changes(page, zoomed)
    assert canvas.evaluate(BETWEEN_PANES) < 5
    page.get_by_test_id("aeviz-strength").fill("100")
    page.wait_for_function(
        f"({BETWEEN_PANES})(document.querySelector('[data-testid={CANVAS}]')) > 0.5"
    )


def test_a_photo_is_measured_against_a_clean_original(page: Page, photo_url: str) -> None:
    opened(page, photo_url)
    page.get_by_test_id("aeviz-files").set_input_files(payload("a.png", photo(96, 64)))
    restored(page)
    psnr, button = page.get_by_test_id("aeviz-psnr"), page.get_by_test_id("aeviz-original")
    expect(psnr).to_be_hidden()
    held: list[Route] = []
    page.route("**/reference", lambda route: held.append(route))
    with page.expect_request("**/reference"):
        files = payload("clean.png", photo(96, 64, 1))
        page.get_by_test_id("aeviz-reference").set_input_files(files)
    expect(button).to_have_text("Measuring…")
    expect(button).to_be_disabled()
    while not held:  # the route is called a moment after the request
        page.wait_for_timeout(20)
    held[0].continue_()
    page.unroute("**/reference")
    expect(psnr).to_contain_text("→")
    expect(button).to_be_enabled()
    page.get_by_test_id("aeviz-strength").fill("50")
    figures = psnr.inner_text()
    page.get_by_test_id("aeviz-reference").set_input_files(payload("same.png", photo(96, 64)))
    expect(psnr).to_contain_text("∞ → ")  # the photo itself
    expect(psnr).not_to_have_text(figures)
    page.get_by_test_id("aeviz-reference").set_input_files(payload("other.png", photo(64, 64)))
    expect(page.get_by_role("alert").filter(has_text="The reference is 64x64")).to_be_visible()


def test_figures_strength_and_name_are_those_of_the_method_on_the_right(
    page: Page, photo_url: str
) -> None:
    opened(page, photo_url)
    psnr, strength = page.get_by_test_id("aeviz-psnr"), page.get_by_test_id("aeviz-strength")
    ours = psnr.inner_text()
    page.get_by_test_id("aeviz-beside-median").click()
    row = page.locator(".dr-row").filter(has_text="Median")
    expect(row).to_contain_text("dB", timeout=PATIENCE_MS)
    figure = re.search(r"([0-9.]+) dB", row.inner_text())
    assert figure is not None
    assert f"→ {figure[1]}" not in ours
    expect(psnr).to_contain_text(f"→ {figure[1]}")
    expect(strength).to_be_disabled()
    with page.expect_download() as download:
        page.get_by_test_id("aeviz-download").click()
    assert download.value.suggested_filename.endswith("-denoise-median.png")
    page.get_by_test_id("aeviz-beside-ours").click()
    expect(psnr).to_have_text(ours, use_inner_text=True)
    expect(strength).to_be_enabled()
    strength.fill("0")  # as it was before
    expect(psnr).to_have_text(re.compile(r"([0-9.]+) → \1"))


def test_a_removed_photo_goes_from_the_server_and_the_next_is_shown(
    page: Page, photo_url: str
) -> None:
    opened(page, photo_url)
    files = [payload(f"{name}.png", photo(96, 64, i)) for i, name in enumerate(("one", "two"))]
    page.get_by_test_id("aeviz-files").set_input_files(files)
    restored(page)
    expect(page.get_by_role("heading", name="one.png")).to_be_visible()
    with page.expect_request(lambda request: request.method == "DELETE") as forgotten:
        page.get_by_role("button", name="Remove one.png").click(force=True)
    answer = forgotten.value.response()
    assert answer is not None
    assert answer.ok
    expect(page.get_by_role("heading", name="two.png")).to_be_visible()
    page.get_by_role("button", name="Remove two.png").click(force=True)
    expect(page.get_by_test_id("aeviz-photo")).to_have_count(0)
    restored(page)  # a sample is shown again


def test_a_file_that_has_changed_is_refused_and_not_tried_for_ever(
    page: Page, photo_url: str, tmp_path: Path
) -> None:
    opened(page, photo_url)
    file = tmp_path / "mine.png"
    file.write_bytes(photo(96, 64))
    page.get_by_test_id("aeviz-files").set_input_files(file)
    restored(page)
    file.write_bytes(photo(120, 80))
    page.get_by_test_id("aeviz-add-damage").check(force=True)  # then it is sent once more
    progress = page.get_by_test_id("aeviz-progress")
    expect(progress).to_contain_text("has changed since it was chosen")


def test_photos_are_sent_no_further_ahead_than_they_are_restored(
    page: Page, photo_url: str
) -> None:
    page.route_web_socket("**/darkroom/work", lambda socket: None)  # nothing is ever restored
    page.goto(photo_url)
    expect(page.get_by_test_id("aeviz-progress")).to_contain_text("begins", timeout=PATIENCE_MS)
    files = [payload(f"{i}.png", photo(64, 48, i)) for i in range(12)]
    page.get_by_test_id("aeviz-files").set_input_files(files)
    here = page.locator("[data-testid=aeviz-photo][title$='waiting to be sent']")
    sending = page.locator("[data-testid=aeviz-photo][data-state=sending]")
    expect(here).to_have_count(6)
    expect(sending).to_have_count(0)
    expect(here).to_have_count(6)
    last = page.get_by_test_id("aeviz-photo").last
    last.click()  # the current photo does not wait
    expect(last).to_have_attribute("title", "11.png: waiting")
    expect(here).to_have_count(5)


def brightness(page: Page) -> float:
    """The mean of the brightest hundredth of the viewer's pixels, 0 to 255."""
    values = page.get_by_test_id(CANVAS).evaluate(
        """(canvas) => [...canvas.getContext('2d')
            .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 1)"""
    )
    return float(np.sort(values)[-len(values) // 100 :].mean())


def test_a_photo_of_twelve_bits_in_sixteen_is_stretched_and_back(
    page: Page, photo_url: str
) -> None:
    opened(page, photo_url)
    switch = page.get_by_test_id("aeviz-stretch")
    expect(switch).to_be_hidden()
    dark, file = np.linspace(0, 4095, 48 * 64).reshape(48, 64).astype(np.uint16), io.BytesIO()
    Image.fromarray(dark).save(file, "PNG")
    page.get_by_test_id("aeviz-files").set_input_files(payload("dark.png", file.getvalue()))
    expect(page.get_by_text("The photo uses only 12 of its 16 bits.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    restored(page)
    page.get_by_test_id("aeviz-strength").fill("0")
    page.get_by_test_id("aeviz-show-after").click()
    expect(switch).not_to_be_checked()
    assert brightness(page) < 40
    with page.expect_request("**/photos?*stretch=1*"):
        switch.check(force=True)
    restored(page)
    expect(page.get_by_text(re.compile("0 to 4,095 of 65,535 were stretched"))).to_be_visible()
    page.wait_for_function(drawn(CANVAS))
    assert brightness(page) > 200
    switch.uncheck(force=True)
    restored(page)
    expect(page.get_by_text("The photo uses only 12 of its 16 bits.")).to_be_visible()
    assert brightness(page) < 40
    page.get_by_test_id("aeviz-files").set_input_files(payload("bright.png", photo(96, 64)))
    expect(page.get_by_role("heading", name="bright.png")).to_be_visible()
    expect(switch).to_be_hidden()


def paint_nearly_all(page: Page) -> None:
    """Strokes from side to side, over the whole picture."""
    box = page.get_by_test_id("aeviz-dropzone").bounding_box()
    assert box is not None
    left, right = box["x"] + 16, box["x"] + box["width"] - 16  # its corners are round
    y = box["y"] + 16
    page.mouse.move(left, y)
    page.mouse.down()
    while y < box["y"] + box["height"] - 4:
        for x in (right, left):
            page.mouse.move(x, y, steps=3)
            y += 12
            page.mouse.move(x, y)
    page.mouse.up()


def test_a_mask_of_nearly_all_is_asked_about_and_filled_after_the_answer(
    page: Page, photo_url: str
) -> None:
    opened(page, photo_url)
    page.get_by_test_id("aeviz-task-inpaint").click()
    files = [payload(f"{name}.png", photo(320, 240, i)) for i, name in enumerate(("one", "two"))]
    page.get_by_test_id("aeviz-files").set_input_files(files)
    expect(page.get_by_test_id("aeviz-photo").nth(0)).to_have_attribute("data-state", "idle")
    expect(page.locator(".dr-left")).to_be_visible()
    page.get_by_test_id("aeviz-brush").fill("120")
    paint_nearly_all(page)
    fill = page.get_by_test_id("aeviz-fill")
    question = page.get_by_role("alert").filter(has_text="Nearly all of the photo is painted over")
    with page.expect_response("**/mask") as asked:
        fill.click()
    assert asked.value.status == 409
    expect(question).to_be_visible()
    page.get_by_test_id("aeviz-photo").nth(1).click()  # the question is about the other photo
    expect(question).to_be_hidden()
    page.get_by_test_id("aeviz-photo").nth(0).click()
    page.get_by_test_id("aeviz-undo").click()
    paint_nearly_all(page)  # the same number of strokes, but different ones: it asks again
    with page.expect_response("**/mask") as asked:
        fill.click()
    assert asked.value.status == 409
    expect(question).to_be_visible()
    with page.expect_response("**/mask?sure=1") as answered:
        fill.click()
    assert answered.value.ok
    expect(question).to_be_hidden()
    restored(page)
    expect(page.locator(".dr-right")).to_have_text("After")
