from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.evaluation.evaluate import reconstruct
from aeviz.evaluation.validation import to_float
from aeviz.training import snapshots
from aeviz.training.state import begin
from tests.training.test_loop import CPU


def test_a_snapshot_reads_back_what_was_seen(
    config: RunConfig, dataset: Dataset, tmp_path: Path
) -> None:
    model = begin(config, dataset, CPU).model.train()
    snapshots.write(tmp_path, 2, 3, model, dataset.validation)
    assert model.training
    snapshot = snapshots.read(tmp_path / "epoch-00002.safetensors")
    assert snapshot.epoch == 2
    assert np.array_equal(snapshot.x, dataset.validation.images[:8].numpy())
    assert np.array_equal(snapshot.x_in, snapshot.x)
    x_hat = reconstruct(model.eval(), to_float(dataset.validation.images[:8]))
    assert np.abs(snapshot.x_hat / 255 - x_hat.numpy()).max() <= 0.5 / 255 + 1e-6
    assert snapshot.latents.shape == (40, 3)
    assert snapshot.labels.tolist() == dataset.validation.labels.tolist()


def test_noisy_inputs_are_the_same_after_each_epoch(
    config: RunConfig, dataset: Dataset, tmp_path: Path
) -> None:
    state = begin(config.replace(**{"corruption.kind": "gaussian"}), dataset, CPU)
    noise = state.noise.get_state()
    for epoch in (0, 1):
        snapshots.write(tmp_path, epoch, 3, state.model, dataset.validation)
    first, second = map(snapshots.read, sorted(tmp_path.iterdir()))
    assert not np.array_equal(first.x, first.x_in)
    assert np.array_equal(first.x_in, second.x_in)
    assert torch.equal(state.noise.get_state(), noise)


def test_a_long_run_keeps_few_snapshots_and_the_newest(
    config: RunConfig, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MAX_KEPT", 6)
    model = begin(config, dataset, CPU).model
    for epoch in range(22):
        snapshots.write(tmp_path, epoch, 40, model, dataset.validation)
        assert (tmp_path / f"epoch-{epoch:05d}.safetensors").exists()
        assert len(list(tmp_path.iterdir())) <= 7
    epochs = sorted(int(path.stem[-5:]) for path in tmp_path.iterdir())
    assert epochs == [0, 8, 16, 21]


@pytest.mark.parametrize("epochs", [1, 10, 99, 100, 1000, 10_000])
def test_never_more_than_a_hundred_are_kept(epochs: int) -> None:
    kept = [epoch for epoch in range(epochs + 1) if snapshots.is_kept(epoch, epochs)]
    assert len(kept) <= snapshots.MAX_KEPT
    assert kept[0] == 0
    assert len(kept) > min(epochs, snapshots.MAX_KEPT // 2 - 1)


def test_wide_codes_keep_fewer_images(config: RunConfig, dataset: Dataset, tmp_path: Path) -> None:
    model = begin(config.replace(**{"bottleneck.latent_dim": 4096}), dataset, CPU).model
    snapshots.write(tmp_path, 0, 1, model, dataset.validation)
    snapshot = snapshots.read(tmp_path / "epoch-00000.safetensors")
    assert snapshot.latents.shape == (31, 4096)
    assert len(snapshot.labels) == 31
    assert (tmp_path / "epoch-00000.safetensors").stat().st_size < 400_000


def test_a_damaged_snapshot_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "epoch-00001.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(UserError, match="cannot be read"):
        snapshots.read(tmp_path / "epoch-00001.safetensors")
    with pytest.raises(UserError, match="cannot be read"):
        snapshots.read(tmp_path / "epoch-00002.safetensors")


def test_a_flipped_bit_is_a_sentence(config: RunConfig, dataset: Dataset, tmp_path: Path) -> None:
    snapshots.write(tmp_path, 0, 1, begin(config, dataset, CPU).model, dataset.validation)
    path = tmp_path / "epoch-00000.safetensors"
    data = bytearray(path.read_bytes())
    data[-9] ^= 4
    path.write_bytes(data)
    with pytest.raises(UserError, match="cannot be read"):
        snapshots.read(path)


def test_a_turned_and_mirrored_map_is_turned_back() -> None:
    rng = np.random.default_rng(0)
    codes = (rng.normal(size=(50, 5)) * [5, 3, 0.1, 0.1, 0.1]).astype(np.float16)
    before = snapshots.latent_map(codes, None)
    angle = 2.0
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turned = (before @ turn * [1, -1]).astype(np.float32)
    places = snapshots.latent_map(codes, turned)
    np.testing.assert_allclose(places - places.mean(0), turned - turned.mean(0), atol=1e-3)
    np.testing.assert_allclose(  # a turn keeps all distances
        np.linalg.norm(places - places[0], axis=1),
        np.linalg.norm(before - before[0], axis=1),
        atol=1e-4,
    )


def test_codes_of_two_dimensions_are_drawn_as_they_are() -> None:
    codes = np.array([[1, 2], [3, -4], [0, 0.5]], np.float16)
    assert np.array_equal(snapshots.latent_map(codes, None), codes)
    assert np.array_equal(snapshots.latent_map(codes, -codes.astype(np.float32)), codes)


def test_what_is_no_snapshot_is_none(tmp_path: Path) -> None:
    names = ("epoch-00002", "epoch-00010", "live", "epoch-1", ".epoch-00003", "epoch-000004")
    for name in names:
        (tmp_path / f"{name}.safetensors").touch()
    assert [snapshots.epoch_of(path) for path in snapshots.files(tmp_path)] == [2, 10]


def test_places_glide_from_the_snapshot_before(
    config: RunConfig, dataset: Dataset, tmp_path: Path
) -> None:
    model = begin(config, dataset, CPU).model
    snapshots.write(tmp_path, 0, 2, model, dataset.validation)
    head = model.bottleneck.mu
    with torch.no_grad():  # the same codes, turned and mirrored
        head.weight.copy_(-head.weight[[2, 0, 1]])
        head.bias.copy_(-head.bias[[2, 0, 1]])
    snapshots.write(tmp_path, 1, 2, model, dataset.validation)
    first, second = map(snapshots.read, snapshots.files(tmp_path))
    assert not np.allclose(first.latents, second.latents, atol=0.01)
    np.testing.assert_allclose(first.places, second.places, atol=2e-3)


def test_a_snapshot_carries_its_manifold_and_its_diagnostics(
    config: RunConfig, dataset: Dataset, tmp_path: Path
) -> None:
    model = begin(config, dataset, CPU).model
    snapshots.write(tmp_path, 0, 2, model, dataset.validation)
    snapshot = snapshots.read(tmp_path / "epoch-00000.safetensors")
    assert snapshot.manifold is not None
    assert snapshot.manifold.tiles.shape == (12, 12, 1, 8, 8)
    assert snapshot.diagnostics["kl"].shape == (3,)
    assert snapshot.diagnostics["filters"].shape == (20, 1, 8, 8)


def test_a_snapshot_of_an_older_aeviz_is_read(
    config: RunConfig, dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "epoch-00000.safetensors"
    snapshots.write(tmp_path, 0, 2, begin(config, dataset, CPU).model, dataset.validation)
    plain = {key: value for key, value in load_file(path).items() if "." not in key}
    del plain["places"]
    save_file(plain, path)
    snapshot = snapshots.read(path)
    assert snapshot.manifold is None
    assert snapshot.diagnostics == {}
    assert snapshot.places.shape == (40, 2)


@pytest.mark.parametrize("name", ["labels", "places", "manifold.rows", "x_hat"])
def test_arrays_that_do_not_fit_each_other_are_a_sentence(
    config: RunConfig, dataset: Dataset, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "epoch-00000.safetensors"
    snapshots.write(tmp_path, 0, 2, begin(config, dataset, CPU).model, dataset.validation)
    tensors = load_file(path)
    save_file(tensors | {name: tensors[name][:-1].copy()}, path)
    with pytest.raises(UserError, match="cannot be read"):
        snapshots.read(path)
