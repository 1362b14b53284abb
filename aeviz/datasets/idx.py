"""MNIST and its two look-alikes, in the IDX files and the folders that torchvision uses."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from aeviz.datasets.base import Progress, Source, Split, Splits, cut, shuffled
from aeviz.datasets.download import fetched, new_file
from aeviz.errors import UserError

COUNTS = (55_000, 5_000, 10_000)


@dataclass(frozen=True)
class IdxFiles:
    """Four IDX files in `root/FOLDER/raw`; FOLDER is also the name of torchvision's class.

    counts are the images in (train, validation, test); validation is cut from the official
    training file by a seeded permutation, and test is the official one in its own order.
    """

    title: str
    folder: str
    counts: tuple[int, int, int] = COUNTS

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

        Raises UserError where that fails or a file is damaged.
        """
        if not self.present(root):
            self.download(root, progress)
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
                    fetched(self.title, urls, md5, path.parent, report) as packed,
                    gzip.open(packed) as content,
                    new_file(path) as target,
                ):
                    shutil.copyfileobj(content, target)
            done += size

    def split(self, root: Path, part: str, count: int) -> Split:
        images = self.tensor(self.path(root, f"{part}-images-idx3-ubyte"), (count, 28, 28))
        labels = self.tensor(self.path(root, f"{part}-labels-idx1-ubyte"), (count,))
        return Split(images.unsqueeze(1), labels.long())

    def tensor(self, path: Path, shape: tuple[int, ...]) -> Tensor:
        """One IDX file as uint8. Raises UserError where it is not whole and of this shape."""
        from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

        try:
            content = read_sn3_pascalvincent_tensor(str(path))
        except OSError as error:
            raise UserError(
                f"aeviz cannot read {path} ({error.strerror}): check who may read that folder."
            ) from error
        # The reader has no error of its own: a damaged file trips whatever line meets it first
        except (AssertionError, ArithmeticError, LookupError, ValueError, RuntimeError) as error:
            raise self.damaged(path) from error
        if content.dtype != torch.uint8 or tuple(content.shape) != shape:
            raise self.damaged(path)
        if len(shape) == 1 and content.max() > 9:
            raise self.damaged(path)
        return content

    def damaged(self, path: Path) -> UserError:
        return UserError(
            f"{path} is damaged: delete it and load {self.title} again to download it anew."
        )


def _source(
    name: str, files: IdxFiles, description: str, class_names: tuple[str, ...], credit: str
) -> Source:
    return Source(
        name=name,
        title=files.title,
        description=description,
        image_shape=(1, 28, 28),
        class_names=class_names,
        counts=files.counts,
        credit=credit,
        read=files.read,
        network=True,
        present=files.present,
    )


MNIST = _source(
    "mnist",
    IdxFiles("MNIST", "MNIST"),
    "70,000 handwritten digits, 28x28 grey.",
    tuple("0123456789"),
    "MNIST by Y. LeCun, C. Cortes and C. Burges (CC BY-SA 3.0).",
)
FASHION_MNIST = _source(
    "fashion-mnist",
    IdxFiles("Fashion-MNIST", "FashionMNIST"),
    "70,000 pictures of clothes and shoes, 28x28 grey.",
    (
        "T-shirt",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Boot",
    ),
    "Fashion-MNIST by H. Xiao, K. Rasul and R. Vollgraf, Zalando SE (MIT).",
)
KMNIST = _source(
    "kmnist",
    IdxFiles("Kuzushiji-MNIST", "KMNIST"),
    "70,000 handwritten Japanese characters in cursive script, 28x28 grey.",
    ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    "Kuzushiji-MNIST by CODH, adapted from NIJL's Kuzushiji Dataset (CC BY-SA 4.0).",
)
