"""File and class names from uploads. Used as labels only, never as paths."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

from aeviz.datasets.custom import LONGEST_CLASS

Labels = Literal["folder", "top", "none"]
"""The class is the folder that an image lies in, the outermost folder that tells images apart, or
there are no classes."""

LONGEST = 60
UNNAMED = "images"
_DATA = frozenset(
    "csv tsv txt json jsonl xml yaml yml toml ini cfg log md rst html htm pdf doc docx xls xlsx "  # noqa: SIM905
    "odt ods py ipynb js sh bat npy npz mat h5 hdf5 pkl pt pth parquet feather db sqlite".split()
)
_QUIET = {"__macosx", "thumbs.db", "desktop.ini"}


def parts(path: str) -> list[str]:
    """The folders and the file's name in a path of any system; nothing of it is followed."""
    named = path.replace("\\", "/").split("/")
    return [part for part in named if part.strip() not in ("", ".", "..")]


def is_quiet(path: str) -> bool:
    """Whether the file is one that systems leave beside images: nobody misses it."""
    return any(part.startswith(".") or part.lower() in _QUIET for part in parts(path))


def shown(path: str) -> str:
    """A path as people may read it: without control and direction characters, and not too long."""
    text = _plain("/".join(parts(path[-1000:])), "LMNPSZ")
    if len(text) > LONGEST:
        text = f"{text[: LONGEST // 2 - 3]}...{text[-LONGEST // 2 :]}"
    return text or "a file without a name"


def is_data(path: str) -> bool:
    """Whether the file's name says that it holds tables or text, which people keep by images."""
    name = (parts(path) or [""])[-1].lower()
    return name.rpartition(".")[2] in _DATA and "." in name


def class_name(folder: str) -> str:
    """A folder's name as the name of a class: letters, digits and little else; never empty."""
    kept = _plain(folder[:1000], "LMN", "-_.,+()[]&#@=!' ")
    return kept[:LONGEST_CLASS].strip(" .") or UNNAMED


def _plain(text: str, kinds: str, more: str = "") -> str:
    """Characters of these Unicode categories, runs of all others as one space."""
    text = unicodedata.normalize("NFC", text)
    kept = (c if c in more or unicodedata.category(c)[0] in kinds else " " for c in text)
    return re.sub(r"\s+", " ", "".join(kept)).strip()


def classes(paths: Sequence[str], labels: Labels) -> list[str]:
    """The class of each of these images; folders that all of them share tell nothing."""
    if labels == "none":
        return [UNNAMED] * len(paths)
    folders = [parts(path)[:-1] for path in paths]
    if labels == "folder":
        return _told_apart([named[-1] if named else "" for named in folders])
    shared = 0
    while folders and len({tuple(named[: shared + 1]) for named in folders}) == 1:
        if len(folders[0]) <= shared + 1:
            break
        shared += 1
    return _told_apart([named[shared] if len(named) > shared else "" for named in folders])


def _told_apart(folders: list[str]) -> list[str]:
    """A name for each folder; folders whose names differ only in what is left out get a number."""
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
    """Names of classes as people sort them: 2 before 10."""

    def key(name: str) -> list[tuple[bool, int, str]]:
        pieces = re.findall(r"\d+|\D+", name.casefold())
        return [(False, int(p), "") if p.isdecimal() else (True, 0, p) for p in pieces]

    return sorted(names, key=lambda name: (key(name), name))
