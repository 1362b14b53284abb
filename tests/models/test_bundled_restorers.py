"""The bundled restorers: small files that restore synthetic images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from aeviz.degradations import DEGRADATIONS
from aeviz.models import checkpoint, library
from aeviz.presets.restorers import RESTORERS
from aeviz.restoration.inference import figures, restore_8bit
from aeviz.restoration.photo import vividness_of
from aeviz.restoration.tasks import TASKS

MEGABYTES = 12

Figures = dict[str, dict[str, float]]
MUST: dict[
    str, Callable[[Figures], bool]
] = {  # what is reached; checkpoints/README.md has the aims
    "restore-denoise": lambda m: (
        m["noise 25 grey"]["psnr"] >= 28.55
        and m["noise 50 grey"]["psnr"] >= 25.35
        and min(m["noise 0"]["psnr"], m["noise 0 grey"]["psnr"]) >= 38
    ),
    "restore-impulse": lambda m: m["impulse 30"]["psnr"] >= 24.08 + 4,
    "restore-watermark": lambda m: (
        all(told["outside"] >= 45 for told in m.values())
        and all(
            told["inside"] >= told["inside_before"] + 8
            for name, told in m.items()
            if name != "watermark 30"
        )
    ),
    "restore-inpaint": lambda m: (
        m["holes 14"]["inside"] >= 19.67 + 0.5 and m["holes 24"]["inside"] >= 18.69 + 0.5
    ),
    "restore-x2": lambda m: gain(m["x2 2"]) >= 2.0,
    "restore-x4": lambda m: gain(m["x4 4"]) >= 1.0,
    "restore-jpeg": lambda m: gain(m["jpeg 10"]) >= 0.9,
    "restore-colour": lambda m: gain(m["grey 0"]) > 0 and m["grey 0"]["chroma"] >= 0.5,
}


def gain(told: dict[str, float]) -> float:
    return told["psnr"] - told["psnr_before"]


@pytest.fixture(autouse=True)
def _bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AEVIZ_CHECKPOINTS", raising=False)


def card(name: str) -> dict[str, Any]:
    return checkpoint.read_summary(library.find(name).path).card


def drawing() -> torch.Tensor:
    """A scene of edges, discs and slopes, in colour: (1, 3, 160, 160) in [0, 1]."""
    y, x = torch.meshgrid(torch.linspace(0, 1, 160), torch.linspace(0, 1, 160), indexing="ij")
    sky = torch.stack([0.35 + 0.3 * y, 0.5 + 0.25 * y, 0.8 - 0.1 * y])
    hill = torch.stack([0.2 + 0.2 * x, 0.45 - 0.1 * x, 0.15 + 0 * x])
    scene = torch.where(y > 0.6 + 0.1 * torch.sin(6 * x), hill, sky)
    for cy, cx, r, shade in ((0.3, 0.3, 0.15, 0.9), (0.5, 0.7, 0.2, 0.25), (0.8, 0.4, 0.1, 0.7)):
        inside = (y - cy) ** 2 + (x - cx) ** 2 < r**2
        scene = torch.where(inside, torch.tensor([shade, 0.8 * shade, 0.6]).view(3, 1, 1), scene)
    return (scene[None] * 255).round() / 255


def test_every_task_has_its_restorer_and_the_bottleneck_is_there() -> None:
    names = {info.name for info in library.restorers() if info.bundled}
    assert names == set(RESTORERS) == {task.model for task in TASKS.values()} | {"bottleneck-photo"}


@pytest.mark.parametrize("name", RESTORERS)
def test_a_file_is_small_and_its_card_is_whole(name: str) -> None:
    assert library.find(name).path.stat().st_size <= MEGABYTES * 10**6
    told = card(name)
    assert told["train_images"] >= 360
    assert told["test_images"] == 40
    assert told["metrics"]


@pytest.mark.parametrize("name", MUST)
def test_its_card_reaches_what_it_must(name: str) -> None:
    assert MUST[name](card(name)["metrics"])


GAIN = {"denoise": 6, "impulse": 6, "inpaint": 6, "x2": 0.3, "x4": 0.1, "jpeg": 0.3}


@pytest.mark.parametrize("task", GAIN)
def test_it_restores_a_drawing(task: str) -> None:
    """A drawing differs from the training data, but the result is closer to the truth."""
    loaded = library.load_restorer(TASKS[task].model)
    damage, x = DEGRADATIONS[TASKS[task].damage], drawing()
    given = damage.at(x, damage.default, torch.Generator().manual_seed(0))
    told = figures(damage.name, x, given, restore_8bit(loaded.model, given))
    assert told["psnr"] > told["psnr_before"] + GAIN[task]


def test_without_skips_the_detail_is_lost() -> None:
    x = drawing()
    given = DEGRADATIONS["noise"].at(x, 5, torch.Generator().manual_seed(0))
    errors = [
        (restore_8bit(library.load_restorer(name).model, given) - x).square().mean()
        for name in ("restore-denoise", "bottleneck-photo")
    ]
    assert errors[1] > 3 * errors[0]


def test_colour_is_a_guess_that_is_more_than_grey() -> None:
    loaded = library.load_restorer("restore-colour")
    assert 1 <= vividness_of(loaded.card) <= 1.8
    x = drawing()
    given = DEGRADATIONS["grey"].at(x, 0, torch.Generator())
    told = figures("grey", x, given, restore_8bit(loaded.model, given, vividness=1.0))
    assert told["chroma"] > 0.1
