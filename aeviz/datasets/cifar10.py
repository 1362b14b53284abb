"""CIFAR-10: 60,000 small colour photographs, through torchvision."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import torch

from aeviz.datasets.base import Progress, Source, Split, Splits
from aeviz.datasets.download import download_file, new_file
from aeviz.datasets.splitting import cut, shuffled
from aeviz.errors import UserError

TITLE = "CIFAR-10"
FOLDER = "cifar-10-batches-py"
FILES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")


def present(source: Source, root: Path) -> bool:
    """Whether all files are under `root`, in torchvision's layout."""
    return all((root / FOLDER / name).is_file() for name in FILES)


def fetch(root: Path, progress: Progress) -> None:
    """Download the archive, check it, and unpack the batches one whole file at a time."""
    from torchvision.datasets import CIFAR10

    def report(fraction: float) -> None:
        progress(fraction, f"Downloading {TITLE}")

    report(0.0)
    with (
        download_file(TITLE, [CIFAR10.url], CIFAR10.tgz_md5, root, report) as packed,
        tarfile.open(fileobj=packed) as tar,
    ):
        for name in FILES:
            content = tar.extractfile(f"{FOLDER}/{name}")
            assert content is not None, "the checksum says that these are plain files"
            with content, new_file(root / FOLDER / name) as target:
                shutil.copyfileobj(content, target)


def split(root: Path, train: bool) -> Split:
    """One official part. Raises UserError if a file is missing or damaged."""
    from torchvision.datasets import CIFAR10

    try:
        # The batches are pickles: torchvision opens them only after checking each one's MD5.
        part = CIFAR10(root, train=train, download=False)
    except RuntimeError as error:
        raise UserError(
            f"{TITLE} in {root / FOLDER} is damaged: delete that folder and load {TITLE} again to "
            "download it once more."
        ) from error
    images = torch.from_numpy(part.data).permute(0, 3, 1, 2).contiguous()
    return Split(images, torch.tensor(part.targets))


def read(source: Source, root: Path, progress: Progress) -> Splits:
    """All images; downloads them first if they are missing."""
    if not present(source, root):
        fetch(root, progress)
    train, validation, _ = source.counts
    cuts = cut(shuffled(split(root, train=True)), (train, validation, 0))
    return Splits(cuts.train, cuts.validation, split(root, train=False))
