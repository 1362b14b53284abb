"""Reconstruct in a real browser: files in, pictures and files out; and old links to Restore."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import FilePayload, Locator, Page, expect
from small_models import digits, pca_denoiser, save

from aeviz.images import decode, encode_png


@pytest.fixture(scope="module")
def denoiser(runs_folder: Path) -> str:
    """A model whose outputs are known, found by the running server."""
    save(runs_folder / "weak-denoiser" / "model.safetensors", pca_denoiser())
    return "weak-denoiser"


def noisy(index: int) -> torch.Tensor:
    x = digits()[0][index]
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(index))
    return (x + 0.25 * noise).clamp(0, 1)


def png(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def pixels(image: Locator) -> np.ndarray:
    """The pixels of an image on the page, (H, W) in [0, 1]."""
    source = image.get_attribute("src")
    assert source is not None
    return decode(base64.b64decode(source.split(",")[1])).pixels[:, :, 0] / 255


def psnr(x: torch.Tensor, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(x[0].numpy() - other).mean()))


def test_a_noisy_image_goes_in_and_a_clean_one_comes_out(
    page: Page, app_url: str, denoiser: str, tmp_path: Path
) -> None:
    page.goto(f"{app_url}/reconstruct?model={denoiser}")
    page.get_by_role("radio", name="Upload").click()
    page.locator("input[type=file]").set_input_files(png("digit.png", encode_png(noisy(1500))))
    restored = page.get_by_test_id("aeviz-reconstruction").locator("img")
    expect(page.get_by_test_id("aeviz-original")).to_contain_text("digit.png")

    clean = digits()[0][1500]
    before = psnr(clean, pixels(page.get_by_test_id("aeviz-original").locator("img")))
    assert psnr(clean, pixels(restored)) > before + 1

    with page.expect_download() as download:
        page.get_by_role("button", name="Download this reconstruction").click()
    assert download.value.suggested_filename == "digit-denoised.png"
    download.value.save_as(tmp_path / "out.png")
    saved = decode((tmp_path / "out.png").read_bytes()).pixels[:, :, 0] / 255
    assert np.array_equal(saved, pixels(restored))


def test_a_bad_file_is_one_sentence_and_the_others_come_home_in_a_zip(
    page: Page, app_url: str, denoiser: str
) -> None:
    page.goto(f"{app_url}/reconstruct?model={denoiser}")
    page.get_by_role("radio", name="Upload").click()
    files = [png(f"{i}.png", encode_png(noisy(1500 + i))) for i in range(3)]
    page.locator("input[type=file]").set_input_files([*files, png("bad.png", b"no image")])
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_role("alert")).to_contain_text("bad.png: This is not an image")

    first = page.get_by_test_id("aeviz-original").locator("img").get_attribute("src")
    page.get_by_test_id("aeviz-pick-2").click()
    expect(page.get_by_test_id("aeviz-original")).to_contain_text("2.png")
    assert page.get_by_test_id("aeviz-original").locator("img").get_attribute("src") != first

    with page.expect_download() as download:
        page.get_by_role("button", name="Download all 3").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        assert archive.namelist() == [f"{i}-denoised.png" for i in range(3)]


def test_an_image_of_the_grid_is_chosen_by_keyboard(
    page: Page, app_url: str, denoiser: str
) -> None:
    page.goto(f"{app_url}/reconstruct?model={denoiser}")
    expect(page.get_by_test_id("aeviz-original")).to_contain_text("0")
    button = page.get_by_test_id("aeviz-pick-4")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("aeviz-original")).to_contain_text("4")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(button).to_be_focused()


def test_a_drawing_is_reconstructed(page: Page, app_url: str, denoiser: str) -> None:
    page.goto(f"{app_url}/reconstruct?model={denoiser}")
    page.get_by_text("Draw", exact=True).click()
    pad = page.locator(".aeviz-draw canvas").first
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=10)
    page.mouse.up()
    expect(page.get_by_text("your drawing")).to_be_visible()  # beside its error map
    assert page.get_by_test_id("aeviz-psnr").inner_text().endswith("squared error")


def test_noise_is_added_and_removed(page: Page, app_url: str, denoiser: str) -> None:
    page.goto(f"{app_url}/reconstruct?model={denoiser}")
    page.get_by_role("radio", name="Gaussian").click()
    noisy_image = page.get_by_test_id("aeviz-noisy")
    found = re.search(r"([\d.]+) dB", noisy_image.inner_text())
    assert found is not None
    after = re.search(r"([\d.]+) dB", page.get_by_test_id("aeviz-psnr").inner_text())
    assert after is not None
    assert float(after[1]) > float(found[1]) + 1
    before = noisy_image.locator("img").get_attribute("src") or ""
    page.get_by_role("button", name="New noise").click()
    expect(noisy_image.locator("img")).not_to_have_attribute("src", before)


def test_old_links_lead_to_the_lab_and_to_reconstruct(
    page: Page, app_url: str, denoiser: str
) -> None:
    page.goto(f"{app_url}/restore?view=small&part=why")
    page.get_by_text("This part is now an experiment of the Lab:").wait_for()
    page.get_by_role("link", name="Is denoising a projection").click()
    page.wait_for_url("**/lab?experiment=denoise-manifold*")
    expect(page.get_by_role("heading", name="Is denoising a projection")).to_be_visible()
    page.goto(f"{app_url}/restore?model={denoiser}")
    page.get_by_test_id("aeviz-darkroom").wait_for()
    page.get_by_role("link", name="Open Reconstruct").click()
    page.wait_for_url(f"**/reconstruct?model={denoiser}*")
    page.get_by_test_id("aeviz-original").wait_for()


def test_the_page_fits_a_phone(phone: Page, app_url: str, denoiser: str) -> None:
    phone.goto(f"{app_url}/reconstruct?model={denoiser}")
    phone.get_by_test_id("aeviz-original").wait_for()
    wide = "document.querySelector('.stMainBlockContainer').scrollWidth"
    assert phone.evaluate(wide) <= 390
    phone.get_by_role("radio", name="Gaussian").click()
    phone.get_by_test_id("aeviz-noisy").wait_for()
    assert phone.evaluate(wide) <= 390
