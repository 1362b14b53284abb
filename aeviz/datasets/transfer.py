"""The files of data sets, to use them on another machine. Nothing here imports PyTorch.

What comes inside a package is not sent: the other machine has the same packages.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from aeviz import datasets
from aeviz.datasets import custom
from aeviz.io import atomic

_DOWNLOADS, _OWN = "downloads", "own"


def files(names: Iterable[str]) -> dict[str, bytes]:
    """The files that these data sets are read from, by a path for `use`. UserError if they cannot
    be read, or for an unknown name. Downloads that this machine does not have are left out: the
    other one downloads them itself."""
    found: dict[str, bytes] = {}
    for name in sorted(set(names)):
        source = datasets.find(name)
        if source.own:
            folder, target = custom.path_of(name).parent, Path(_OWN, name)
        elif source.folder:
            folder, target = datasets.data_root() / source.folder, Path(_DOWNLOADS, source.folder)
        else:
            continue
        with atomic.in_words(f"{source.title} cannot be read"):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.is_file() and not path.name.startswith("."):
                    found[str(target / path.name)] = path.read_bytes()
    return found


def use(folder: Path) -> None:
    """Read the data sets of this folder from it, in this process, from now on."""
    for variable, part in (("AEVIZ_DATA", _DOWNLOADS), ("AEVIZ_DATASETS", _OWN)):
        if (folder / part).is_dir():
            os.environ[variable] = str(folder / part)
