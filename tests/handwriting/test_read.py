"""Photographs of digits -> images as MNIST has them."""

from __future__ import annotations

import numpy as np
import pytest
from written import MNIST, ink_centre, likeness, paper, photo, write

from aeviz.handwriting import Box, read


def image_of(sheet: np.ndarray, frame: Box | None = None) -> np.ndarray:
    image = read(photo(sheet), MNIST, frame).image
    assert image is not None
    return image


def plain(digit: int) -> np.ndarray:
    sheet = paper()
    write(sheet, digit, 120, 180, 220)
    return image_of(sheet)


def test_a_digit_fills_the_box_and_its_centre_of_mass_is_the_middle() -> None:
    for digit in (1, 4, 5, 7):
        image = plain(digit)
        assert image.shape == (28, 28)
        assert image.dtype == np.uint8
        assert image.max() == 255
        rows, columns = np.nonzero(image > 60)
        assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
        assert np.abs(ink_centre(image)).max() <= 0.5


def test_strokes_are_as_wide_as_the_data_sets_whatever_the_pen() -> None:
    areas = []
    for pen in (3, 8, 20):
        sheet = paper()
        write(sheet, 7, 100, 150, 250, pen)
        areas.append(image_of(sheet).sum() / 255)
    assert max(areas) / min(areas) < 1.35
    assert 40 < areas[0] < 110  # about 35 pixels long, 2.2 wide


def test_place_and_size_in_the_photograph_do_not_matter() -> None:
    sheet = paper(900, 1200)
    write(sheet, 4, 40, 600, 160, 6)
    assert likeness(image_of(sheet), plain(4)) > 0.95


def test_light_and_shadow_are_divided_out() -> None:
    sheet = paper()
    write(sheet, 5, 120, 180, 220)
    light = (
        np.linspace(1, 0.35, sheet.shape[1])[None] * np.where(np.arange(600) < 300, 1, 0.6)[:, None]
    )
    assert likeness(image_of((sheet * light).astype(np.uint8)), plain(5)) > 0.95


@pytest.mark.parametrize("turned", [False, True])
def test_ruled_lines_go_and_the_strokes_that_cross_them_stay(turned: bool) -> None:
    sheet = paper(rule=40, ruled=150)
    if turned:  # squares
        sheet = np.minimum(sheet, paper(450, 600, rule=40, ruled=150).T)
    write(sheet, 7, 120, 190, 220, 8, ink=110)
    assert likeness(image_of(sheet), plain(7)) > 0.93


def test_chalk_on_a_blackboard_is_read_as_well() -> None:
    sheet = 255 - paper(brightness=205)
    write(sheet, 4, 120, 180, 220, 8, ink=230)
    assert likeness(image_of(sheet), plain(4)) > 0.97


def test_a_bar_that_stands_apart_belongs_to_its_five() -> None:
    sheet = paper()
    write(sheet, 5, 120, 180, 220)
    assert len(read(photo(sheet), MNIST).found) == 1
    rows, _ = np.nonzero(plain(5) > 128)
    assert (plain(5)[: rows.min() + 2] > 128).sum() > 8  # the bar, at the top


def test_the_largest_in_the_middle_comes_first_and_the_others_can_be_chosen() -> None:
    sheet = paper(450, 900)
    for i, digit in enumerate((4, 7, 5)):
        write(sheet, digit, 90 + 270 * i, 120, 200)
    reading = read(photo(sheet), MNIST)
    assert len(reading.found) == 3
    assert reading.frame == reading.found[0]
    assert reading.image is not None
    assert likeness(reading.image, plain(7)) > 0.95
    left = min(reading.found, key=lambda box: box.left)
    assert 0.1 < left.left < left.right < 0.35
    assert likeness(image_of(sheet, left), plain(4)) > 0.95


def test_a_loose_frame_gives_the_same_and_a_frame_without_ink_nothing() -> None:
    sheet = paper()
    write(sheet, 4, 120, 180, 220)
    loose = read(photo(sheet), MNIST, Box(0.1, 0.2, 0.95, 0.8))
    assert loose.frame == Box(0.1, 0.2, 0.95, 0.8)
    assert loose.image is not None
    assert likeness(loose.image, plain(4)) > 0.97
    assert read(photo(sheet), MNIST, Box(0, 0, 0.15, 0.15)).image is None


def test_a_sheet_on_a_dark_table_is_no_digit_but_what_is_on_it_is() -> None:
    table = np.full((700, 900), 60, np.uint8)
    sheet = paper(500, 400)
    write(sheet, 4, 90, 130, 220)
    table[100:600, 250:650] = sheet
    assert likeness(image_of(table), plain(4)) > 0.95


def test_where_nothing_is_written_nothing_is_found() -> None:
    noise = np.random.default_rng(0).integers(215, 245, (600, 450)).astype(np.uint8)
    waves = (127 + 120 * np.sin(np.hypot(*np.indices((500, 700))) / 9)).astype(np.uint8)
    for sheet in (paper(), paper(rule=40), noise, waves):
        reading = read(photo(sheet), MNIST)
        assert reading.image is None
        assert reading.frame is None
        assert reading.found == ()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3000, 3), (2, 2, 3), (3000, 1, 1), (30, 30, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_odd_pictures_are_no_error(shape: tuple[int, int, int], value: int) -> None:
    pixels = np.full(shape, value, np.uint8)
    assert read(pixels, MNIST).image is None
    for frame in (Box(0, 0, 1, 1), Box(0.5, 0.5, 0.5, 0.5), Box(0.999, 0, 1, 0.001)):
        assert read(pixels, MNIST, frame).image is None


def test_forty_five_megapixels_are_read_as_one_is() -> None:
    small = paper()
    write(small, 7, 120, 180, 220)
    large = np.repeat(np.repeat(small, 13, axis=0), 13, axis=1)[..., None]
    assert large.size > 45_000_000
    image = read(large, MNIST).image
    assert image is not None
    assert likeness(image, plain(7)) > 0.93


def test_a_small_picture_is_read_as_well() -> None:
    sheet = paper(64, 64)
    write(sheet, 4, 14, 10, 42, 3)
    assert likeness(image_of(sheet), plain(4)) > 0.9


def test_images_of_other_shapes_hold_the_whole_digit() -> None:
    from aeviz.handwriting import Style

    sheet = paper()
    write(sheet, 1, 120, 180, 220)
    for style in (Style(8, 8, 8.0, 1.4), Style(16, 40, 36.0, 3.0)):
        image = read(photo(sheet), style).image
        assert image is not None
        assert image.shape == (style.height, style.width)
        assert image.max() == 255
