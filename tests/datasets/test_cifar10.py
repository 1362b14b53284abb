import hashlib
import io
import pickle
import tarfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from aeviz.datasets import DATASETS, cifar10
from aeviz.errors import UserError

PER_BATCH = 4
SOURCE = replace(DATASETS["cifar10"], counts=(15, 5, 4))


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def batch(start: int) -> bytes:
    """Image i: red is i, green is 100 + column, blue is 200 + row; its label is i % 10."""
    number = np.arange(start, start + PER_BATCH)
    images = np.zeros((PER_BATCH, 3, 32, 32), dtype=np.uint8)
    images[:, 0] = number[:, None, None]
    images[:, 1] = 100 + np.arange(32)
    images[:, 2] = 200 + np.arange(32)[:, None]
    return pickle.dumps({"data": images.reshape(PER_BATCH, -1), "labels": (number % 10).tolist()})


@pytest.fixture
def served(mirror, monkeypatch):
    """torchvision's CIFAR10 class with six batches of four images on the loopback mirror."""
    names = [name for name in cifar10.FILES if name != "batches.meta"]
    contents = {name: batch(PER_BATCH * i) for i, name in enumerate(names)}
    contents["batches.meta"] = pickle.dumps({"label_names": list(SOURCE.class_names)})
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"{cifar10.FOLDER}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    mirror.files["cifar.tar.gz"] = packed.getvalue()
    sums = [[name, md5(contents[name])] for name in names]
    monkeypatch.setattr(CIFAR10, "url", mirror.address + "cifar.tar.gz")
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(packed.getvalue()))
    monkeypatch.setattr(CIFAR10, "train_list", sums[:5])
    monkeypatch.setattr(CIFAR10, "test_list", sums[5:])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": md5(contents["batches.meta"])})
    return mirror


def read(root, progress=lambda fraction, message: None):
    return cifar10.read(SOURCE, root, progress)


def test_the_files_are_those_torchvision_reads():
    lists = [name for name, _ in CIFAR10.train_list + CIFAR10.test_list]
    assert sorted(cifar10.FILES) == sorted([*lists, CIFAR10.meta["filename"]])
    assert CIFAR10.base_folder == cifar10.FOLDER


def test_downloads_unpacks_and_splits(served, tmp_path):
    heard: list[float] = []
    assert not cifar10.present(SOURCE, tmp_path)
    splits = read(tmp_path, lambda fraction, message: heard.append(fraction))
    assert cifar10.present(SOURCE, tmp_path)
    assert (heard[0], heard[-1]) == (0.0, 1.0)
    assert [len(s) for s in (splits.train, splits.validation, splits.test)] == [15, 5, 4]
    held_in = torch.cat([splits.train.images, splits.validation.images])
    assert sorted(held_in[:, 0, 0, 0].tolist()) == list(range(20))
    assert splits.test.images[:, 0, 0, 0].tolist() == [20, 21, 22, 23]
    assert splits.test.labels.tolist() == [0, 1, 2, 3]
    assert splits.test.images[0, :, 7, 3].tolist() == [20, 103, 207]
    assert list(tmp_path.iterdir()) == [tmp_path / cifar10.FOLDER]


def test_reads_without_asking_the_network_once_it_is_there(served, tmp_path):
    read(tmp_path)
    served.asked.clear()
    read(tmp_path)
    assert served.asked == []


def test_a_damaged_batch_is_never_opened(served, tmp_path):
    read(tmp_path)
    path = tmp_path / cifar10.FOLDER / "data_batch_3"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(UserError, match=r"CIFAR-10 in .* is damaged"):
        read(tmp_path)


def test_an_interrupted_download_is_not_believed(served, tmp_path):
    served.sent = 100
    with pytest.raises(UserError, match="could not be downloaded"):
        read(tmp_path)
    assert not cifar10.present(SOURCE, tmp_path)
    assert list(tmp_path.iterdir()) == []
