"""The 1,797 handwritten 8x8 digits inside scikit-learn: no download."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from aeviz.datasets.base import Progress, Source, Split, Splits, packaged
from aeviz.datasets.splitting import cut, shuffled


def read(source: Source, root: Path, progress: Progress) -> Splits:
    """Read scikit-learn's table, 64 pixels in 0..16 and the label in each row, and scale its 17
    grey levels to 0..255.

    `sklearn.datasets.load_digits` reads the same file; importing it takes 100 times as long.
    """
    package = find_spec("sklearn")
    folder = Path(package.origin or "").parent if package else Path()
    with (
        packaged("Digits 8x8", "scikit-learn"),
        gzip.open(folder / "datasets" / "data" / "digits.csv.gz", "rt") as lines,
    ):
        table = torch.from_numpy(np.loadtxt(lines, delimiter=","))
    pixels = table[:, :-1].reshape(-1, 8, 8) * 255 / 16
    images = pixels.round().to(torch.uint8).unsqueeze(1)
    return cut(shuffled(Split(images, table[:, -1].long())), source.counts)
