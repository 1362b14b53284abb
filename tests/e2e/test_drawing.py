"""The drawing pad: code and reconstruction follow the pen."""

from __future__ import annotations

from playwright.sync_api import Page, expect

ENCODES = "performance.getEntriesByName('aeviz.encode').length"


def pixels(page: Page, test_id: str) -> str:
    return str(page.get_by_test_id(test_id).first.evaluate("(canvas) => canvas.toDataURL()"))


def test_the_reconstruction_follows_the_pen_while_it_is_down(page: Page, app_url: str) -> None:
    page.goto(f"{app_url}/reconstruct?model=tiny-4d")
    page.get_by_text("Draw", exact=True).first.click()
    pad = page.get_by_test_id("aeviz-drawing")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    empty = pixels(page, "aeviz-drawing")
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    shown = set()
    for share in (0.4, 0.55, 0.7):
        before = page.evaluate(ENCODES)
        page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
        page.wait_for_function(f"{ENCODES} > {before}")
        shown.add(pixels(page, "aeviz-reconstruction"))
    assert len(shown) == 3
    page.mouse.up()
    assert pixels(page, "aeviz-drawing") != empty
    expect(page.get_by_text("your drawing")).to_be_visible()  # Python has it, too
    page.get_by_test_id("aeviz-clear").click()
    assert pixels(page, "aeviz-drawing") == empty
    expect(page.get_by_text("your drawing")).to_have_count(0)
