"""Train in a real browser: from a preset to a model in every list, through a refresh and a Stop."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from aeviz.models import checkpoint
from tests.e2e.conftest import open_page

TRAINED_MS = 480_000
"""A worker imports a lot, at a low priority on a busy machine."""


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).click()


def fill(page: Page, label: str, value: int) -> None:
    field = page.get_by_role("spinbutton", name=label, exact=True)
    field.fill(str(value))
    field.press("Enter")


def fill_in(page: Page, url: str) -> None:
    """Choose the settings of a small VAE on the digits, as a person does."""
    page.goto(f"{url}/train")
    choose(page, "Type", "Variational (VAE)")
    page.get_by_role("slider", name="beta").wait_for()
    choose(page, "Data set", "Digits 8x8")
    fill(page, "Code size", 2)
    fill(page, "Hidden layers", 1)
    fill(page, "Nodes", 24)
    fill(page, "Epochs", 3)


def open_small(page: Page, url: str, epochs: int) -> None:
    """Open the same settings by their link, for so many epochs."""
    settings = "bottleneck.latent_dim=2&network.hidden=24"
    page.goto(f"{url}/train?type=vae&dataset=digits&{settings}&training.epochs={epochs}")


def train(page: Page) -> str:
    """Press Train; returns the run's id from the address."""
    expect(page.get_by_test_id("aeviz-network")).to_contain_text("[2]")
    expect(page.get_by_test_id("aeviz-network")).to_contain_text("2 numbers for 64 pixels")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/train?run=*")
    return page.url.split("run=")[1]


def models(url: str) -> list[str]:
    with urllib.request.urlopen(f"{url}/aeviz/models", timeout=30) as answer:
        return [model["name"] for model in json.load(answer)]


def test_a_model_is_trained_to_the_end_and_is_in_every_list(
    browser: Browser, page: Page, app_url: str, tmp_path: Path
) -> None:
    fill_in(page, app_url)
    run = train(page)
    page.reload()  # a refresh shows the same run, and starts no other
    expect(page.get_by_role("heading", name="Variational (VAE) on Digits 8x8")).to_be_visible()
    with open_page(browser) as second:
        second.goto(page.url)
        second.get_by_text("Explore it").wait_for(timeout=TRAINED_MS)
        expect(second.get_by_test_id("aeviz-epochs").locator("img")).to_have_count(5)
    expect(page.get_by_text("Explore it")).to_be_visible(timeout=TRAINED_MS)
    # the page's old elements stay beside the new ones until its script has ended
    expect(page.get_by_test_id("aeviz-epochs")).to_have_count(1)
    for epoch in ("epoch 3", "epoch 2", "epoch 1", "untrained"):
        expect(page.get_by_test_id("aeviz-epochs")).to_contain_text(epoch)
    expect(page.get_by_test_id("aeviz-result")).to_contain_text("nats per image")
    expect(page.get_by_test_id("aeviz-replay-map")).to_be_visible()
    for chart in ("aeviz-curve-recon", "aeviz-curve-kl"):
        expect(page.get_by_test_id(chart).locator(".legendtoggle").first).to_be_attached()
    assert run in models(app_url)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download the model").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert checkpoint.load(file).card["epochs"] == 3

    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("The model is in every list now.").wait_for()
    assert sum(name.startswith("upload-") for name in models(app_url)) == 1

    page.get_by_text("Explore it").first.click()
    page.wait_for_url(f"**/explore?model={run}*")
    page.get_by_test_id("aeviz-canvas").wait_for()


def test_a_stop_keeps_what_was_reached(page: Page, app_url: str) -> None:
    open_small(page, app_url, epochs=10_000)
    run = train(page)
    expect(page.get_by_text("images/s")).to_be_visible(timeout=TRAINED_MS)
    chart = page.get_by_test_id("aeviz-curve-recon")
    chart.locator(".legendtoggle").first.wait_for(state="attached", timeout=TRAINED_MS)
    chart.evaluate("element => { element.seen = true; }")
    expect(page.get_by_test_id("aeviz-epochs")).to_contain_text("epoch 3", timeout=TRAINED_MS)
    assert chart.evaluate("element => element.seen")  # it grew in place, without flickering
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("its progress is kept")).to_be_visible(timeout=TRAINED_MS)
    expect(
        page.get_by_role("button", name=re.compile(r"^Continue \(\d,\d{3} epochs left\)$"))
    ).to_be_visible()
    assert run in models(app_url)


@pytest.mark.parametrize("name", ["file.safetensors", "pickle.safetensors"])
def test_a_file_that_is_no_model_is_a_sentence(
    page: Page, app_url: str, tmp_path: Path, name: str
) -> None:
    file = tmp_path / name
    file.write_bytes(b"PK\x03\x04" * 9 if name.startswith("pickle") else b"nothing of use")
    page.goto(f"{app_url}/train")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("alert").filter(has_text=name)).to_be_visible()


def test_a_phone_shows_all_of_it_without_scrolling_sideways(phone: Page, app_url: str) -> None:
    phone.goto(f"{app_url}/train")
    phone.get_by_test_id("aeviz-network").wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    expect(phone.get_by_role("button", name="Train", exact=True)).to_be_enabled()
