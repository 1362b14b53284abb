"""The Lab in a browser: predict, run to the end, reveal, answer a question, share the link."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlparse

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import open_page

DONE_MS = 240_000
TINY = {
    "code-size": {
        "dataset": "digits",
        "sizes": "2,8",
        "arms": "pca,dense",
        "seeds": "2",
        "steps": "20",
    },
    "balance": {"dataset": "digits", "betas": "0,1,1000", "steps": "40", "seeds": "2"},
    "anomaly": {"dataset": "digits", "only": "0", "networks": "AE", "steps": "20", "size": "8"},
}
"""Parameters with which an experiment takes a few seconds."""


def draw_prediction(page: Page, name: str) -> None:
    """Drags once across the whole chart, from high to low."""
    chart = page.get_by_test_id(f"aeviz-predict-{name}").locator("svg")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.12, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.96, box["y"] + box["height"] * 0.7, steps=60)
    page.mouse.up()


@pytest.mark.parametrize("name", [*TINY])
def test_predict_run_reveal_answer_and_share(
    browser: Browser, page: Page, app_url: str, name: str
) -> None:
    page.goto(f"{app_url}/lab?{urlencode({'experiment': name} | TINY[name])}")
    draw_prediction(page, name)
    page.wait_for_url("**guess=**")
    assert page.get_by_test_id("aeviz-verdict").count() == 0
    page.get_by_role("button", name="Run the experiment").click()
    expect(page.get_by_test_id("aeviz-verdict")).to_be_visible(timeout=DONE_MS)
    chart = page.get_by_test_id("aeviz-lab-0")
    expect(chart.locator(".legendtext", has_text="your prediction")).to_have_count(1)
    verdict = page.get_by_test_id("aeviz-verdict").inner_text()

    question = page.get_by_role("radiogroup", name="1. ")
    question.get_by_role("radio").first.check(force=True)
    expect(page.get_by_test_id("stAlert").first).to_be_visible()

    # the address is the result, with the prediction, for somebody else
    query = parse_qs(urlparse(page.url).query)
    assert query["ran"] == ["1"]
    with open_page(browser) as other:
        other.goto(page.url)
        expect(other.get_by_test_id("aeviz-verdict")).to_have_text(verdict, use_inner_text=True)
        shared = other.get_by_test_id("aeviz-lab-0")
        expect(shared.locator(".legendtext", has_text="your prediction")).to_have_count(1)


def test_a_drawing_is_flagged_by_a_network_that_never_saw_it(page: Page, app_url: str) -> None:
    query = {"experiment": "anomaly"} | TINY["anomaly"] | {"seeds": "1"}
    page.goto(f"{app_url}/lab?{urlencode(query)}")
    page.get_by_role("button", name="Run the experiment").click()
    expect(page.get_by_test_id("aeviz-verdict")).to_be_visible(timeout=DONE_MS)
    page.get_by_role("radio", name="Draw").click()
    pad = page.get_by_test_id("aeviz-drawing")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    expect(page.get_by_test_id("aeviz-lab-answer")).to_have_count(0)
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.9 * box["height"], steps=20)
    page.mouse.up()
    answer = page.get_by_test_id("aeviz-lab-answer")
    expect(answer).to_contain_text("times the threshold")
    expect(answer.get_by_role("img", name="reconstruction")).to_be_visible()
    expect(page.get_by_test_id("aeviz-lab-own-image").locator(".annotation")).to_have_count(2)
    page.get_by_role("link", name="Open this network in Explore").click()
    page.wait_for_url("**/explore?model=anomaly-*.ae-0-0**")
    page.get_by_test_id("aeviz-map").first.wait_for()


def test_a_prediction_by_keyboard(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/lab?{urlencode({'experiment': 'code-size'} | TINY['code-size'])}")
    handles = page.get_by_test_id("aeviz-predict-code-size").get_by_role("slider")
    expect(handles).to_have_count(2)
    for i in range(2):
        handles.nth(i).press("ArrowUp")
    page.wait_for_url("**guess=**")


def test_a_phone_shows_the_list_and_an_experiment(phone: Page, app_url: str) -> None:
    phone.goto(f"{app_url}/lab")
    phone.get_by_role("link", name="How small may the code be?").click()
    phone.get_by_test_id("aeviz-predict-code-size").wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_first_chart_is_saved_as_a_picture_and_the_link_is_copied(
    page: Page, app_url: str
) -> None:
    page.goto(f"{app_url}/lab?{urlencode({'experiment': 'code-size'} | TINY['code-size'])}")
    page.get_by_role("button", name="Run the experiment").click()
    expect(page.get_by_test_id("aeviz-verdict")).to_be_visible(timeout=DONE_MS)
    page.get_by_test_id("aeviz-lab-0").locator(".legendtext").first.wait_for()
    with page.expect_download() as download:
        page.get_by_test_id("aeviz-save-chart").click()
    assert download.value.suggested_filename == "code-size.png"
    image = Image.open(download.value.path())
    width, height = image.size
    assert width >= 1600
    assert height > 700
    assert image.convert("RGBA").getpixel((2, 2))[3] == 255  # type: ignore[index]

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("aeviz-result-link").click()
    copied = urlparse(page.evaluate("navigator.clipboard.readText()"))
    assert parse_qs(copied.query) == parse_qs(urlparse(page.url).query)
    assert (copied.netloc, copied.path) == (urlparse(page.url).netloc, "/lab")
