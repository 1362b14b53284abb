"""The model card fold: strangers' cards never break it, and comparisons are of one data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aeviz.config import RunConfig
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.ui.shared import card


def info(name: str, dataset: str = "mnist", **figures: object) -> ModelInfo:
    config = RunConfig(dataset=dataset)
    return ModelInfo(
        name,
        Path(name),
        name,
        "deep",
        dataset,
        (1, 8, 8),
        4,
        config,
        {"metrics": figures},
        True,
        0.0,
    )


def test_a_comparison_holds_the_models_of_one_data_set_with_this_one_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = [info("a", mse=0.1), info("b", mse=0.2, knn_accuracy=0.9), info("c", "digits")]
    monkeypatch.setattr(library, "models", lambda: models)
    rows = card.comparison(models[1])
    assert rows["Model"].tolist() == ["b", "a"]
    assert rows["MSE"].tolist() == [0.2, 0.1]
    assert rows["kNN accuracy"].isna().tolist() == [False, True]


def test_a_strangers_card_is_shown_as_far_as_it_makes_sense(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    odd = replace(info("odd"), card={"metrics": [1], "epochs": "many", "parameters": None})
    monkeypatch.setattr(library, "models", lambda: [odd])
    assert card.comparison(odd)["MSE"].isna().all()
    assert "many" not in card._origin(odd)


def test_a_figure_stands_beside_the_same_network_without_its_penalty() -> None:
    text = card._sentence("jacobian_norm", {"jacobian_norm": 1.0}, {"jacobian_norm": 9.5})
    assert "1.00" in text
    assert "9.50" in text
    assert card._sentence("jacobian_norm", {"jacobian_norm": "x"}, {}) == ""


def test_the_vote_of_codes_stands_beside_that_of_pixels() -> None:
    """Pixels are often as good, so the accuracy alone says little about the code."""
    text = card._neighbours({"knn_accuracy": 0.93, "knn_accuracy_pixels": 0.944})
    assert "93.0%" in text
    assert "94.4%" in text
    assert card._neighbours({"knn_accuracy": 0.93}) == ""


def test_losses_of_different_kinds_stand_in_no_column() -> None:
    assert "loss" not in card.COLUMNS
    figures = {"loss": 94.0, "recon": 70.0, "kl": 24.0}
    vae = RunConfig().replace(**{"type": "vae", "bottleneck.kind": "gaussian"})
    assert "94.0 nats per image = 70.0" in card._loss(figures, vae)
    assert card._loss({"loss": [1]}, vae) == ""


def test_an_older_card_tells_how_well_each_factor_is_followed() -> None:
    (said,) = card._factors({"factor_scores": {"x": 0.94, "y": "high"}})
    assert "**x**" in said
    mig, named = card._factors(
        {"mig": 0.4, "factors": {"x": {"dimension": 3, "score": 0.9}}, "factor_scores": {"x": 0.9}}
    )
    assert "0.40" in mig
    assert "z3" in named
