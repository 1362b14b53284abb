"""MNIST and its two look-alikes, in the IDX files and the folders that torchvision uses."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from aeviz.datasets.base import Progress, Source, Split, Splits
from aeviz.datasets.download import download_file, new_file
from aeviz.datasets.splitting import cut, shuffled
from aeviz.errors import UserError

SUMS = "aeviz.sha256"
"""The name of a file beside them with their checksums, in the format of `sha256sum -c`."""


@dataclass(frozen=True)
class IdxFiles:
    """Four IDX files in `root/FOLDER/raw`; FOLDER is also the name of torchvision's class.

    counts are the images in (train, validation, test); validation is cut from the official
    training file by a seeded permutation, and test is the official one in its own order. sha256:
    the known checksums (hex) of published files by name.
    """

    title: str
    folder: str
    counts: tuple[int, int, int]
    sha256: Mapping[str, str] = field(default_factory=dict)

    def path(self, root: Path, name: str) -> Path:
        return root / self.folder / "raw" / name

    def sizes(self) -> dict[str, int]:
        """Bytes of content in each file, by name."""
        train, validation, test = self.counts
        return {
            "train-images-idx3-ubyte": (train + validation) * 784,
            "train-labels-idx1-ubyte": train + validation,
            "t10k-images-idx3-ubyte": test * 784,
            "t10k-labels-idx1-ubyte": test,
        }

    def present(self, root: Path) -> bool:
        return all(self.path(root, name).is_file() for name in self.sizes())

    def read(self, root: Path, progress: Progress) -> Splits:
        """Read the files, after downloading those that are missing.

        Raises UserError if that fails or a file is damaged, even by one byte.
        """
        if not self.present(root):
            self.download(root, progress)
        self.check(root)
        train, validation, test = self.counts
        official = self.split(root, "train", train + validation)
        cuts = cut(shuffled(official), (train, validation, 0))
        return Splits(cuts.train, cuts.validation, self.split(root, "t10k", test))

    def download(self, root: Path, progress: Progress) -> None:
        """Fetch the missing files from torchvision's mirrors, with torchvision's checksums."""
        import torchvision

        source = getattr(torchvision.datasets, self.folder)
        sizes = self.sizes()
        total, done = sum(sizes.values()), 0
        for archive, md5 in source.resources:
            name = archive.removesuffix(".gz")
            size = sizes[name]

            def report(fraction: float, done: int = done, size: int = size) -> None:
                progress((done + fraction * size) / total, f"Downloading {self.title}")

            path = self.path(root, name)
            if not path.is_file():
                report(0.0)
                urls = [mirror + archive for mirror in source.mirrors]
                with (
                    download_file(self.title, urls, md5, path.parent, report) as packed,
                    gzip.open(packed) as content,
                    new_file(path) as target,
                ):
                    shutil.copyfileobj(content, target)
                self.remember(path)
            done += size

    def remember(self, path: Path) -> None:
        """Record the checksum of a file that has just been downloaded and checked."""
        sums = self.sums(path.parent) | {path.name: self.sum(path)}
        with new_file(path.parent / SUMS) as file:
            file.write("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())

    def check(self, root: Path) -> None:
        """Raise UserError if a file does not match its known checksum. Nothing else would detect a
        changed pixel, since the image is still an image."""
        for name in self.sizes():
            path = self.path(root, name)
            known = self.sha256.get(name) or self.sums(path.parent).get(name)
            if known and known != self.sum(path):
                raise self.damaged(path)

    def sums(self, folder: Path) -> dict[str, str]:
        """The checksums that `remember` has recorded; empty if aeviz did not download the files."""
        try:
            rows = [line.split() for line in (folder / SUMS).read_text().splitlines()]
        except (OSError, ValueError):
            return {}
        return {row[1]: row[0] for row in rows if len(row) == 2}

    def sum(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise self.unreadable(path, error) from error

    def split(self, root: Path, part: str, count: int) -> Split:
        images = self.tensor(self.path(root, f"{part}-images-idx3-ubyte"), (count, 28, 28))
        labels = self.tensor(self.path(root, f"{part}-labels-idx1-ubyte"), (count,))
        return Split(images.unsqueeze(1), labels.long())

    def tensor(self, path: Path, shape: tuple[int, ...]) -> Tensor:
        """One IDX file as uint8. Raises UserError unless it is complete and has this shape."""
        from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

        try:
            content = read_sn3_pascalvincent_tensor(str(path))
        except OSError as error:
            raise self.unreadable(path, error) from error
        # The reader has no error of its own: a damaged file can raise any of these.
        except (AssertionError, ArithmeticError, LookupError, ValueError, RuntimeError) as error:
            raise self.damaged(path) from error
        if content.dtype != torch.uint8 or tuple(content.shape) != shape:
            raise self.damaged(path)
        if len(shape) == 1 and content.max() > 9:
            raise self.damaged(path)
        return content

    def unreadable(self, path: Path, error: OSError) -> UserError:
        return UserError(
            f"aeviz cannot read {path} ({error.strerror}): check who may read that folder."
        )

    def damaged(self, path: Path) -> UserError:
        return UserError(
            f"{path} is damaged: delete it and load {self.title} again to download it once more."
        )


FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
_MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
SHA256 = {"mnist": _MNIST_SHA256, "fashion-mnist": _FASHION_SHA256}


def files_of(source: Source) -> IdxFiles:
    """The files of one of the three data sets."""
    sums = SHA256.get(source.name, {})
    return IdxFiles(source.title, FOLDERS[source.name], source.counts, sums)


def present(source: Source, root: Path) -> bool:
    """Whether all files lie under `root`."""
    return files_of(source).present(root)


def read(source: Source, root: Path, progress: Progress) -> Splits:
    """All images; downloads those files that are missing."""
    return files_of(source).read(root, progress)
