from __future__ import annotations

import numpy as np

from aeviz.figures.diagnostics import OFF, ON, activations, kl_bars
from aeviz.ui.train.diagnostics import filters_sheet


def test_dimensions_that_carry_nothing_are_told_by_colour_and_by_words() -> None:
    (trace,) = kl_bars([2.0, 0.0, 1.5], [True, False, True])["data"]
    assert trace["y"] == [2.0, 0.0, 1.5]
    assert trace["marker"]["color"] == [ON, OFF, ON]
    assert trace["text"] == ["active", "inactive", "active"]


def test_bars_of_a_histogram_stand_in_the_middle_of_their_steps() -> None:
    (trace,) = activations([5, 1], 0.0, 4.0)["data"]
    assert trace["x"] == [1.0, 3.0]


def test_a_filters_zero_is_grey_and_its_largest_weight_white_or_black() -> None:
    filters = np.zeros((2, 1, 1, 2), np.float32)
    filters[0, 0, 0] = [-3, 1.5]
    sheet = filters_sheet(filters)
    assert sheet.shape == (1, 5, 4)
    assert sheet[0, :, 0].tolist() == [0, 191, 0, 128, 128]
    assert sheet[0, :, 3].tolist() == [255, 255, 0, 255, 255]  # a clear gap between


def test_filters_that_are_no_numbers_or_have_many_channels_are_drawn_too() -> None:
    filters = np.full((5, 4, 2, 2), np.nan, np.float32)
    assert filters_sheet(filters).shape[2] == 4
