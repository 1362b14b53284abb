from __future__ import annotations

import re

import pytest

from aeviz.datasets import DATASETS
from aeviz.presets import PRESETS
from aeviz.ui.network import HIGHEST, LOWEST, bar_height, network_svg


def heights(svg: str) -> list[float]:
    return [float(h) for h in re.findall(r'<rect [^>]*? height="([\d.]+)"', svg)]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_drawn_as_its_own_mirror_image(name: str) -> None:
    config = PRESETS[name].config
    svg = network_svg(config, DATASETS[config.dataset].image_shape)
    bars = heights(svg)
    assert bars == bars[::-1]
    assert len(bars) % 2 == 1
    assert svg.count("<polygon") == len(bars) - 1
    assert svg.count('class="code"') == 1


def test_the_labels_are_the_layers() -> None:
    svg = network_svg(PRESETS["deep"].config, (1, 28, 28))
    assert "784 to 512 to 256 to 128 to [16] to 128 to 256 to 512 to 784" in svg
    bars = heights(svg)
    assert bars[:5] == sorted(bars[:5], reverse=True)
    conv = network_svg(PRESETS["convolutional"].config, (1, 28, 28))
    assert ">32 ×<" in conv
    assert ">14×14<" in conv


def test_a_wider_code_is_drawn_higher_than_the_image() -> None:
    bars = heights(network_svg(PRESETS["overcomplete"].config, (1, 28, 28)))
    assert bars[1] == HIGHEST > bars[0]


def test_heights_are_logarithmic_between_their_bounds() -> None:
    assert bar_height(1000, 1000) == HIGHEST
    assert LOWEST < bar_height(1, 1000) < bar_height(10, 1000)
    step = bar_height(99, 10**6) - bar_height(9, 10**6)
    assert bar_height(999, 10**6) - bar_height(99, 10**6) == pytest.approx(step)
