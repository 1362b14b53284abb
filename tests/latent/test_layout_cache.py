from dataclasses import replace

import numpy as np
import pytest
import torch

from aeviz.io import atomic
from aeviz.latent import layout_cache
from aeviz.latent.layout_cache import METHODS, cached


def codes(n=60, d=5, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


@pytest.fixture
def counted(monkeypatch):
    """Stands in for the layouts, which have their own tests, and counts its calls."""
    calls = []

    def fake(z, seed, progress, cancelled, initial):
        calls.append(seed)
        return codes(len(z), 2, seed=len(calls))

    for name, method in METHODS.items():
        monkeypatch.setitem(METHODS, name, replace(method, compute=fake))
    return calls


def test_a_cache_hit_gives_the_same_places_and_no_work(tmp_path, counted):
    z, shares = codes(), []
    first = cached("tsne", z, tmp_path / "new")
    second = cached("tsne", torch.from_numpy(z), tmp_path / "new", progress=shares.append)
    np.testing.assert_array_equal(first, second)
    assert len(counted) == 1
    assert shares == [1.0]
    assert [p.suffix for p in (tmp_path / "new").iterdir()] == [".safetensors"]


def test_the_cache_tells_layouts_codes_seeds_and_starts_apart(tmp_path, counted):
    z = codes()
    cached("tsne", z, tmp_path)
    cached("tsne", z + 1, tmp_path)
    cached("tsne", z.reshape(30, 10), tmp_path)
    cached("tsne", z, tmp_path, seed=1)
    cached("tsne", z, tmp_path, initial=codes(60, 2))
    cached("umap", z, tmp_path)
    assert len(counted) == 6


def test_the_cache_keeps_what_was_computed(tmp_path):
    z = codes(12)
    places = cached("tsne", z, tmp_path)
    np.testing.assert_array_equal(places, cached("tsne", z, tmp_path))
    assert places.std() > 0.01


@pytest.mark.parametrize("broken", ["truncated", "noise", "empty", "another shape", "nan"])
def test_a_broken_cache_file_is_computed_afresh(tmp_path, counted, broken):
    z = codes()
    cached("tsne", z, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    content = {
        "truncated": whole[:-7],
        "noise": b"\xff" * 300,
        "empty": b"",
        "another shape": layout_cache.save({"coords": codes(3, 2)}),
        "nan": layout_cache.save({"coords": np.full((60, 2), np.nan, np.float32)}),
    }
    path.write_bytes(content[broken])
    again = cached("tsne", z, tmp_path)
    assert len(counted) == 2
    np.testing.assert_array_equal(cached("tsne", z, tmp_path), again)
    assert len(counted) == 2


def test_a_cache_that_cannot_be_written_loses_nothing(tmp_path, counted):
    (tmp_path / "file").write_text("not a folder")
    assert cached("tsne", codes(), tmp_path / "file").shape == (60, 2)


def test_a_failed_write_leaves_no_file_behind(tmp_path, counted, monkeypatch):
    def full_disk(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(atomic.os, "replace", full_disk)
    cached("tsne", codes(), tmp_path)
    assert not list(tmp_path.iterdir())
