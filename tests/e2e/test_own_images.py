"""A person's own images in a real browser: uploaded, previewed, made into a data set, removed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

MADE_MS = 120_000
"""On a busy machine, images are read at the lowest priority."""


def zip_of_two_classes(path: Path) -> Path:
    """Twelve red and twelve blue images, and one file that is not an image."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12):
            for name, colour in (("reds", (200 + number, 0, 0)), ("blues", (0, 0, 200 + number))):
                picture = io.BytesIO()
                Image.new("RGB", (20, 24), colour).save(picture, "PNG")
                archive.writestr(f"{name}/{number}.png", picture.getvalue())
        archive.writestr("reds/broken.png", b"no picture at all")
    return path


def test_a_zip_becomes_a_data_set_is_chosen_and_is_removed(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    page.goto(f"{app_url}/train")
    page.get_by_role("button", name="My own images").click()
    page.get_by_test_id("aeviz-own-files").set_input_files(zip_of_two_classes(tmp_path / "two.zip"))
    preview = page.get_by_test_id("aeviz-own-preview")
    expect(preview).to_contain_text("reds12 files", timeout=MADE_MS)
    expect(page.get_by_text("Left out so far: 1")).to_be_visible()
    expect(preview.locator("img")).to_have_count(2)

    page.get_by_role("button", name="Make the data set").click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=MADE_MS)
    # chosen at once: the network has its size, and the files left out are listed
    expect(page.get_by_test_id("aeviz-network")).to_contain_text("3072")
    expect(page.get_by_test_id("aeviz-own-images")).to_contain_text("12 images")
    left_out = page.get_by_test_id("aeviz-own-left-out")
    expect(left_out).to_contain_text("reds/broken.png")
    expect(left_out).to_contain_text("This is not an image")

    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove these images").click()
    expect(page.get_by_test_id("aeviz-own-images")).to_have_count(0)
    expect(page.get_by_test_id("aeviz-network")).to_contain_text("784")


def test_what_is_no_zip_and_no_image_is_a_sentence(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w"):
        pass
    page.goto(f"{app_url}/train")
    page.get_by_role("button", name="My own images").click()
    page.get_by_test_id("aeviz-own-files").set_input_files(empty)
    expect(page.get_by_role("alert")).to_contain_text("There is no image in your files")
    # if the check took no time, the old drop zone may be beside the new one for a moment
    expect(page.get_by_text("Drop a zip, images or folders here")).to_have_count(1)
