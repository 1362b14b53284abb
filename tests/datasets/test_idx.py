import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor

from aeviz.datasets import DATASETS
from aeviz.datasets.idx import SHA256, SUMS, IdxFiles, files_of
from aeviz.errors import UserError

TRAIN, VALIDATION, TEST = 20, 5, 10
FILES = IdxFiles("Tiny", "MNIST", (TRAIN, VALIDATION, TEST))


def idx(content: Tensor) -> bytes:
    header = struct.pack(f">HBB{content.ndim}I", 0, 8, content.ndim, *content.shape)
    return header + content.numpy().tobytes()


def contents() -> dict[str, bytes]:
    """Four IDX files in which image i of a part is filled with i and labelled i % 10."""
    files = {}
    for part, count in (("train", TRAIN + VALIDATION), ("t10k", TEST)):
        number = torch.arange(count, dtype=torch.uint8)
        images = number.view(-1, 1, 1).expand(-1, 28, 28).contiguous()
        files[f"{part}-images-idx3-ubyte"] = idx(images)
        files[f"{part}-labels-idx1-ubyte"] = idx(number % 10)
    return files


def write(root: Path) -> Path:
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in contents().items():
        (raw / name).write_bytes(content)
    return raw


def read(root: Path, progress=lambda fraction, message: None):
    return FILES.read(root, progress)


@pytest.fixture
def served(mirror, monkeypatch):
    """torchvision's MNIST class with the tiny files on the loopback mirror."""
    mirror.files = {
        f"{name}.gz": gzip.compress(content, mtime=0) for name, content in contents().items()
    }
    resources = [(name, hashlib.md5(body).hexdigest()) for name, body in mirror.files.items()]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [mirror.address])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    return mirror


def test_splits_the_official_training_part_and_keeps_the_official_test_part(tmp_path):
    write(tmp_path)
    splits = read(tmp_path)
    numbers = [s.images[:, 0, 0, 0] for s in (splits.train, splits.validation)]
    assert [len(part) for part in numbers] == [TRAIN, VALIDATION]
    assert sorted(torch.cat(numbers).tolist()) == list(range(TRAIN + VALIDATION))
    assert splits.test.images[:, 0, 13, 13].tolist() == list(range(TEST))
    for split in (splits.train, splits.validation, splits.test):
        assert split.images.shape[1:] == (1, 28, 28)
        assert split.images.dtype == torch.uint8
        assert split.labels.dtype == torch.int64
        assert torch.equal(split.labels, split.images[:, 0, 0, 0].long() % 10)


def test_reads_what_torchvision_reads(tmp_path):
    write(tmp_path)
    theirs = torchvision.datasets.MNIST(tmp_path, train=False, download=False)
    ours = read(tmp_path).test
    assert torch.equal(ours.images[:, 0], theirs.data)
    assert torch.equal(ours.labels, theirs.targets)


def test_downloads_what_is_missing_into_torchvisions_layout(served, tmp_path):
    heard: list[float] = []
    splits = read(tmp_path, lambda fraction, message: heard.append(fraction))
    assert len(splits.train) == TRAIN
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0.0, 1.0)
    raw = tmp_path / "MNIST" / "raw"
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents().items()}
    noted = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == contents() | {SUMS: noted}
    served.asked.clear()
    (raw / "t10k-labels-idx1-ubyte").unlink()
    assert torch.equal(read(tmp_path).test.labels, splits.test.labels)
    assert served.asked == ["t10k-labels-idx1-ubyte.gz"]


def test_present_only_with_all_four_files(tmp_path):
    assert not FILES.present(tmp_path)
    raw = write(tmp_path)
    assert FILES.present(tmp_path)
    (raw / "t10k-images-idx3-ubyte").unlink()
    assert not FILES.present(tmp_path)


@pytest.mark.parametrize("fault", ["interrupted", "corrupt", "gone"])
def test_a_failed_download_is_a_user_error_and_is_not_believed_later(served, tmp_path, fault):
    good = dict(served.files)
    name = "train-labels-idx1-ubyte.gz"
    if fault == "interrupted":
        served.sent = 30
    elif fault == "corrupt":
        served.files[name] = gzip.compress(b"something else")
    else:
        del served.files[name]
    with pytest.raises(UserError, match="Tiny"):
        read(tmp_path)
    assert not FILES.present(tmp_path)
    assert not list(tmp_path.rglob("*.part"))
    served.files, served.sent = good, None
    assert len(read(tmp_path).train) == TRAIN


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: b"",
        lambda body: body[:3],
        lambda body: body[:-1],
        lambda body: body + b"!",
        lambda body: b"not an IDX file at all",
        lambda body: struct.pack(">HBB", 0, 8, 3) + struct.pack(">3I", 2**31, 2**31, 2**31),
        lambda body: idx(torch.zeros(TEST, 27, 28, dtype=torch.uint8)),
        lambda body: idx(torch.zeros(TEST - 1, 28, 28, dtype=torch.uint8)),
    ],
    ids=["empty", "header", "short", "long", "text", "huge", "shape", "count"],
)
def test_a_damaged_file_is_named(tmp_path, damage):
    path = write(tmp_path) / "t10k-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=r"t10k-images-idx3-ubyte is damaged: delete it"):
        read(tmp_path)


def test_a_label_above_nine_is_damage(tmp_path):
    path = write(tmp_path) / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x0a")
    with pytest.raises(UserError, match="train-labels-idx1-ubyte is damaged"):
        read(tmp_path)


def flip(path: Path, place: int) -> None:
    """Changes one bit of the byte at `place`."""
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("name", FILES.sizes())
def test_one_flipped_bit_of_a_downloaded_file_is_seen(served, tmp_path, name):
    read(tmp_path)
    path = tmp_path / "MNIST" / "raw" / name
    flip(path, path.stat().st_size // 2)
    with pytest.raises(UserError, match=rf"{name} is damaged: delete it and load Tiny again"):
        read(tmp_path)
    path.unlink()  # as the sentence says
    assert len(read(tmp_path).test) == TEST


@pytest.mark.parametrize("name", FILES.sizes())
def test_one_flipped_bit_of_a_well_known_file_is_seen(tmp_path, name):
    known = {name: hashlib.sha256(content).hexdigest() for name, content in contents().items()}
    files = replace(FILES, sha256=known)
    raw = write(tmp_path)
    assert len(files.read(tmp_path, lambda *_: None).train) == TRAIN
    flip(raw / name, -1)
    with pytest.raises(UserError, match=rf"{name} is damaged"):
        files.read(tmp_path, lambda *_: None)


def test_the_published_sums_are_of_four_different_files():
    for name in SHA256:
        files = files_of(DATASETS[name])
        assert files.sha256.keys() == files.sizes().keys()
        assert len({int(known, 16) for known in files.sha256.values()}) == 4
        assert all(len(known) == 64 for known in files.sha256.values())


def test_a_list_of_sums_that_is_no_list_says_nothing(tmp_path):
    raw = write(tmp_path)
    (raw / SUMS).write_bytes(b"\xff nothing of use\n\n")
    assert len(read(tmp_path).train) == TRAIN
