"""The 1,797 handwritten 8x8 digits inside scikit-learn: no download."""

from __future__ import annotations

from pathlib import Path

import torch

from aeviz.datasets.base import Progress, Source, Split, Splits, cut, packaged, shuffled

COUNTS = (1_297, 250, 250)


def read(root: Path, progress: Progress) -> Splits:
    """Read scikit-learn's table and scale its 17 grey levels, 0..16, to 0..255."""
    from sklearn.datasets import load_digits  # slow to import, and not needed to list the sets

    with packaged("Digits 8x8", "scikit-learn"):
        table = load_digits()
    pixels = torch.from_numpy(table.images) * 255 / 16
    images = pixels.round().to(torch.uint8).unsqueeze(1)
    return cut(shuffled(Split(images, torch.from_numpy(table.target).long())), COUNTS)


SOURCE = Source(
    name="digits",
    title="Digits 8x8",
    description="Tiny handwritten digits, 8x8 grey; trains in seconds, no download.",
    image_shape=(1, 8, 8),
    class_names=tuple("0123456789"),
    counts=COUNTS,
    credit="Optical Recognition of Handwritten Digits by E. Alpaydin and C. Kaynak, "
    "UCI Machine Learning Repository (CC BY 4.0), as shipped in scikit-learn.",
    read=read,
)
