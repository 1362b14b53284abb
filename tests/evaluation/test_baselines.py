"""Baselines of a loss: by hand, and against scikit-learn."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.evaluation import baselines
from aeviz.evaluation.baselines import Baseline
from aeviz.evaluation.validation import to_float
from aeviz.presets.autoencoders import preset

BCE = preset("standard").config.replace(**{"bottleneck.latent_dim": 3})
MSE = preset("linear").config.replace(**{"bottleneck.latent_dim": 3})
PCA_LINE = Baseline("pca", "recon", 100.0, "PCA with 3 numbers", "PCA reaches 100.0.")
FLOOR = Baseline("floor", "recon", 40.0, "entropy floor", "No network can come below 40.0.")


def images(count: int, seed: int, side: int = 6) -> Tensor:
    noise = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 1, side, side), generator=noise, dtype=torch.uint8)


def named(found: list[Baseline]) -> dict[str, Baseline]:
    return {baseline.key: baseline for baseline in found}


def by_sklearn(train: Tensor, validation: Tensor, size: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = (to_float(part).flatten(1).double().numpy() for part in (train, validation))
    pca = PCA(size, svd_solver="full").fit(x)
    return y, pca.inverse_transform(pca.transform(y))


@pytest.mark.parametrize("side", [6, 40])  # decomposed exactly, and by random projections
def test_the_mse_line_is_that_of_scikit_learns_pca(side: int) -> None:
    code = images(1200, 0, 2).flatten(1).float() @ torch.rand(4, side * side) / 4
    rows = code.clamp(0, 255).to(torch.uint8).view(-1, 1, side, side)
    train, validation = rows[:1100], rows[1100:]
    y, y_hat = by_sklearn(train, validation, 3)
    (line,) = baselines.baselines(MSE, train, validation)
    assert (line.key, line.term, line.title) == ("pca", "recon", "PCA with 3 numbers")
    assert line.value == pytest.approx(np.square(y - y_hat).sum(1).mean(), rel=1e-3)


def test_the_bce_line_is_of_the_pca_clipped_half_a_grey_level_inside() -> None:
    train, validation = images(200, 0), images(50, 1)
    y, y_hat = by_sklearn(train, validation, 3)
    p = y_hat.clip(0.5 / 255, 1 - 0.5 / 255)
    wanted = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(1).mean()
    found = named(baselines.baselines(BCE, train, validation))
    assert found["pca"].value == pytest.approx(wanted, rel=1e-4)
    assert set(found) == {"pca", "floor"}


def test_the_floor_by_hand() -> None:
    grey = torch.full((10, 1, 2, 2), 51, dtype=torch.uint8)  # 0.2
    per_pixel = -0.2 * math.log(0.2) - 0.8 * math.log(0.8)
    found = named(baselines.baselines(BCE, grey, grey))
    assert found["floor"].value == pytest.approx(4 * per_pixel, rel=1e-5)
    assert f"({per_pixel:.4f} per pixel)" in found["floor"].sentence


@pytest.mark.parametrize(("name", "floor"), [("mnist", 0.0581), ("fashion-mnist", 0.2422)])
def test_the_known_floors(name: str, floor: float) -> None:
    if not os.environ.get("AEVIZ_DATA") or not datasets.available(name):
        pytest.skip("the data are not here")
    test = datasets.load(name).test.images
    (line,) = baselines.baselines(BCE.replace(**{"bottleneck.latent_dim": 784}), test[:9], test)
    assert line.value / 784 == pytest.approx(floor, abs=5e-5)


def test_pca_sees_the_noise_that_the_network_sees() -> None:
    noisy = MSE.replace(**{"corruption.kind": "masking", "corruption.amount": 0.5})
    train, validation = images(200, 0), images(50, 1)
    clean, harder = (baselines.baselines(c, train, validation)[0] for c in (MSE, noisy))
    assert harder.value > clean.value
    assert "noisy" in harder.sentence
    assert "noisy" not in clean.sentence


def test_nothing_is_said_of_pca_where_the_code_is_as_wide_as_the_image() -> None:
    wide = BCE.replace(**{"bottleneck.latent_dim": 36})
    assert set(named(baselines.baselines(wide, images(99, 0), images(9, 1)))) == {"floor"}


def test_there_is_nothing_for_photographs() -> None:
    config = RunConfig().replace(**{"network.output": "linear", "loss.reconstruction": "log-mse"})
    assert baselines.baselines(config, images(9, 0), images(9, 1)) == []


def test_published_figures_are_for_runs_like_theirs_only() -> None:
    hinton = MSE.replace(**{"dataset": "mnist", "bottleneck.latent_dim": 30})
    pytorch = preset("vae").config.replace(
        dataset="mnist", **{"network.hidden": [400], "bottleneck.latent_dim": 20}
    )

    def published(config: RunConfig) -> list[tuple[float, str]]:
        rows = baselines.PUBLISHED
        return [(r.baseline.value, r.baseline.term) for r in rows if r.applies(config)]

    assert published(hinton) == [(3.0, "recon")]
    assert published(pytorch) == [(105.6, "loss")]
    assert all(row.baseline.source for row in baselines.PUBLISHED)
    for other in (
        hinton.replace(dataset="mnist-5k"),
        hinton.replace(**{"bottleneck.latent_dim": 32}),
        hinton.replace(**{"corruption.kind": "gaussian"}),
        pytorch.replace(**{"loss.beta": 4}),
        pytorch.replace(**{"network.hidden": [512]}),
        preset("standard").config.replace(dataset="mnist"),
    ):
        assert published(other) == []


# ---- sentences ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "best"),
    [
        ({}, True),
        ({"corruption.kind": "masking"}, False),
        ({"loss.reconstruction": "l1"}, False),
        ({"loss.reconstruction": "bce", "network.output": "sigmoid"}, False),
    ],
)
def test_pca_is_the_best_linear_code_for_squared_error_of_clean_images_only(
    changes: dict[str, object], best: bool
) -> None:
    found = named(baselines.baselines(MSE.replace(**changes), images(99, 0), images(9, 1)))
    assert ("no linear code" in found["pca"].sentence) == best


# ---- on the disk -------------------------------------------------------------------------------


def small() -> Dataset:
    split = datasets.Split(images(60, 0), torch.zeros(60, dtype=torch.int64))
    return Dataset("small", "Small", ("a",), (), split, split, split, "0" * 64)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    path, dataset = tmp_path / "baselines.json", small()
    state = torch.random.get_rng_state()
    baselines.keep(path, BCE, dataset)
    assert torch.equal(torch.random.get_rng_state(), state)
    found = baselines.baselines(BCE, dataset.train.images, dataset.validation.images)
    assert baselines.read(path, BCE) == found
    before = path.stat().st_mtime_ns
    baselines.keep(path, MSE, dataset)  # once is enough
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "{",
        json.dumps([{"key": "pca"}]),
        json.dumps([asdict(PCA_LINE) | {"value": math.nan}]),
        "7",
    ],
)
def test_a_damaged_or_missing_file_is_no_baselines(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baselines.json"
    assert baselines.read(path, BCE) == []
    path.write_text(text)
    assert baselines.read(path, BCE) == []


def test_what_an_older_aeviz_said_of_pca_is_said_anew(tmp_path: Path) -> None:
    path = tmp_path / "baselines.json"
    old = replace(PCA_LINE, sentence="PCA, the best linear code of this size, is at 100.0.")
    path.write_text(json.dumps([asdict(old), asdict(FLOOR)]))
    pca, floor = baselines.read(path, BCE)
    assert "best" not in pca.sentence
    assert "100.0" in pca.sentence
    assert floor == FLOOR


def test_a_failure_does_not_end_a_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise torch.linalg.LinAlgError("did not converge")

    monkeypatch.setattr("aeviz.pca.fit", fail)
    baselines.keep(tmp_path / "baselines.json", BCE, small())
    assert (tmp_path / "baselines.json").read_text() == "[]"  # and is not retried every epoch


def test_a_removed_folder_is_not_made_anew(tmp_path: Path) -> None:
    baselines.keep(tmp_path / "gone" / "baselines.json", BCE, small())
    assert not (tmp_path / "gone").exists()
