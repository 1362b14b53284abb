"""The photo tool in a real browser: upload, restore, compare, download."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from photo_tool import (
    CANVAS,
    PAGE,
    changes,
    opened,
    payload,
    photo,
    pixels,
    restored,
    small_restorers,
)
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import free_port, serve


@pytest.fixture(scope="module")
def restorers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with small_restorers(tmp_path_factory.mktemp("restorers")):
        yield


@pytest.fixture(scope="module")
def photo_url(tmp_path_factory: pytest.TempPathFactory, restorers: None) -> Iterator[str]:
    """The photo tool's address."""
    with serve(tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("log") / "log") as url:
        yield f"{url}{PAGE}"


def test_it_opens_on_a_sample_that_is_damaged_restored_and_measured(
    page: Page, photo_url: str
) -> None:
    opened(page, photo_url)
    expect(page.get_by_test_id("aeviz-psnr")).to_contain_text("→")
    expect(page.get_by_test_id("aeviz-photo")).to_have_count(0)
    sample = page.get_by_test_id("aeviz-samples").locator("[aria-current=true]")
    expect(sample).to_have_attribute("data-state", "done")


def test_the_divider_follows_the_pointer_and_the_arrow_keys(page: Page, photo_url: str) -> None:
    opened(page, photo_url)
    divider = page.get_by_test_id("aeviz-divider")
    expect(divider).to_have_attribute("aria-valuenow", "50")
    box = page.get_by_test_id(CANVAS).bounding_box()
    assert box is not None
    middle, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle + 5, y)  # near it is enough
    page.mouse.down()
    shown = {pixels(page)}
    for share in (0.4, 0.6, 0.7):
        page.mouse.move(box["x"] + share * box["width"], y)
        expect(divider).to_have_attribute("aria-valuenow", str(round(100 * share)))
        shown.add(pixels(page))
    page.mouse.up()
    assert len(shown) == 4
    page.keyboard.press("ArrowLeft")  # a drag leaves the focus on it
    expect(divider).to_have_attribute("aria-valuenow", "68")
    page.keyboard.press("Home")
    expect(divider).to_have_attribute("aria-valuenow", "0")


def test_strength_blends_while_it_is_dragged_and_the_download_is_the_same(
    page: Page, photo_url: str, tmp_path: Path
) -> None:
    opened(page, photo_url)
    page.get_by_test_id("aeviz-files").set_input_files(payload("a.png", photo(96, 64)))
    restored(page)
    page.get_by_test_id("aeviz-show-after").click()
    whole = pixels(page)
    slider = page.get_by_test_id("aeviz-strength")
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], y)
    part = changes(page, whole)
    page.mouse.move(box["x"] + 0.5 * box["width"], y)
    changes(page, part)
    page.mouse.up()

    def saved() -> np.ndarray:
        with page.expect_download() as download:
            page.get_by_test_id("aeviz-download").click()
        assert download.value.suggested_filename == "a-denoise.png"
        download.value.save_as(tmp_path / "a.png")
        return np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(float)

    before = np.asarray(Image.open(io.BytesIO(photo(96, 64)))).astype(float)
    slider.fill("100")
    after = saved()
    assert after.shape == (64, 96, 3)
    assert np.abs(after - before).mean() > 5
    slider.fill("30")
    expect(page.get_by_text("strength 30 %")).to_be_visible()
    assert np.abs(saved() - (0.7 * before + 0.3 * after)).max() <= 1


def test_zoom_goes_about_the_pointer_and_a_double_click_goes_back(
    page: Page, photo_url: str
) -> None:
    opened(page, photo_url)
    zoom = page.get_by_test_id("aeviz-zoom")
    fitted, picture = zoom.inner_text(), pixels(page)
    box = page.get_by_test_id(CANVAS).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.wheel(0, -500)
    expect(zoom).not_to_have_text(fitted)
    zoomed = changes(page, picture)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.85 * box["width"], box["y"] + 0.6 * box["height"])
    page.mouse.up()
    changes(page, zoomed)
    page.mouse.dblclick(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    expect(zoom).to_have_text(fitted)


def test_many_photos_go_through_a_bad_one_says_why_and_all_come_home_in_a_zip(
    page: Page, photo_url: str, tmp_path: Path
) -> None:
    opened(page, photo_url)
    files = [payload(f"{i}.png", photo(64 + 8 * i, 48, i)) for i in range(4)]
    page.get_by_test_id("aeviz-files").set_input_files([payload("bad.png", b"no picture"), *files])
    frames = page.get_by_test_id("aeviz-photo")
    expect(frames).to_have_count(5)
    done = page.locator("[data-testid=aeviz-photo][data-state=done]")
    expect(done).to_have_count(4)
    expect(page.get_by_role("alert").filter(has_text="bad.png: ")).to_be_visible()
    frames.first.click()
    expect(page.get_by_test_id("aeviz-progress")).to_contain_text(".")
    page.get_by_test_id("aeviz-remove").first.click(force=True)
    expect(frames).to_have_count(4)
    with page.expect_download() as download:
        page.get_by_test_id("aeviz-download-all").click()
    download.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        sizes = [Image.open(io.BytesIO(archive.read(name))).size for name in archive.namelist()]
    assert sorted(sizes) == [(64, 48), (72, 48), (80, 48), (88, 48)]


def test_stop_ends_a_long_job_and_it_can_be_begun_again(page: Page, photo_url: str) -> None:
    opened(page, photo_url)
    page.get_by_test_id("aeviz-files").set_input_files(payload("large.png", photo(2400, 1800)))
    stop = page.get_by_test_id("aeviz-stop")
    stop.click()
    expect(page.get_by_test_id("aeviz-progress")).to_contain_text("Stopped")
    expect(page.get_by_test_id("aeviz-download")).to_be_disabled()
    page.get_by_test_id("aeviz-again").click()
    expect(stop).to_be_visible()
    stop.click()


def test_a_classical_filter_is_run_when_it_is_asked_for_and_put_on_a_side(
    page: Page, photo_url: str
) -> None:
    opened(page, photo_url)
    picture = pixels(page)
    page.get_by_test_id("aeviz-beside-median").click()
    expect(page.locator(".dr-right")).to_have_text("Median")
    restored(page)
    expect(page.locator(".dr-row").filter(has_text="Median")).to_contain_text("dB")
    median = changes(page, picture)
    page.get_by_test_id("aeviz-left-ours").click()
    expect(page.locator(".dr-left")).to_have_text("After")
    changes(page, median)


def test_a_hole_is_painted_and_filled(page: Page, photo_url: str) -> None:
    opened(page, photo_url)
    page.get_by_test_id("aeviz-files").set_input_files(payload("a.png", photo(320, 240)))
    restored(page)
    page.get_by_test_id("aeviz-task-inpaint").click()
    expect(page).to_have_url(f"{page.url.split('?')[0]}?view=photos&task=inpaint")
    fill = page.get_by_test_id("aeviz-fill")
    expect(fill).to_be_disabled()
    box = page.get_by_test_id("aeviz-dropzone").bounding_box()
    assert box is not None
    expect(page.locator(".dr-left")).to_have_text("Paint over what to remove")
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    page.mouse.up()
    expect(fill).to_be_enabled()
    page.get_by_test_id("aeviz-undo").click()
    expect(fill).to_be_disabled()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()
    fill.click()
    restored(page)
    expect(page.locator(".dr-right")).to_have_text("After")


def test_photos_are_still_there_after_another_page(page: Page, photo_url: str) -> None:
    opened(page, photo_url)
    page.get_by_test_id("aeviz-files").set_input_files(payload("mine.png", photo(96, 64)))
    restored(page)
    page.get_by_text("Home", exact=True).first.click()
    expect(page.get_by_test_id("aeviz-darkroom")).to_have_count(0)
    page.get_by_text("Restore", exact=True).first.click()
    expect(page.get_by_test_id("aeviz-photo")).to_have_attribute("data-state", "done")
    expect(page.get_by_role("heading", name="mine.png")).to_be_visible()


def test_a_server_that_comes_back_is_sent_the_photo_again(
    page: Page, restorers: None, tmp_path: Path
) -> None:
    port = free_port()
    with serve(tmp_path, tmp_path / "log", port) as url:
        opened(page, f"{url}{PAGE}")
        page.get_by_test_id("aeviz-files").set_input_files(payload("mine.png", photo(96, 64)))
        restored(page)
    expect(page.get_by_role("status").filter(has_text="Reconnecting")).to_be_visible()
    page.get_by_test_id("aeviz-task-jpeg").click()  # waits for the server
    with serve(tmp_path, tmp_path / "log", port):
        restored(page)
        expect(page.get_by_test_id("aeviz-photo")).to_have_attribute("data-state", "done")
        expect(page.get_by_role("heading", name="mine.png")).to_be_visible()


def test_it_fits_a_phone_and_takes_a_finger(phone: Page, photo_url: str) -> None:
    opened(phone, photo_url)
    wide = phone.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    box = phone.get_by_test_id(CANVAS).bounding_box()
    assert box is not None
    picture = pixels(phone)
    phone.touchscreen.tap(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    changes(phone, picture)
