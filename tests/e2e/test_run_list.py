"""The list of runs in two browsers: each has its own, both see the class's."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import open_page
from tests.e2e.test_train import TRAINED_MS, open_small, train


def row(page: Page, run: str) -> Locator:
    return page.locator(f"[data-run='{run}']")


def show(page: Page, url: str, scope: str) -> None:
    page.goto(f"{url}/runs")
    page.get_by_test_id("aeviz-runs").wait_for()
    if scope != "Mine":
        page.get_by_role("radio", name=scope).click()


def test_two_people_see_their_own_runs_and_both_the_classs(
    browser: Browser, page: Page, app_url: str, runs_folder: Path
) -> None:
    with open_page(browser) as other:
        for who in (page, other):
            open_small(who, app_url, epochs=2)
        mine, theirs = train(page), train(other)
        for who, own, foreign in ((page, mine, theirs), (other, theirs, mine)):
            show(who, app_url, "Mine")
            expect(row(who, own)).to_have_count(1)
            expect(row(who, foreign)).to_have_count(0)
            show(who, app_url, "The class's")
            expect(row(who, foreign)).to_have_count(1)
            expect(row(who, own)).to_have_count(1)

        # other people's runs can be viewed and duplicated; at the server's machine, where
        # these browsers are, everything else, too
        expect(row(other, mine)).to_have_attribute("data-phase", "done", timeout=TRAINED_MS)
        row(other, mine).get_by_role("checkbox").check()
        expect(other.get_by_role("link", name="Duplicate with changes")).to_be_visible()
        bar = ".st-key-aeviz-runs-bar"
        expect(other.locator(bar).get_by_role("button", name="Delete")).to_have_count(1)
        curve = other.get_by_test_id("aeviz-curves-over").locator(".legendtoggle")
        expect(curve).to_have_count(1)

        # both curves over each other, and then its owner deletes the run: it is gone for both
        expect(row(other, theirs)).to_have_attribute("data-phase", "done", timeout=TRAINED_MS)
        row(other, theirs).get_by_role("checkbox").check()
        expect(curve).to_have_count(2)
        row(page, mine).get_by_role("checkbox").check()
        expect(page.get_by_test_id("aeviz-curves-over").locator(".legendtoggle")).to_have_count(1)
        page.locator(bar).get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete for good").click()
        for who in (page, other):
            expect(row(who, mine)).to_have_count(0)
            expect(row(who, theirs)).to_have_count(1)
        assert not (runs_folder / mine).exists()

        # each sees the owner in the list of models
        for who, whose in ((page, "Somebody else"), (other, "Mine")):
            who.goto(f"{app_url}/reconstruct?model={theirs}")
            model = who.get_by_role("combobox", name="Model")
            expect(model).to_have_value(re.compile(rf"^{whose} · Variational"))
        show(page, app_url, "The class's")

        # a name opens its run, which may be continued from the server's machine
        row(page, theirs).get_by_role("link").click()
        page.wait_for_url(f"**/train?run={theirs}")
        expect(page.get_by_text("Started by somebody else")).to_be_visible()
        expect(page.get_by_role("button", name="Add epochs")).to_have_count(1)


def test_a_phone_lists_runs_without_scrolling_sideways(phone: Page, app_url: str) -> None:
    show(phone, app_url, "The class's")
    expect(phone.get_by_role("textbox", name="Filter")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
