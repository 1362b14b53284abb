"""Download the output images of a model: file names and ZIP archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

from torch import Tensor

from aeviz.images import encode_png, safe_name
from aeviz.restoration.crops import unique_name

DENOISED, RECONSTRUCTED = "-denoised.png", "-reconstruction.png"


def zip_pngs(items: Iterable[tuple[str, Tensor]], suffix: str) -> bytes:
    """(the input's file name, output image (C, H, W) in [0, 1]) -> a zip of PNG files.

    Names are made safe and unique.
    """
    file, taken = io.BytesIO(), set[str]()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, x in items:
            archive.writestr(unique_name(safe_name(name, suffix), taken), encode_png(x))
    return file.getvalue()
