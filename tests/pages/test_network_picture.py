from __future__ import annotations

from typing import Any

import pytest

from aeviz.config import MAX_CODE, MAX_LAYERS, MAX_WIDTH
from aeviz.presets.autoencoders import PRESETS
from aeviz.ui.train.network import Layers, read

EDIT: dict[str, Any] = {"edit": 3, "hidden": [64, 32], "channels": [], "code": 2}


def test_an_edit_is_read_as_layers_and_its_number() -> None:
    assert read(EDIT) == (3, Layers((64, 32), (), 2))


@pytest.mark.parametrize(
    "change",
    [
        {"edit": "3"},
        {"edit": None},
        {"hidden": "64"},
        {"hidden": [64.5]},
        {"hidden": [True]},
        {"hidden": [0]},
        {"hidden": [MAX_WIDTH + 1]},
        {"hidden": [8] * (MAX_LAYERS + 1)},
        {"channels": None},
        {"channels": [[8]]},
        {"code": 0},
        {"code": MAX_CODE + 1},
        {"code": "2"},
    ],
)
def test_what_is_no_edit_changes_nothing(change: dict[str, Any]) -> None:
    assert read(EDIT | change) is None


@pytest.mark.parametrize("nothing", [None, [], "edit", 3, {}])
def test_what_is_no_edit_at_all_changes_nothing(nothing: Any) -> None:
    assert read(nothing) is None


@pytest.mark.parametrize("name", [n for n, p in PRESETS.items() if p.config.network.kind != "unet"])
def test_every_preset_can_be_drawn(name: str) -> None:
    config = PRESETS[name].config
    network = config.network
    assert Layers(network.hidden, network.channels, config.bottleneck.latent_dim).drawable
