"""People's own data sets on the disk: written atomically, and checked when they are read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from aeviz import datasets
from aeviz.datasets import custom, custom_images
from aeviz.errors import UserError
from aeviz.io import paths


@pytest.fixture(autouse=True)
def datasets_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AEVIZ_DATASETS", str(tmp_path / "datasets"))
    return tmp_path / "datasets"


def pictures(*counts: int, side: int = 16, channels: int = 1) -> tuple[Tensor, Tensor]:
    """Noise, and shuffled labels with these counts per class."""
    total = sum(counts)
    generator = torch.Generator().manual_seed(total)
    shape = (total, channels, side, side)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return images, labels[torch.randperm(total, generator=generator)]


def keep(*counts: int, title: str = "Cats & dogs", **about: Any) -> str:
    images, labels = pictures(*counts)
    names = tuple(f"class {i}" for i in range(len(counts)))
    return custom_images.keep(title, images, labels, {"class_names": names} | about)


def test_what_is_kept_is_what_is_loaded() -> None:
    images, labels = pictures(15, 10)
    name = custom_images.keep("Cats & dogs!", images, labels, {"class_names": ("cat", "dog")})
    assert name.startswith("own-cats-dogs-")
    said, read, ids = custom_images.load(paths.datasets_dir() / name / "data.safetensors")
    assert torch.equal(read, images)
    assert torch.equal(ids, labels)
    assert (said.title, said.class_names, said.counts) == ("Cats & dogs!", ("cat", "dog"), (15, 10))
    source = datasets.find(name)
    dataset = datasets.load(name)
    assert dataset.class_names == source.class_names == ("cat", "dog")
    assert dataset.image_shape == source.image_shape == (1, 16, 16)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == source.counts
    together = torch.cat([s.images for s in (dataset.train, dataset.validation, dataset.test)])
    assert sorted(together.flatten(1).tolist()) == sorted(images.flatten(1).tolist())


def test_another_process_finds_it() -> None:
    name = keep(20)
    check = f"from aeviz import datasets; print(len(datasets.load({name!r}).train))"
    answer = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert answer.stdout == "16\n", answer.stderr


def test_the_newest_comes_first_and_the_tables_own_before_them(datasets_dir: Path) -> None:
    older, newer = keep(20), keep(21)
    os.utime(datasets_dir / older / "data.safetensors", (1, 1))
    assert list(datasets.table()) == [*datasets.DATASETS, newer, older]


def test_splits_share_each_class() -> None:
    images, labels = pictures(100, 40, 7, 2, 1)
    images[:, 0, 0, 0] = torch.arange(150).to(torch.uint8)  # the corner identifies each image
    splits = custom_images.split_by_class(images, labels, 5)
    parts = (splits.train, splits.validation, splits.test)
    counts = [part.labels.bincount(minlength=5).tolist() for part in parts]
    assert counts == [[80, 32, 5, 2, 1], [10, 4, 1, 0, 0], [10, 4, 1, 0, 0]]
    assert (
        custom.split_counts((100, 40, 7, 2, 1))
        == tuple(len(part) for part in parts)
        == (120, 15, 15)
    )
    corners = torch.cat([part.images[:, 0, 0, 0] for part in parts])
    assert sorted(corners.tolist()) == list(range(150))
    first = splits.validation.labels[:8].unique()
    assert len(first) > 1, "the first images of a split show more than one class"
    again = custom_images.split_by_class(images, labels, 5)
    assert torch.equal(again.train.images, splits.train.images)
    other = custom_images.split_by_class(images, labels, 5, seed=1)
    assert not torch.equal(other.train.images, splits.train.images)


def test_classes_of_one_image_each_are_split_together() -> None:
    images, labels = pictures(*([1] * 30))
    splits = custom_images.split_by_class(images, labels, 30)
    sizes = tuple(len(part) for part in (splits.train, splits.validation, splits.test))
    assert sizes == custom.split_counts([1] * 30) == (24, 3, 3)


def test_every_small_set_has_something_in_every_split() -> None:
    for counts in ((20,), (10, 10), (19, 1), (2,) * 10, (1,) * 20, (3,) * 7):
        train, validation, test = custom.split_counts(counts)
        assert min(validation, test) >= 1
        assert train >= 6
        assert train + validation + test == sum(counts)


def test_a_flipped_byte_is_found_before_anything_is_trained(datasets_dir: Path) -> None:
    name = keep(12, 12)
    path = datasets_dir / name / "data.safetensors"
    whole = path.read_bytes()
    _, images, labels = custom_images.load(path)
    found = 0
    places = [*range(0, 900, 7), *range(900, len(whole), 61)]
    for place in places:
        data = bytearray(whole)
        data[place] ^= 0x10
        path.write_bytes(data)
        try:
            _, read, ids = custom_images.load(path)
        except UserError as error:
            found += 1
            assert "damaged" in str(error)  # noqa: PT017
        else:  # white space in the header, or the order of its keys: irrelevant
            assert torch.equal(read, images)
            assert torch.equal(ids, labels)
    assert found > 0.97 * len(places)
    path.write_bytes(whole[:-1])
    with pytest.raises(UserError, match="damaged"):
        datasets.load(name)


def rewritten(path: Path, tensors: dict[str, Tensor] | None = None, **changes: Any) -> None:
    """The file with another description, or other tensors, and a matching hash."""
    with safetensors.safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata())
        tensors = tensors or {name: file.get_tensor(name) for name in ("images", "labels")}
    text = json.dumps(json.loads(metadata["description"]) | changes)
    digest = custom_images.content_hash(text, tensors["images"], tensors["labels"])
    metadata |= {"description": text, "sha256": digest}
    path.write_bytes(safetensors.torch.save(tensors, metadata))


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [1, 32, 8]},
        {"shape": [2, 16, 16]},
        {"shape": [1, 16]},
        {"counts": [25, -1]},
        {"counts": [24]},
        {"counts": [13, 11]},
        {"class_names": ["a", "a"]},
        {"class_names": ["a", "\u202e"]},
        {"class_names": ["a", "x" * 41]},
        {"title": ""},
        {"title": 3},
        {"left_out": 3},
        {"notes": {"a": "b"}},
        {"more": 1},
    ],
)
def test_a_description_that_cannot_be_is_refused(
    datasets_dir: Path, changes: dict[str, Any]
) -> None:
    name = keep(12, 12)
    path = datasets_dir / name / "data.safetensors"
    rewritten(path)
    assert custom_images.load(path)
    rewritten(path, **changes)
    with pytest.raises(UserError, match="damaged"):
        custom_images.load(path)


def test_tensors_that_do_not_fit_are_refused(datasets_dir: Path) -> None:
    name = keep(12, 12)
    path = datasets_dir / name / "data.safetensors"
    _, images, labels = custom_images.load(path)
    for wrong in (
        {"images": images.float(), "labels": labels.short()},
        {"images": images, "labels": labels},
        {"images": images[1:], "labels": labels.short()},
        {"images": images, "labels": (labels + 1).short()},
        {"images": images, "labels": (labels - 1).short()},
    ):
        rewritten(path, {key: value.contiguous() for key, value in wrong.items()})
        with pytest.raises(UserError, match="damaged"):
            custom_images.load(path)
    assert path.parent.name == name
    path.write_bytes(b"\x80\x04nothing")
    assert datasets.get(name) is None
    assert name not in datasets.table()


def test_removed_it_is_gone_for_everybody(datasets_dir: Path) -> None:
    name = keep(20)
    datasets.load(name)
    custom.remove(name)
    assert list(datasets_dir.iterdir()) == []
    assert datasets.get(name) is None
    for ask in (datasets.load, datasets.find, datasets.available):
        with pytest.raises(UserError, match=f"'{name}' is no longer on this server"):
            ask(name)
    with pytest.raises(UserError, match="no longer"):
        custom.remove(name)


@pytest.mark.parametrize(
    "name", ["mnist", "own-", "own-../x", "../own-a", "own-A", "own-a/b", "", "own-" + "a" * 61]
)
def test_nothing_else_is_found_or_removed(datasets_dir: Path, name: str) -> None:
    keep(20)
    (datasets_dir / "x").mkdir()
    assert custom.source(name) is None
    for ask in (custom.remove, custom.description):
        with pytest.raises(UserError):
            ask(name)
    assert len(list(datasets_dir.iterdir())) == 2


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    datasets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="free some disk space"):
        keep(20)
    assert custom.sources() == []
    assert not list(datasets_dir.rglob("*.*"))


def test_too_few_and_too_many_are_sentences() -> None:
    with pytest.raises(UserError, match="needs at least 20"):
        keep(19)
    images = torch.zeros(1, dtype=torch.uint8).expand(custom.MOST + 1, 1, 16, 16)
    labels = torch.zeros(custom.MOST + 1).long()
    with pytest.raises(UserError, match="too many"):
        custom_images.keep("x", images, labels, {"class_names": ("a",)})


def test_where_they_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert paths.datasets_dir() == tmp_path / "datasets"
    monkeypatch.delenv("AEVIZ_DATASETS")
    monkeypatch.setenv("AEVIZ_CHECKPOINTS", str(tmp_path / "models"))
    assert paths.datasets_dir() == tmp_path / "models" / "datasets"
    monkeypatch.delenv("AEVIZ_CHECKPOINTS")
    root = Path(__file__).parents[2]
    assert paths.datasets_dir() == root / "checkpoints" / "datasets"
    assert "checkpoints/datasets/" in (root / ".gitignore").read_text().splitlines()


def test_examples_are_the_first_of_each_class() -> None:
    name = keep(15, 10)
    _, images, labels = custom_images.load(paths.datasets_dir() / name / "data.safetensors")
    cats, dogs = custom_images.examples(name, 4)
    assert torch.equal(cats, images[labels == 0][:4])
    assert torch.equal(dogs, images[labels == 1][:4])
