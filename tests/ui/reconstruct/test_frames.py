"""Images, codes and errors as HTML."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
import torch

from aeviz.images import decode
from aeviz.ui.reconstruct import frames
from aeviz.ui.reconstruct.codes import MAX_BARS, code_bars, summary
from aeviz.ui.reconstruct.frames import Stack
from aeviz.ui.restore.colours import ABSOLUTE, SIGNED, colourise, error_map, fitting_limit

EVIL = '"><script>alert(1)</script>'


def test_a_picture_carries_its_own_pixels() -> None:
    x = torch.rand(3, 5, 4, generator=torch.Generator().manual_seed(0))
    html = frames.picture(x, "noise")
    found = re.search(r'src="data:image/png;base64,([^"]+)"', html)
    assert found is not None
    pixels = decode(base64.b64decode(found[1])).pixels
    assert np.array_equal(pixels, np.rint(x.permute(1, 2, 0).numpy() * 255))


def test_a_strangers_words_stay_words() -> None:
    x = torch.zeros(1, 2, 2)
    html = (
        frames.figure(x, EVIL, EVIL)
        + frames.number(EVIL, EVIL, EVIL, EVIL)
        + frames.stacks([Stack([x], EVIL, EVIL)], [EVIL], button=True)
    )
    assert "<script" not in html
    assert html.count("&lt;script") >= 8


def test_stacks_break_into_lines_and_mark_the_chosen_one() -> None:
    x = torch.zeros(1, 2, 2)
    html = frames.stacks([Stack([x, x], str(i)) for i in range(12)], ["a", "b"], 11, button=True)
    assert html.count('class="av-stacks"') == 2
    assert html.count("<img") == 24
    assert re.findall(r'data-index="(\d+)"[^>]*aria-pressed="true"', html) == ["11"]


def test_colours_run_evenly_between_the_given_ones() -> None:
    colours = colourise(np.array([0, 0.25, 0.5, 1, 7], np.float32), ("#000000", "#204060"))
    assert colours.tolist() == [[0, 0, 0], [8, 16, 24], [16, 32, 48], [32, 64, 96], [32, 64, 96]]


def test_an_error_map_is_darkest_where_there_is_none_and_keeps_its_sign() -> None:
    x = torch.tensor([[[0.5, 0.5, 0.5]]])
    x_hat = torch.tensor([[[0.3, 0.5, 0.7]]])
    too_dark, none, too_bright = error_map(x, x_hat, signed=True, limit=0.2)[0].astype(int)
    assert too_dark.tolist() == [int(SIGNED[0][i : i + 2], 16) for i in (1, 3, 5)]
    assert too_bright.tolist() == [int(SIGNED[-1][i : i + 2], 16) for i in (1, 3, 5)]
    assert none.sum() < 60
    same = error_map(x, x_hat, signed=False, limit=0.2)[0]
    assert same[0].tolist() == same[2].tolist() != same[1].tolist()
    assert same[1].tolist() == [int(ABSOLUTE[0][i : i + 2], 16) for i in (1, 3, 5)]


@pytest.mark.parametrize(("error", "limit"), [(0, 0.02), (0.02, 0.02), (0.03, 0.05), (0.9, 1)])
def test_the_limit_is_the_next_round_number(error: float, limit: float) -> None:
    x = torch.zeros(2, 1, 4, 4)
    assert fitting_limit(x, torch.full_like(x, error)) == limit


def test_bars_grow_from_zero_to_the_reach() -> None:
    html = code_bars(torch.tensor([2.0, -1.0]), None, 2.0)
    boxes = re.findall(r'av-bar" style="top:([\d.]+)%;height:([\d.]+)%', html)
    assert boxes == [("0.00", "50.00"), ("50.00", "25.00")]
    assert "av-whisker" not in html


def test_a_code_without_negative_numbers_stands_on_the_floor() -> None:
    html = code_bars(torch.tensor([1.0, 0.0]), None, 2.0)
    assert re.findall(r'av-bar" style="top:([\d.]+)%;height:([\d.]+)%', html) == [
        ("50.00", "50.00"),
        ("100.00", "0.00"),
    ]


def test_whiskers_span_one_sigma_to_each_side_and_stay_inside() -> None:
    html = code_bars(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 9.0]), 2.0)
    boxes = re.findall(r'av-whisker" style="top:([\d.]+)%;height:([\d.]+)%', html)
    assert boxes == [("12.50", "25.00"), ("0.00", "100.00")]
    assert "z0 = 1.00 ± 0.50" in html


def test_a_long_code_is_a_field_of_cells() -> None:
    z = torch.zeros(MAX_BARS + 1)
    z[10] = 4.0
    html = code_bars(z, None, 4.0)
    found = re.search(r'src="data:image/png;base64,([^"]+)"', html)
    assert found is not None
    pixels = decode(base64.b64decode(found[1])).pixels.astype(int).sum(2)
    assert pixels.shape == (8, 9)
    assert np.argwhere(pixels > 300).tolist() == [[1, 1]]
    assert "<span>4</span>" in html


@pytest.mark.parametrize(
    ("mu", "sigma", "text"),
    [
        ([1.0], None, "1 number"),
        ([1.0, 2.0], None, "2 numbers"),
        ([1.0, 0.0, 0.0], None, "3 numbers, 1 of them not 0"),
        ([1.0, 0.0], [1.0, 1.0], "2 numbers: mean ± sigma"),
    ],
)
def test_the_words_beneath_a_code(mu: list[float], sigma: list[float] | None, text: str) -> None:
    assert summary(torch.tensor(mu), None if sigma is None else torch.tensor(sigma)) == text
