"""Custom data sets, made from people's own images: the list of them, and their headers.

`checkpoints/datasets/<name>/data.safetensors` has the images as uint8 and their labels; its
metadata has a description as JSON, and a hash of everything. The file `owner` has the owner. The
folders are the only registry: when one process adds a data set, the next list in any other process
contains it. docs/own-images.md describes the format; `aeviz.datasets.custom_images` reads and
writes the images. Nothing here imports PyTorch.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from aeviz.datasets.base import Source
from aeviz.errors import UserError
from aeviz.io import atomic, json_file
from aeviz.io.paths import datasets_dir, owner_of

PREFIX = "own-"
FORMAT = "1"
FEWEST = 20
"""Minimum number of images in a data set, so that there are enough for training and testing."""
MOST = 20_000
MAX_VALUES = 1 << 28
"""Pixels times channels of all images, so that training and measuring fit into 4 GB of memory."""
SIDES = (16, 128)
MAX_CLASSES = 100
LONGEST_TITLE = 60
LONGEST_CLASS = 40
LONGEST_REMARK = 400
"""Characters of a file's name, or of a remark about it."""

_NAME = re.compile(rf"{PREFIX}[a-z0-9-]{{1,60}}")
_FILE = "data.safetensors"
_HELD_OUT = 0.1


@dataclass(frozen=True)
class Description:
    """A file's metadata. `counts`: images by class; `fit`: how images were brought to their size;
    `left_out`: the first few files left out, with the reason; `reasons`: how many files were left
    out for each reason; `notes`: how many images were changed, by kind of change."""

    title: str
    class_names: tuple[str, ...]
    counts: tuple[int, ...]
    shape: tuple[int, int, int]
    fit: str = ""
    left_out: tuple[tuple[str, str], ...] = ()
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)
    notes: dict[str, int] = dataclasses.field(default_factory=dict)
    created: float = 0.0

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Description:
        """Raises ValueError, TypeError or KeyError if the text is no valid description."""
        data = json_file.parse(text)
        pairs = tuple((str(name), str(why)) for name, why in data["left_out"])
        lists = {key: tuple(data[key]) for key in ("class_names", "counts", "shape")}
        found = cls(**(data | lists | {"left_out": pairs}))
        channels, height, width = found.shape
        remarks = (found.fit, *(part for pair in pairs for part in pair))
        sound = (
            _is_text(found.title, LONGEST_TITLE)
            and 1 <= len(found.class_names) <= MAX_CLASSES
            and all(_is_text(name, LONGEST_CLASS) for name in found.class_names)
            and len(set(found.class_names)) == len(found.class_names) == len(found.counts)
            and all(type(n) is int and n > 0 for n in (*found.counts, *found.shape))
            and FEWEST <= sum(found.counts) <= MOST
            and channels in (1, 3)
            and all(SIDES[0] <= side <= SIDES[1] for side in (height, width))
            and all(json_file.is_text(one, LONGEST_REMARK) for one in remarks)
            and all(map(_is_tally, (found.reasons, found.notes)))
            and json_file.is_number(found.created)
        )
        if not sound:
            raise ValueError("the description is not valid")
        return found


def _is_text(text: Any, longest: int) -> bool:
    return json_file.is_text(text, longest) and text != ""


def _is_tally(tally: Any) -> bool:
    """Whether it maps texts to counts."""
    return isinstance(tally, dict) and all(
        json_file.is_text(what, LONGEST_REMARK) and json_file.is_count(count)
        for what, count in tally.items()
    )


def is_own(name: str) -> bool:
    """Whether this is the name of a custom data set."""
    return _NAME.fullmatch(name) is not None


# ---- the list ------------------------------------------------------------------------------------

_known: dict[Path, tuple[tuple[int, int], Source | None]] = {}


def sources() -> list[Source]:
    """All data sets that can be read, the newest first."""
    paths = [path for path in datasets_dir().glob(f"{PREFIX}*/{_FILE}") if is_own(path.parent.name)]
    found = [_source(path) for path in sorted(paths, key=_modified, reverse=True)]
    return [source for source in found if source is not None]


def kept() -> list[tuple[str, int]]:
    """Owner and size in bytes of each data set, including those that cannot be read any more."""
    found = []
    for path in datasets_dir().glob(f"{PREFIX}*/{_FILE}"):
        with contextlib.suppress(OSError):  # removed at this moment
            found.append((owner_of(path.parent), path.stat().st_size))
    return found


def source(name: str) -> Source | None:
    """The data set of this name; None if there is none, or its file cannot be read."""
    return _source(path_of(name)) if is_own(name) else None


def description(name: str) -> Description:
    """The description of a data set; UserError if there is none, or its file cannot be read."""
    if not is_own(name):
        raise missing(name)
    return read_header(path_of(name))[0]


def path_of(name: str) -> Path:
    """The file of the data set of this name, if there is one."""
    return datasets_dir() / name / _FILE


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _source(path: Path) -> Source | None:
    """The facts in a file's header, cached until the file changes."""
    try:
        stat = path.stat()
    except OSError:
        return None
    stamp = (stat.st_mtime_ns, stat.st_size)
    if path not in _known or _known[path][0] != stamp:
        try:
            _known[path] = (stamp, _facts(path.parent.name, read_header(path)[0]))
        except UserError:
            _known[path] = (stamp, None)
    return _known[path][1]


def _facts(name: str, about: Description) -> Source:
    channels, height, width = about.shape
    total, kinds = sum(about.counts), len(about.class_names)
    classes = f"{kinds} classes" if kinds > 1 else "no classes"
    colour = "colour" if channels == 3 else "grey"
    return Source(
        name=name,
        title=about.title,
        description=f"{total:,} images of your own, {height}x{width} {colour}, {classes}.",
        image_shape=about.shape,
        class_names=about.class_names,
        counts=split_counts(about.counts),
        credit="Images that a person uploaded to this server.",
        reader="custom_images",
        own=True,
    )


def read_header(path: Path) -> tuple[Description, str, str]:
    """The description, its text and the hash; checks that the sizes in the header fit it."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            parts = {name: file.get_slice(name) for name in ("images", "labels")}
            kinds = {name: (part.get_dtype(), part.get_shape()) for name, part in parts.items()}
        if (metadata["format"], metadata["format_version"]) != ("aeviz-images", FORMAT):
            raise ValueError("another format")
        text, digest = metadata["description"], metadata["sha256"]
        about = Description.from_json(text)
    except FileNotFoundError as error:
        raise missing(path.parent.name) from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise damaged(path) from error
    total = sum(about.counts)
    if kinds != {"images": ("U8", [total, *about.shape]), "labels": ("I16", [total])}:
        raise damaged(path)
    return about, text, digest


def damaged(path: Path) -> UserError:
    """The error for a file that cannot be read."""
    return UserError(
        f"The images in {path.parent.name} are damaged: remove that data set and make it again."
    )


def missing(name: str) -> UserError:
    """The error for a data set that does not exist (any more)."""
    return UserError(f"The data set {name[:60]!r} is no longer on this server: choose another one.")


# ---- splits and limits ---------------------------------------------------------------------------


def held_out(count: int) -> int:
    """The number of validation images for a class of `count` images; test gets as many."""
    return max(1, round(_HELD_OUT * count)) if count >= 3 else 0


def split_counts(counts: Sequence[int]) -> tuple[int, int, int]:
    """Images in train, validation and test, for so many in each class."""
    total = sum(counts)
    away = sum(map(held_out, counts)) or held_out(total)  # if every class is too small
    return total - 2 * away, away, away


def check_count(count: int) -> None:
    """UserError if these are too few images for a data set."""
    if count < FEWEST:
        has = "There is no image" if not count else f"There are only {count} images"
        has = "There is only 1 image" if count == 1 else has
        raise UserError(f"{has} that can be used, but a data set needs at least {FEWEST}.")


# ---- one data set --------------------------------------------------------------------------------


def exists(name: str) -> bool:
    """Whether there is a file for this data set, readable or not."""
    return is_own(name) and path_of(name).is_file()


def owner(name: str) -> str:
    """The owner of the data set; "" if it has none."""
    return owner_of(path_of(name).parent) if is_own(name) else ""


def remove(name: str) -> None:
    """Remove a data set; models trained on it keep their gallery. UserError if it is not there, or
    cannot be removed."""
    if not exists(name):
        raise missing(name)
    gone = datasets_dir() / f".gone-{secrets.token_hex(6)}"
    with atomic.in_words("This data set cannot be removed"):
        path_of(name).parent.rename(gone)  # gone for everybody at once; deleting may take a while
    shutil.rmtree(gone, ignore_errors=True)
