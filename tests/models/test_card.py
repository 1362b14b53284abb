"""Only those values of a card are kept that a page can show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import safetensors
from small_models import pca_denoiser, save

from aeviz.io import json_file
from aeviz.models import card as model_card
from aeviz.models import checkpoint

ROOT = Path(__file__).parents[2]
BUNDLED = sorted((ROOT / "checkpoints").glob("*.safetensors"))


@pytest.mark.parametrize("path", BUNDLED, ids=[path.stem for path in BUNDLED])
def test_every_bundled_card_is_taken_as_it_is(path: Path) -> None:
    with safetensors.safe_open(path, framework="pt") as file:
        written = json_file.parse(file.metadata()["card"])
    assert model_card.checked(written) == written


@pytest.mark.parametrize(
    "number", [10**200, 2**63, -(10**19), float("nan"), float("inf"), 1e300, True, "7", None, [7]]
)
@pytest.mark.parametrize("key", ["parameters", "epochs", "test_images", "seconds"])
def test_a_bad_number_counts_as_absent(key: str, number: Any) -> None:
    assert model_card.checked({key: number, "date": "2026-11-30"}) == {"date": "2026-11-30"}


@pytest.mark.parametrize("figure", [10**400, float("nan"), "<b>", {}, [0.1], False])
def test_a_bad_figure_counts_as_absent(figure: Any) -> None:
    card = {"metrics": {"mse": figure, "psnr": 20.5, "denoise": figure}}
    kept = model_card.checked(card)["metrics"]
    assert kept.pop("denoise", {}) == {}
    assert kept == {"psnr": 20.5}


def test_texts_are_short_and_can_be_shown() -> None:
    card = {"dataset_title": "x" * 5_000, "device": "CPU\u202e", "date": 7, "ended": "\ud800"}
    assert model_card.checked(card) == {}


def test_nothing_is_deep_or_endless() -> None:
    deep: dict[str, Any] = {}
    for _ in range(10):
        deep = {"a": deep}
    many = {f"key {i}": i for i in range(5_000)}
    assert len(model_card.checked(many)) <= model_card.MAX_ENTRIES
    assert len(str(model_card.checked(deep))) < 100
    assert model_card.checked({"a": [1] * 5_000}) == {}


def test_it_is_checked_as_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save(path, pca_denoiser(), parameters=10**200, epochs=3, metrics={"mse": "<b>"})
    for card in (checkpoint.read_summary(path).card, checkpoint.load(path).card):
        assert card == {"epochs": 3, "metrics": {}}
