"""The network's picture on the Train page, edited by hand, by finger and by keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect


@pytest.fixture(params=["page", "phone"])
def opened(request: pytest.FixtureRequest, app_url: str) -> Page:
    page: Page = request.getfixturevalue(request.param)
    page.goto(f"{app_url}/train")
    expect(field(page, "Nodes")).to_have_value("128")
    expect(page.get_by_test_id("aeviz-width-hidden-0")).to_have_value("128")
    return page


def field(page: Page, label: str) -> Locator:
    return page.get_by_role("spinbutton", name=label, exact=True)


def middle(page: Page, bar: int) -> tuple[float, float]:
    """Found and measured in one call: whenever the page runs again, the picture is redrawn, and an
    old bar no longer exists."""
    x, y = page.evaluate(
        "bar => { const handle = document.querySelectorAll('.av-net-grip')[bar];"
        " handle.scrollIntoView({ block: 'nearest' });"
        " const { x, y, width } = handle.getBoundingClientRect();"
        " return [x + width / 2, y + 14]; }",
        bar,
    )
    return x, y


def drag(page: Page, bar: int, dy: float) -> None:
    """Drags the upper end of a bar: by touch if the page has it."""
    x, y = middle(page, bar)
    steps = [y + dy * i / 5 for i in range(1, 6)]
    if page.evaluate("navigator.maxTouchPoints"):
        cdp = page.context.new_cdp_session(page)
        touch = "Input.dispatchTouchEvent"
        cdp.send(touch, {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for at in steps:
            cdp.send(touch, {"type": "touchMove", "touchPoints": [{"x": x, "y": at}]})
        cdp.send(touch, {"type": "touchEnd", "touchPoints": []})
    else:
        page.mouse.move(x, y)
        page.mouse.down()
        for at in steps:
            page.mouse.move(x, at)
        page.mouse.up()


def test_a_bar_is_drawn_out_and_the_form_follows(opened: Page) -> None:
    number = opened.get_by_test_id("aeviz-width-hidden-0")
    drag(opened, 0, -20)
    expect(number).not_to_have_value("128")
    width = number.input_value()
    assert int(width) > 128
    expect(field(opened, "Nodes")).to_have_value(width)
    drag(opened, 1, 20)  # the code, which is made smaller
    code = opened.get_by_test_id("aeviz-width-code-0")
    expect(code).not_to_have_value("32")
    assert int(code.input_value()) < 32
    expect(field(opened, "Code size")).to_have_value(code.input_value())
    expect(field(opened, "Nodes")).to_have_value(width)


def test_layers_are_added_and_removed_and_widths_go_by_keys(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/train")
    facts = page.get_by_test_id("aeviz-network")
    expect(facts).to_contain_text("784 to 128 to [32] to 128 to 784")
    page.get_by_role("button", name="Add a layer of 64 nodes between layer 1 and the code").click()
    expect(facts).to_contain_text("784 to 128 to 64 to [32] to 64 to 128 to 784")
    expect(field(page, "Hidden layers")).to_have_value("2")
    number = page.get_by_test_id("aeviz-width-hidden-1")
    number.focus()
    number.press("ArrowDown")
    expect(facts).to_contain_text("784 to 128 to 60 to [32]")
    number.fill("77")
    number.press("Enter")
    expect(facts).to_contain_text("784 to 128 to 77 to [32]")
    page.get_by_role("button", name="Remove layer 1", exact=True).click()
    expect(facts).to_contain_text("784 to 77 to [32] to 77 to 784")
    expect(field(page, "Hidden layers")).to_have_value("1")
    expect(field(page, "Nodes")).to_have_value("77")
