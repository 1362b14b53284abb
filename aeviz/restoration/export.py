"""Download restored images: file names and ZIP archives."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

from torch import Tensor

from aeviz.images import encode_png, safe_name
from aeviz.restoration.crops import unique_name

SUFFIX = "-denoised.png"


def png_name(name: str) -> str:
    """A safe file name for the restored image of the file `name`."""
    return safe_name(name, SUFFIX)


def zip_pngs(items: Iterable[tuple[str, Tensor]]) -> bytes:
    """(the original's file name, restored image (C, H, W) in [0, 1]) -> a zip of PNG files.

    Names are made safe and unique.
    """
    file, taken = io.BytesIO(), set[str]()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, x in items:
            archive.writestr(unique_name(png_name(name), taken), encode_png(x))
    return file.getvalue()
