"""File and class names from uploads. Used as labels only, never as paths."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from aeviz.datasets.custom import LONGEST_CLASS

Labels = Literal["folder", "top", "none"]
"""The class is the folder that contains the image ("folder"), or the outermost folder that differs
between images ("top"), or there are no classes."""

LONGEST = 60
UNNAMED = "images"
_DATA = frozenset(
    "csv tsv txt json jsonl xml yaml yml toml ini cfg log md rst html htm pdf doc docx xls xlsx "  # noqa: SIM905
    "odt ods py ipynb js sh bat npy npz mat h5 hdf5 pkl pt pth parquet feather db sqlite".split()
)
_QUIET = {"__macosx", "thumbs.db", "desktop.ini"}


def parts(path: str) -> list[str]:
    """The folders and the file name in a path of any system; the path is never opened."""
    named = path.replace("\\", "/").split("/")
    return [part for part in named if part.strip() not in ("", ".", "..")]


def is_quiet(path: str) -> bool:
    """Whether it is a system file, which is left out without a note."""
    return any(part.startswith(".") or part.lower() in _QUIET for part in parts(path))


def shown(path: str) -> str:
    """A path for display: without control and direction characters, and not too long."""
    text = _plain("/".join(parts(path[-1000:])), "LMNPSZ")
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2 - 3]}...{text[-LONGEST // 2 :]}"
    return text or "a file without a name"


def is_data(path: str) -> bool:
    """Whether the file name is that of a table or text, which people often keep with images."""
    name = (parts(path) or [""])[-1].lower()
    return name.rpartition(".")[2] in _DATA and "." in name


def class_name(folder: str) -> str:
    """A class name from a folder's name: letters, digits and a few other characters; never
    empty."""
    kept = _plain(folder[:1000], "LMN", "-_.,+()[]&#@=!' ")
    return kept[:LONGEST_CLASS].strip(" .") or UNNAMED


def _plain(text: str, kinds: str, more: str = "") -> str:
    """The text with only these Unicode categories; runs of all others become one space."""
    text = unicodedata.normalize("NFC", text)
    kept = (c if c in more or unicodedata.category(c)[0] in kinds else " " for c in text)
    return re.sub(r"\s+", " ", "".join(kept)).strip()


def classes(paths: Sequence[str], labels: Labels) -> list[str]:
    """The class of each image; folders that all images share are ignored."""
    if labels == "none":
        return [UNNAMED] * len(paths)
    folders = [parts(path)[:-1] for path in paths]
    if labels == "folder":
        return _unique_names([named[-1] if named else "" for named in folders])
    shared = 0
    while folders and len({tuple(named[: shared + 1]) for named in folders}) == 1:
        if len(folders[0]) <= shared + 1:
            break
        shared += 1
    return _unique_names([named[shared] if len(named) > shared else "" for named in folders])


def _unique_names(folders: list[str]) -> list[str]:
    """A class name for each folder; folders that would get the same name get a number."""
    folders = [unicodedata.normalize("NFC", folder) for folder in folders]
    given: dict[str, str] = {}
    for folder in sorted(set(folders)):
        name, number = class_name(folder), 1
        while name in given.values():
            number += 1
            end = f" ({number})"
            name = class_name(folder)[: LONGEST_CLASS - len(end)].strip(" .") + end
        given[folder] = name
    return [given[folder] for folder in folders]


def in_order(names: set[str]) -> list[str]:
    """Class names in natural order: 2 before 10."""

    def key(name: str) -> list[tuple[bool, int, str]]:
        pieces = re.findall(r"\d+|\D+", name.casefold())
        return [(False, int(p), "") if p.isdecimal() else (True, 0, p) for p in pieces]

    return sorted(names, key=lambda name: (key(name), name))
