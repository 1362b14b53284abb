"""Arithmetic in a real browser: A - B + C, and a slider from class to class."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from playwright.sync_api import FloatRect, Page, expect

from aeviz.models import checkpoint
from tests.e2e.conftest import drawn
from tests.e2e.test_explore import DECODES, PIXELS, box, open_explore, pixels_after_move
from tests.e2e.test_modes_draw import grey

A, B, C = [1.5, -1.0, 0.5, 1.0], [-1.0, 1.5, 1.0, -0.5], [0.5, 0.25, -1.0, 2.0]
SUM = [a - b + c for a, b, c in zip(A, B, C, strict=True)]


def text(code: list[float]) -> str:
    return ",".join(f"{value:g}" for value in code)


def open_arithmetic(page: Page, url: str, query: str = "", model: str = "tiny-4d") -> None:
    open_explore(page, url, model, f"&mode=arithmetic{query}")
    page.get_by_test_id("aeviz-result").wait_for()
    page.wait_for_function(drawn("aeviz-result"))


def picture(page: Page, test_id: str) -> str:
    return str(page.get_by_test_id(test_id).evaluate("(canvas) => canvas.toDataURL()"))


def wait_until_other(page: Page, test_id: str, before: str) -> None:
    page.wait_for_function(
        f"document.querySelector('[data-testid={test_id}]').toDataURL() !== {json.dumps(before)}"
    )


def wait_for_address(page: Page, name: str, value: str | None) -> None:
    page.wait_for_function(
        "([name, value]) => new URLSearchParams(location.search).get(name) === value",
        arg=[name, value],
    )


def code(page: Page, name: str = "z") -> torch.Tensor:
    page.wait_for_function("(name) => new URLSearchParams(location.search).has(name)", arg=name)
    found = page.evaluate("(name) => new URLSearchParams(location.search).get(name)", name)
    return torch.tensor([float(value) for value in found.split(",")])


def means(runs: Path) -> torch.Tensor:
    """The mean code of each class of tiny-4d."""
    gallery = checkpoint.load(runs / "tiny-4d" / "model.safetensors").gallery
    assert gallery is not None
    return torch.stack([gallery.latents[gallery.labels == label].mean(0) for label in range(3)])


def at(area: FloatRect, share: float) -> tuple[float, float]:
    return area["x"] + share * area["width"], area["y"] + area["height"] / 2


def test_slots_start_with_two_of_a_class_and_one_of_another(page: Page, app_url: str) -> None:
    open_arithmetic(page, app_url)
    names = [
        page.get_by_test_id(f"aeviz-slot-{slot}").locator(".aeviz-slot-what").inner_text()
        for slot in "abc"
    ]
    assert names[0] == names[1] != names[2]
    a, b = code(page, "a"), code(page, "b")
    assert not torch.equal(a, b)
    open_arithmetic(page, app_url, f"&z={text(A)}")
    assert code(page, "a").tolist() == A  # A is the code that the person has chosen


def test_a_minus_a_plus_c_is_c(page: Page, app_url: str) -> None:
    open_arithmetic(page, app_url, f"&a={text(A)}&b={text(A)}&c={text(C)}")
    assert picture(page, "aeviz-result") == picture(page, "aeviz-slot-c-decoded")
    assert picture(page, "aeviz-result") != picture(page, "aeviz-slot-a-decoded")


def test_keep_makes_the_result_the_code(page: Page, app_url: str) -> None:
    open_arithmetic(page, app_url, f"&a={text(A)}&b={text(B)}&c={text(C)}&z={text(A)}")
    result = picture(page, "aeviz-result")
    before = page.evaluate(DECODES)
    page.get_by_test_id("aeviz-keep").click()
    wait_for_address(page, "z", text(SUM))
    page.wait_for_function(f"{DECODES} > {before}")
    assert page.evaluate(PIXELS) == result
    assert picture(page, "aeviz-result") == result  # the slots keep what they hold


def test_a_slot_takes_places_from_the_map_while_the_handle_is_dragged(
    page: Page, app_url: str
) -> None:
    open_arithmetic(page, app_url, f"&a={text(A)}&b={text(B)}&c={text(C)}")
    page.get_by_test_id("aeviz-slot-c-map").click()
    area = box(page, "aeviz-map")
    page.mouse.move(area["x"] + 0.3 * area["width"], area["y"] + 0.3 * area["height"])
    page.mouse.down()
    shown = set()
    for share in (0.4, 0.5, 0.6):
        before = picture(page, "aeviz-result")
        page.mouse.move(area["x"] + share * area["width"], area["y"] + 0.4 * area["height"])
        wait_until_other(page, "aeviz-result", before)
        shown.add(before)
    assert len(shown) == 3  # the button is still down
    page.mouse.up()
    page.wait_for_function(
        "() => { const q = new URLSearchParams(location.search);"
        " return q.get('c') === q.get('z'); }"
    )
    torch.testing.assert_close(code(page, "a"), torch.tensor(A))


def test_letters_stand_on_the_map_and_leave_with_the_mode(page: Page, app_url: str) -> None:
    open_arithmetic(page, app_url, "&projection=pca")
    signs = page.locator(".aeviz-sign-letter")
    expect(signs).to_have_text(["A", "B", "C", "="])
    places = signs.evaluate_all("(all) => all.map((one) => one.getAttribute('transform'))")
    page.get_by_test_id("aeviz-projection-tsne").click()
    page.wait_for_function(
        "(before) => before !=="
        " document.querySelector('.aeviz-sign-letter').getAttribute('transform')",
        arg=places[0],
    )
    page.get_by_test_id("aeviz-mode-drag").click()
    expect(signs).to_have_count(0)
    expect(page.locator(".aeviz-path")).to_have_count(0)


def test_pixels_change_while_the_amount_is_dragged(
    page: Page, app_url: str, runs_folder: Path
) -> None:
    open_arithmetic(page, app_url, f"&from=0&to=2&z={text(A)}")
    area = box(page, "aeviz-amount")
    page.mouse.move(*at(area, 0.5))
    page.mouse.down()
    shown = [pixels_after_move(page, *at(area, share)) for share in (0.6, 0.7, 0.8, 0.9)]
    assert len(set(shown)) == 4  # the button is still down
    page.mouse.up()
    page.get_by_test_id("aeviz-amount").fill("1.5")
    wait_for_address(page, "amount", "1.5")
    one, _, three = means(runs_folder)
    wanted = torch.tensor(A) + 1.5 * (three - one)
    torch.testing.assert_close(code(page), wanted, atol=2e-3, rtol=1e-3)


def test_a_frame_of_the_strip_goes_there_and_its_picture_is_the_codes(
    page: Page, app_url: str
) -> None:
    open_arithmetic(page, app_url, f"&from=0&to=2&z={text(A)}")
    page.wait_for_function(drawn("aeviz-strip-direction"))
    last = page.get_by_test_id("aeviz-strip-direction").evaluate(
        "(c) => [...c.getContext('2d').getImageData(c.width - 12, 0, 12, 12).data]"
    )
    page.mouse.click(*at(box(page, "aeviz-strip-direction"), 0.98))
    wait_for_address(page, "amount", "2")
    page.wait_for_function(
        "(last) => [...document.querySelector('[data-testid=aeviz-canvas]').getContext('2d')"
        ".getImageData(0, 0, 12, 12).data].join() === last.join()",
        arg=last,
    )


def test_a_hand_on_the_code_begins_anew_from_there(page: Page, app_url: str) -> None:
    open_arithmetic(page, app_url, f"&from=0&to=2&z={text(A)}")
    page.get_by_test_id("aeviz-amount").fill("1")
    wait_for_address(page, "amount", "1")
    before = picture(page, "aeviz-strip-direction")
    page.get_by_test_id("aeviz-slider-0").press("ArrowRight")
    wait_for_address(page, "amount", None)
    expect(page.get_by_test_id("aeviz-amount")).to_have_value("0")
    wait_until_other(page, "aeviz-strip-direction", before)


def test_the_way_back_to_0_is_the_code_that_it_was(page: Page, app_url: str) -> None:
    open_arithmetic(page, app_url)
    start, shown = code(page), page.evaluate(PIXELS)
    amount = page.get_by_test_id("aeviz-amount")
    amount.fill("-1.2")
    wait_for_address(page, "amount", "-1.2")
    assert not torch.equal(code(page), start)
    amount.dblclick(position={"x": 3, "y": 10})
    wait_for_address(page, "amount", None)
    assert torch.equal(code(page), start)
    page.wait_for_function(f"{PIXELS} === {json.dumps(shown)}")


def test_one_class_at_both_ends_changes_them_round(page: Page, app_url: str) -> None:
    open_arithmetic(page, app_url, "&from=0&to=2")
    page.get_by_test_id("aeviz-from").select_option(label="three")
    expect(page.get_by_test_id("aeviz-to")).to_have_value("0")
    expect(page.get_by_test_id("aeviz-from")).to_have_value("2")
    wait_for_address(page, "to", "0")


def test_a_link_reproduces_all_of_it(page: Page, phone: Page, app_url: str) -> None:
    open_arithmetic(page, app_url)
    page.get_by_test_id("aeviz-slot-c-class").select_option(label="two")
    page.get_by_test_id("aeviz-from").select_option(label="three")
    page.get_by_test_id("aeviz-to").select_option(label="two")
    before = page.evaluate(DECODES)
    page.get_by_test_id("aeviz-amount").fill("0.75")
    page.wait_for_function(f"{DECODES} > {before}")
    wait_for_address(page, "amount", "0.75")
    page.wait_for_timeout(300)

    open_explore(phone, page.url.split("/explore")[0], "tiny-4d", f"&{page.url.split('?')[1]}")
    phone.wait_for_function(drawn("aeviz-result"))
    phone.wait_for_function(drawn("aeviz-strip-direction"))
    for name in ("canvas", "result", "slot-a-decoded", "slot-b-decoded", "slot-c-decoded"):
        found, wanted = grey(phone, f"aeviz-{name}"), grey(page, f"aeviz-{name}")
        apart = max(abs(one - other) for one, other in zip(found, wanted, strict=True))
        assert apart <= 2, name  # the address has four digits of a number
    for name, value in (("from", "2"), ("to", "1"), ("amount", "0.75")):
        expect(phone.get_by_test_id(f"aeviz-{name}")).to_have_value(value)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("one-class", "of one class"), ("no-gallery", "no codes with classes")],
)
def test_without_two_classes_a_sentence_stands_where_the_direction_would(
    page: Page, app_url: str, runs_folder: Path, name: str, sentence: str
) -> None:
    loaded = checkpoint.load(runs_folder / "tiny-4d" / "model.safetensors")
    assert loaded.gallery is not None
    gallery = replace(
        loaded.gallery, labels=torch.zeros(60, dtype=torch.int64), class_names=("one",)
    )
    path = runs_folder / name / "model.safetensors"
    path.parent.mkdir()
    checkpoint.save(path, loaded.model, {}, gallery if name == "one-class" else None)
    page.goto(f"{app_url}/explore?model={name}&mode=arithmetic")
    page.wait_for_function(drawn("aeviz-result"))
    expect(page.locator(".aeviz-direction")).to_contain_text(sentence)
    expect(page.get_by_test_id("aeviz-amount")).to_have_count(0)
    page.get_by_test_id("aeviz-slider-0").press("ArrowRight")  # and everything else works
    page.get_by_test_id("aeviz-keep").click()
    page.wait_for_function("location.search.includes('z=')")
