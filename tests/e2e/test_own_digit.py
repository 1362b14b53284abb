"""A person's photograph of a digit: found, framed, corrected, decoded."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from aeviz.images import encode_png

sys.path.insert(0, str(Path(__file__).parents[1] / "handwriting"))

from written import paper, photo, write

MODEL = "vae-mnist"
FOUND = "The digit was found, cleaned and centred, as in the training images."
GREY = (
    "(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    ".filter((_, i) => i % 4 === 0)"
)


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A 7 on the left and a smaller 4 on the right."""
    sheet = paper(400, 700, rule=40)
    write(sheet, 7, 110, 90, 210)
    write(sheet, 4, 440, 110, 150)
    path = tmp_path / "two.png"
    path.write_bytes(encode_png(photo(sheet)))
    return path


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    path = tmp_path / "blank.png"
    path.write_bytes(encode_png(photo(paper())))
    return path


def open_draw(page: Page, url: str, model: str = MODEL) -> None:
    page.goto(f"{url}/explore?model={model}&mode=draw")
    page.get_by_test_id("aeviz-draw-file").wait_for(state="attached")


def pad(page: Page) -> list[int]:
    found: list[int] = page.get_by_test_id("aeviz-drawing").evaluate(GREY)
    return found


def wait_for_another(page: Page, before: list[int]) -> list[int]:
    page.wait_for_function(
        f"(before) => JSON.stringify(({GREY})(document.querySelector("
        "'[data-testid=aeviz-drawing]'))) !== before",
        arg=json.dumps(before, separators=(",", ":")),
    )
    return pad(page)


def sides(frame: Locator) -> list[float]:
    """Left, top, width and height in per cent."""
    found: list[float] = frame.evaluate(
        "(e) => ['left', 'top', 'width', 'height'].map((side) => parseFloat(e.style[side]))"
    )
    return found


def test_a_photo_on_explore_is_found_and_another_digit_can_be_chosen(
    page: Page, app_url: str, two: Path
) -> None:
    open_draw(page, app_url)
    page.get_by_test_id("aeviz-draw-file").set_input_files(two)
    expect(page.get_by_test_id("aeviz-draw-note")).to_have_text(FOUND)
    seven = pad(page)
    assert max(seven) == 255
    assert sum(value > 127 for value in seven) < 120  # strokes, not the paper
    left, _, width, _ = sides(page.get_by_test_id("aeviz-crop"))
    assert 10 < left < left + width < 50
    expect(page.get_by_text("2 digits found: click one.")).to_be_visible()
    page.get_by_role("button", name="Digit 2 of 2").click()
    four = wait_for_another(page, seven)
    assert max(four) == 255
    assert sides(page.get_by_test_id("aeviz-crop"))[0] > 60
    page.wait_for_function(  # and the model has decoded it
        "([drawn]) => document.querySelector('[data-testid=aeviz-drawn-reconstruction]')"
        ".getContext('2d').getImageData(0, 0, 28, 28).data.some((v, i) => i % 4 < 3 && v > 127)",
        arg=[0],
    )


def test_the_frame_is_moved_and_resized_by_keyboard(page: Page, app_url: str, two: Path) -> None:
    open_draw(page, app_url)
    page.get_by_test_id("aeviz-draw-file").set_input_files(two)
    frame = page.get_by_test_id("aeviz-crop")
    frame.focus()
    left, top, width, height = sides(frame)
    frame.press("ArrowRight")
    frame.press("ArrowDown")
    frame.press("Shift+ArrowLeft")
    frame.press("Shift+ArrowUp")
    now = sides(frame)
    assert now == pytest.approx([left + 1, top + 1, width - 1, height - 1], abs=0.01)
    expect(frame).to_be_focused()
    before = pad(page)
    for _ in range(8):  # cuts off the foot of the 7
        frame.press("Shift+ArrowUp")
    wait_for_another(page, before)
    frame.press("Tab")
    expect(frame).not_to_be_focused()


def test_the_frame_is_dragged_and_drawn_anew_with_the_mouse(
    page: Page, app_url: str, two: Path
) -> None:
    open_draw(page, app_url)
    page.get_by_test_id("aeviz-draw-file").set_input_files(two)
    expect(page.get_by_test_id("aeviz-draw-note")).to_have_text(FOUND)
    frame = page.get_by_test_id("aeviz-crop")
    before = pad(page)
    stage = page.locator(".aeviz-photo-stage")
    stage.hover(position={"x": 20, "y": 20})  # scrolled into view, and at a stable position
    area = stage.bounding_box()
    assert area is not None
    start = sides(frame)

    def at(x: float, y: float) -> tuple[float, float]:
        return area["x"] + x * area["width"], area["y"] + y * area["height"]

    left, top, width, height = (side / 100 for side in start)
    page.mouse.move(*at(left + width / 2, top + height / 2))
    page.mouse.down()
    page.mouse.move(*at(left + width / 2 + 0.05, top + height / 2), steps=3)
    page.mouse.up()
    assert sides(frame)[0] == pytest.approx(start[0] + 5, abs=0.5)
    assert sides(frame)[2] == pytest.approx(start[2], abs=0.01)
    page.mouse.move(*at(0.58, 0.1))  # a new frame, around the 4
    page.mouse.down()
    page.mouse.move(*at(0.9, 0.9), steps=3)
    page.mouse.up()
    assert sides(frame) == pytest.approx([58, 10, 32, 80], abs=0.6)
    wait_for_another(page, before)


def test_no_digit_is_a_sentence_and_the_whole_picture(
    page: Page, app_url: str, blank: Path
) -> None:
    open_draw(page, app_url)
    page.get_by_test_id("aeviz-draw-file").set_input_files(blank)
    expect(page.get_by_test_id("aeviz-draw-note")).to_contain_text("No digit was found")
    assert max(pad(page)) < 30  # light paper, inverted
    expect(page.get_by_test_id("aeviz-photo")).to_be_visible()


def test_models_of_other_images_take_photos_as_before(page: Page, app_url: str, two: Path) -> None:
    open_draw(page, app_url, "vae-fashion-mnist")
    page.get_by_test_id("aeviz-draw-file").set_input_files(two)
    expect(page.get_by_test_id("aeviz-draw-note")).to_contain_text("Fitted to 28 × 28")
    expect(page.get_by_test_id("aeviz-photo")).to_have_count(0)


def test_a_dark_digit_of_the_models_own_size_is_inverted(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    sheet = paper(28, 28, 255)
    write(sheet, 7, 6, 4, 20, 2, 0)
    path = tmp_path / "small.png"
    path.write_bytes(encode_png(photo(sheet)))
    open_draw(page, app_url)
    page.get_by_test_id("aeviz-draw-file").set_input_files(path)
    expect(page.get_by_test_id("aeviz-draw-note")).to_have_text("Inverted to light on dark.")
    assert pad(page) == (255 - sheet).ravel().tolist()


def test_a_slot_takes_the_digit_and_its_sheet_corrects_it(
    page: Page, app_url: str, two: Path
) -> None:
    page.goto(f"{app_url}/explore?model={MODEL}&mode=interpolate")
    page.get_by_test_id("aeviz-slot-a-file").set_input_files(two)
    expect(page.get_by_test_id("aeviz-slot-a-note")).to_contain_text(FOUND)
    code = page.url
    page.get_by_test_id("aeviz-slot-a-photo").click()
    page.get_by_role("button", name="Digit 2 of 2").click()
    page.wait_for_function("(before) => location.href !== before", arg=code)
    page.get_by_test_id("aeviz-crop").press("Escape")
    expect(page.get_by_test_id("aeviz-photo")).to_be_hidden()
    page.get_by_test_id("aeviz-slot-a-another").click()
    expect(page.get_by_test_id("aeviz-slot-a-photo")).to_be_hidden()


def test_reconstruct_frames_the_digit_and_takes_the_correction(
    page: Page, app_url: str, two: Path
) -> None:
    page.goto(f"{app_url}/reconstruct?model={MODEL}")
    page.get_by_text("Upload", exact=True).first.click()
    page.locator("input[type=file]").set_input_files(two)
    expect(page.get_by_text(FOUND)).to_be_visible()
    original = page.get_by_test_id("aeviz-original").locator("img")
    seven = original.get_attribute("src")
    page.get_by_role("button", name="Digit 2 of 2").click()
    expect(original).not_to_have_attribute("src", str(seven))
    frame = page.get_by_test_id("aeviz-crop")
    expect(frame).to_be_focused()  # Python's response rebuilt nothing
    four = original.get_attribute("src")
    for _ in range(6):
        frame.press("Shift+ArrowUp")
    expect(original).not_to_have_attribute("src", str(four))
    expect(frame).to_be_focused()
    page.get_by_test_id("aeviz-crop-whole").click()
    expect(page.get_by_text("Fitted from 700x400 to 28x28")).to_be_visible()


def test_a_drawing_is_centred_before_it_is_encoded(page: Page, app_url: str) -> None:
    """The same stroke, drawn in two corners of the pad, has the same reconstruction."""
    shown = []
    for share in (0.15, 0.65):
        open_draw(page, app_url)
        area = page.get_by_test_id("aeviz-drawing").bounding_box()
        assert area is not None
        x = area["x"] + round(28 * share) / 28 * area["width"]
        y = area["y"] + round(28 * share) / 28 * area["height"]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + 6 / 28 * area["height"], steps=2)
        page.mouse.up()
        expect(page.get_by_text(" MSE", exact=False).locator("visible=true").first).to_be_visible()
        page.wait_for_function(
            "document.querySelector('[data-testid=aeviz-drawn-reconstruction]').toDataURL()"
            " === document.querySelector('[data-testid=aeviz-canvas]').toDataURL()"
        )
        shown.append(page.get_by_test_id("aeviz-drawn-reconstruction").evaluate(GREY))
    assert max(abs(a - b) for a, b in zip(*shown, strict=True)) <= 25
