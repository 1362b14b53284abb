"""A run's training replayed in a real browser: played, scrubbed, followed, downloaded as a film."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import av
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect
from small_run import EPOCHS, run_of, snapshot, write

from aeviz.io import locks
from aeviz.runs.store import Run, Status
from tests.e2e.conftest import drawn, open_page

LAST = str(EPOCHS - 1)
FILM_MS = 240_000
"""A film takes seconds, at the lowest priority, and so longer on a busy machine."""


def made(runs_folder: Path, epochs: int = EPOCHS) -> Run:
    """A finished run, in the runs folder of the app under test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEVIZ_RUNS", str(runs_folder))
        return run_of(epochs)


@pytest.fixture(scope="module")
def run(runs_folder: Path) -> Run:
    return made(runs_folder)


def open_player(page: Page, url: str, run: Run) -> None:
    page.goto(f"{url}/train?run={run.id}")
    page.wait_for_function(drawn("aeviz-replay-map"))
    expect(page.get_by_test_id("aeviz-replay")).to_have_count(1)


def until_brightness(page: Page, test_id: str, least: int, most: int) -> None:
    """Waits until the middle of a picture has this brightness, 0 to 255; it is drawn in a frame."""
    page.wait_for_function(
        "([id, least, most]) => { const c = document.querySelector(`[data-testid=${id}]`);"
        " const [b] = c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data;"
        " return least <= b && b <= most; }",
        arg=[test_id, least, most],
    )


def test_the_player_fills_the_whole_screen(page: Page, app_url: str, run: Run) -> None:
    open_player(page, app_url, run)
    map_ = page.locator(".replay-map")
    before = map_.bounding_box()
    assert before is not None
    page.get_by_test_id("aeviz-replay-full-screen").press("Enter")
    page.wait_for_function("document.fullscreenElement !== null")
    page.wait_for_function(
        "(width) => document.querySelector('.replay-map').clientWidth > width", arg=before["width"]
    )
    expect(page.get_by_test_id("aeviz-replay-play")).to_be_in_viewport()


def test_a_training_is_scrubbed_by_keys_and_by_hand(
    browser: Browser, app_url: str, run: Run
) -> None:
    with open_page(browser, reduced_motion="reduce") as page:
        open_player(page, app_url, run)
        player = page.get_by_test_id("aeviz-replay")
        scrubber = page.get_by_test_id("aeviz-replay-scrubber")
        expect(player).to_have_attribute("data-epoch", LAST)
        expect(scrubber).to_have_attribute("aria-valuemin", "0")  # all epochs are there
        until_brightness(page, "aeviz-replay-manifold", 60 * (EPOCHS - 1), 60 * (EPOCHS - 1))

        scrubber.press("Home")
        expect(page.get_by_test_id("aeviz-replay-epoch")).to_have_text("Untrained")
        until_brightness(page, "aeviz-replay-manifold", 0, 0)
        scrubber.press("ArrowRight")
        expect(page.get_by_test_id("aeviz-replay-epoch")).to_have_text("Epoch 1")
        until_brightness(page, "aeviz-replay-manifold", 60, 60)

        # half way between two epochs during the drag; at the nearest epoch after it
        box = scrubber.bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] / 2 - 2, y)
        page.mouse.down()
        until_brightness(page, "aeviz-replay-manifold", 61, 119)
        page.mouse.move(box["x"] + box["width"] * 0.64, y)
        page.mouse.up()
        expect(player).to_have_attribute("data-epoch", "2")
        expect(scrubber).to_have_attribute("aria-valuenow", "2.00")


def test_a_finished_training_plays_by_itself_and_can_be_played_again(
    page: Page, app_url: str, run: Run
) -> None:
    open_player(page, app_url, run)
    player = page.get_by_test_id("aeviz-replay")
    button = page.get_by_test_id("aeviz-replay-play")
    expect(player).to_have_attribute("data-playing", "true")
    expect(player).to_have_attribute("data-playing", "false")  # it ends
    expect(player).to_have_attribute("data-epoch", LAST)
    page.get_by_test_id("aeviz-replay-speed").click()
    expect(page.get_by_test_id("aeviz-replay-speed")).to_have_text("2×")
    button.click()
    expect(player).to_have_attribute("data-epoch", "1")  # from the beginning
    expect(player).to_have_attribute("data-epoch", LAST)
    expect(button).to_have_accessible_name("Play")


def test_a_training_under_way_is_followed(page: Page, app_url: str, runs_folder: Path) -> None:
    run = made(runs_folder, epochs=2)
    worker = locks.take(run.pid_path)
    assert worker is not None
    run.write_status(Status("running", epoch=1))
    open_player(page, app_url, run)
    player = page.get_by_test_id("aeviz-replay")
    live = page.get_by_test_id("aeviz-replay-live")
    expect(player).to_have_attribute("data-epoch", "1")
    expect(live).to_have_attribute("aria-pressed", "true")
    write(run.folder / "snapshots", snapshot(2))
    expect(player).to_have_attribute("data-epoch", "2")  # without a hand

    page.get_by_test_id("aeviz-replay-scrubber").press("Home")
    expect(live).to_have_attribute("aria-pressed", "false")
    write(run.folder / "snapshots", snapshot(3))
    expect(page.get_by_test_id("aeviz-replay-scrubber")).to_have_attribute("aria-valuemax", "3")
    expect(player).to_have_attribute("data-epoch", "0")  # a viewer of an earlier epoch stays there
    live.click()
    expect(player).to_have_attribute("data-epoch", "3")
    run.write_status(Status("stopped", epoch=3))
    worker.close()
    expect(live).to_be_hidden()
    expect(player).to_have_attribute("data-epoch", "3")

    worker = locks.take(run.pid_path)  # it continues
    assert worker is not None
    run.write_status(Status("running", epoch=3))
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.keyboard.press("r")  # the page runs again, as on "Go on training"
    expect(live).to_have_attribute("aria-pressed", "true")
    worker.close()


def test_a_long_training_keeps_its_newest_picture_until_the_next(
    page: Page, app_url: str, runs_folder: Path
) -> None:
    """Most epochs of a long run are dropped once a later one is there."""
    run = made(runs_folder, epochs=1)
    folder = run.folder / "snapshots"
    worker = locks.take(run.pid_path)
    assert worker is not None
    run.write_status(Status("running", epoch=1))
    held: list[Route] = []
    page.route("**/epochs/3*", lambda route: held.append(route))  # until the test releases it
    write(folder, snapshot(2))
    open_player(page, app_url, run)
    player = page.get_by_test_id("aeviz-replay")
    expect(player).to_have_attribute("data-epoch", "2")

    with page.expect_request("**/epochs/3*"):
        write(folder, snapshot(3))
        (folder / "epoch-00002.safetensors").unlink()
    until_brightness(page, "aeviz-replay-manifold", 120, 120)
    expect(player).to_have_attribute("data-epoch", "2")
    write(folder, snapshot(4))  # and 3 is dropped before it could be sent
    (folder / "epoch-00003.safetensors").unlink()
    held[0].continue_()
    expect(player).to_have_attribute("data-epoch", "4")
    expect(page.get_by_test_id("aeviz-replay").get_by_role("status")).to_be_hidden()
    expect(page.get_by_test_id("aeviz-replay-scrubber")).to_have_attribute("aria-valuemax", "4")
    worker.close()


def test_a_stopped_training_spans_the_epochs_it_had(
    browser: Browser, app_url: str, runs_folder: Path
) -> None:
    run = made(runs_folder, epochs=3)
    run.write_status(Status("stopped", epoch=2))
    with open_page(browser, reduced_motion="reduce") as page:
        open_player(page, app_url, run)
        expect(page.get_by_test_id("aeviz-replay")).to_contain_text("Epoch 2 of 2")


def test_a_film_comes_as_a_file(page: Page, app_url: str, run: Run, tmp_path: Path) -> None:
    open_player(page, app_url, run)
    for kind in ("gif", "mp4"):
        with page.expect_download(timeout=FILM_MS) as download:
            page.get_by_test_id(f"aeviz-replay-{kind}").click()
        assert download.value.suggested_filename == f"{run.id}.{kind}"
        file = tmp_path / f"film.{kind}"
        download.value.save_as(file)
        if kind == "gif":
            assert Image.open(file).n_frames > EPOCHS
        else:
            with av.open(io.BytesIO(file.read_bytes())) as container:
                assert sum(1 for _ in container.decode(video=0)) > EPOCHS


def test_a_phone_shows_the_player_in_its_width(phone: Page, app_url: str, run: Run) -> None:
    open_player(phone, app_url, run)
    for part in ("aeviz-replay-map", "aeviz-replay-manifold", "aeviz-replay-scrubber"):
        box = phone.get_by_test_id(part).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_a_snapshot_that_is_damaged_is_left_out(
    browser: Browser, app_url: str, run: Run, runs_folder: Path
) -> None:
    damaged = Run(runs_folder / f"{run.id}-damaged")
    shutil.copytree(run.folder, damaged.folder)
    damaged.snapshots()[1].write_bytes(b"nothing of the kind")
    with open_page(browser, reduced_motion="reduce") as page:
        page.goto(f"{app_url}/train?run={damaged.id}")
        page.wait_for_function(drawn("aeviz-replay-map"))
        scrubber = page.get_by_test_id("aeviz-replay-scrubber")
        expect(scrubber).to_have_attribute("aria-valuemin", "0")
        scrubber.press("Home")
        scrubber.press("ArrowRight")
        expect(page.get_by_test_id("aeviz-replay")).to_have_attribute("data-epoch", "2")
