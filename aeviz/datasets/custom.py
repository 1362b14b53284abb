"""Data sets that people made of their own images: one folder and one file each.

`checkpoints/datasets/<name>/data.safetensors` holds the images as uint8 and their labels; in its
metadata a description as JSON, and a hash over all of it. `owner` says who made it. The folders are
the only registry, so what one process has made is in the next list of every other.
docs/own-images.md has the format.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from aeviz.datasets.base import SPLIT_SEED, Progress, Source, Split, Splits
from aeviz.errors import UserError
from aeviz.io import atomic, json_file
from aeviz.io.paths import datasets_dir, owner_of

PREFIX = "own-"
FORMAT = "1"
FEWEST = 20
"""Images of a data set: fewer leave nothing to learn from, or nothing to measure on."""
MOST = 20_000
MAX_VALUES = 1 << 28
"""Pixels times channels of all images: what 4 GB of memory can be trained and measured on."""
SIDES = (16, 128)
MAX_CLASSES = 100
LONGEST_TITLE = 60
LONGEST_CLASS = 40
LONGEST_REMARK = 400
"""Characters of a file's name, or of what is said of it."""

_NAME = re.compile(rf"{PREFIX}[a-z0-9-]{{1,60}}")
_FILE = "data.safetensors"
_HELD_OUT = 0.1


@dataclass(frozen=True)
class Description:
    """What a file says of itself. `counts`: images by class; `fit`: how they came to their size;
    `left_out`: pairs of a file's name and why, the first few; `reasons`: how many for each reason,
    all of them; `notes`: how many images something was done to."""

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
        """ValueError, TypeError or KeyError where it is none, or says what cannot be."""
        data = json_file.parse(text)
        pairs = tuple((str(name), str(why)) for name, why in data["left_out"])
        lists = {key: tuple(data[key]) for key in ("class_names", "counts", "shape")}
        found = cls(**(data | lists | {"left_out": pairs}))
        channels, height, width = found.shape
        said = (found.fit, *(part for pair in pairs for part in pair))
        sound = (
            _is_text(found.title, LONGEST_TITLE)
            and 1 <= len(found.class_names) <= MAX_CLASSES
            and all(_is_text(name, LONGEST_CLASS) for name in found.class_names)
            and len(set(found.class_names)) == len(found.class_names) == len(found.counts)
            and all(type(n) is int and n > 0 for n in (*found.counts, *found.shape))
            and FEWEST <= sum(found.counts) <= MOST
            and channels in (1, 3)
            and all(SIDES[0] <= side <= SIDES[1] for side in (height, width))
            and all(json_file.is_text(one, LONGEST_REMARK) for one in said)
            and all(map(_is_tally, (found.reasons, found.notes)))
            and json_file.is_number(found.created)
        )
        if not sound:
            raise ValueError("the description says what cannot be")
        return found


def _is_text(text: Any, longest: int) -> bool:
    return json_file.is_text(text, longest) and text != ""


def _is_tally(tally: Any) -> bool:
    """Whether it says how many there are of what."""
    return isinstance(tally, dict) and all(
        json_file.is_text(what, LONGEST_REMARK) and json_file.is_count(count)
        for what, count in tally.items()
    )


def is_own(name: str) -> bool:
    """Whether a data set of this name would be one of these."""
    return _NAME.fullmatch(name) is not None


# ---- the list ------------------------------------------------------------------------------------

_known: dict[Path, tuple[tuple[int, int], Source | None]] = {}


def sources() -> list[Source]:
    """All that can be read, the newest first."""
    paths = [path for path in datasets_dir().glob(f"{PREFIX}*/{_FILE}") if is_own(path.parent.name)]
    found = [_source(path) for path in sorted(paths, key=_modified, reverse=True)]
    return [source for source in found if source is not None]


def kept() -> list[tuple[str, int]]:
    """Owner and size in bytes of each data set, those, too, that can no longer be read."""
    found = []
    for path in datasets_dir().glob(f"{PREFIX}*/{_FILE}"):
        with contextlib.suppress(OSError):  # removed at this moment
            found.append((owner_of(path.parent), path.stat().st_size))
    return found


def source(name: str) -> Source | None:
    """The one of this name; None where there is none, or its file cannot be read."""
    return _source(_path(name)) if is_own(name) else None


def description(name: str) -> Description:
    """UserError where there is no such data set, or its file cannot be read."""
    if not is_own(name):
        raise _missing(name)
    return _described(_path(name))[0]


def _path(name: str) -> Path:
    return datasets_dir() / name / _FILE


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _source(path: Path) -> Source | None:
    """What the file's header says, kept until the file changes."""
    try:
        stat = path.stat()
    except OSError:
        return None
    stamp = (stat.st_mtime_ns, stat.st_size)
    if path not in _known or _known[path][0] != stamp:
        try:
            _known[path] = (stamp, _told(path, _described(path)[0]))
        except UserError:
            _known[path] = (stamp, None)
    return _known[path][1]


def _told(path: Path, said: Description) -> Source:
    channels, height, width = said.shape
    total, kinds = sum(said.counts), len(said.class_names)
    classes = f"{kinds} classes" if kinds > 1 else "no classes"
    colour = "colour" if channels == 3 else "grey"
    return Source(
        name=path.parent.name,
        title=said.title,
        description=f"{total:,} images of your own, {height}x{width} {colour}, {classes}.",
        image_shape=said.shape,
        class_names=said.class_names,
        counts=split_counts(said.counts),
        credit="Images that somebody brought to this server.",
        read=partial(_read, path),
        own=True,
    )


# ---- reading -------------------------------------------------------------------------------------


def _read(path: Path, root: Path, progress: Progress) -> Splits:
    """The images of a file, checked against its hash, in their three splits."""
    del root
    said, images, labels = load(path, progress)
    return split_by_class(images, labels, len(said.class_names))


def load(
    path: Path, progress: Progress = lambda share, text: None
) -> tuple[Description, Tensor, Tensor]:
    """Description, images uint8 (N, C, H, W) and labels int64 (N,) in the order they were kept.

    UserError where a single byte of them is not what was written.
    """
    said, text, digest = _described(path)
    progress(0.0, f"Reading {said.title}")
    try:
        with safe_open(path, framework="pt") as file:
            images, labels = file.get_tensor("images"), file.get_tensor("labels")
    except (SafetensorError, OSError) as error:
        raise _damaged(path) from error
    progress(0.5, f"Checking {said.title}")
    if _hash(text, images, labels) != digest:
        raise _damaged(path)
    present, counts = labels.unique(return_counts=True)
    if present.tolist() != list(range(len(said.counts))) or counts.tolist() != list(said.counts):
        raise _damaged(path)
    return said, images, labels.long()


def examples(name: str, each: int) -> list[Tensor]:
    """The first of each class, uint8 (up to `each`, C, H, W), in the order of the classes."""
    _, images, labels = load(_path(name))
    classes = range(int(labels.max()) + 1)
    return [images[(labels == one).nonzero().flatten()[:each]] for one in classes]


def _described(path: Path) -> tuple[Description, str, str]:
    """The description, its text and the hash; the sizes in the header fit them."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            parts = {name: file.get_slice(name) for name in ("images", "labels")}
            kinds = {name: (part.get_dtype(), part.get_shape()) for name, part in parts.items()}
        if (metadata["format"], metadata["format_version"]) != ("aeviz-images", FORMAT):
            raise ValueError("another format")
        text, digest = metadata["description"], metadata["sha256"]
        said = Description.from_json(text)
    except FileNotFoundError as error:
        raise _missing(path.parent.name) from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    total = sum(said.counts)
    if kinds != {"images": ("U8", [total, *said.shape]), "labels": ("I16", [total])}:
        raise _damaged(path)
    return said, text, digest


def _damaged(path: Path) -> UserError:
    return UserError(
        f"The images in {path.parent.name} are damaged: remove that data set and make it again."
    )


def _missing(name: str) -> UserError:
    return UserError(f"The data set {name[:60]!r} is no longer on this server: choose another one.")


def _hash(said: str, images: Tensor, labels: Tensor) -> str:
    digest = hashlib.sha256(said.encode())
    digest.update(images.contiguous().numpy().data)
    digest.update(labels.contiguous().numpy().astype("<i2").data)
    return digest.hexdigest()


# ---- splits --------------------------------------------------------------------------------------


def held_out(count: int) -> int:
    """Images of a class of so many that go into validation, and as many into test."""
    return max(1, round(_HELD_OUT * count)) if count >= 3 else 0


def split_counts(counts: Sequence[int]) -> tuple[int, int, int]:
    """Images in train, validation and test, for so many in each class."""
    total = sum(counts)
    away = sum(map(held_out, counts)) or held_out(total)  # classes too small each, not together
    return total - 2 * away, away, away


def split_by_class(images: Tensor, labels: Tensor, classes: int, seed: int = SPLIT_SEED) -> Splits:
    """A tenth of each class for validation, a tenth for test, at least one each; the rest to train.

    Classes of one or two images are only trained on. The same images give the same splits, each in
    an order of its own that mixes the classes.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(labels), generator=generator)
    groups = [order[labels[order] == one] for one in range(classes)]
    if not any(held_out(len(group)) for group in groups):
        groups = [order]
    parts: list[list[Tensor]] = [[], [], []]
    for group in groups:
        away = held_out(len(group))
        for part, index in zip(
            parts, (group[2 * away :], group[:away], group[away : 2 * away]), strict=True
        ):
            part.append(index)
    everything = Split(images, labels)
    mixed = (_mixed(torch.cat(part), generator) for part in parts)
    return Splits(*(everything.take(index) for index in mixed))


def _mixed(index: Tensor, generator: torch.Generator) -> Tensor:
    return index[torch.randperm(len(index), generator=generator)]


# ---- keeping and removing ------------------------------------------------------------------------


def check_count(count: int) -> None:
    """UserError where so few images make no data set."""
    if count < FEWEST:
        has = "There is no image" if not count else f"There are only {count} images"
        has = "There is only 1 image" if count == 1 else has
        raise UserError(f"{has} that can be used: {FEWEST} are the least to learn from.")


def keep(
    title: str, images: Tensor, labels: Tensor, about: Mapping[str, Any], owner: str = ""
) -> str:
    """Writes a new data set and answers its name; images uint8 (N, C, H, W), labels (N,). `owner`:
    who made it, as `aeviz.identity` names them; "" for one of nobody's.

    `about`: class_names, and what else a Description says. UserError where it has too few or too
    many images, or the disk does not take them.
    """
    check_count(len(images))
    if len(images) > MOST or images.numel() > MAX_VALUES:
        raise UserError("These are too many images for their size: make them smaller.")
    names = tuple(about["class_names"])
    said = Description(
        **(
            dict(about)
            | {
                "title": title,
                "class_names": names,
                "counts": tuple(labels.bincount(minlength=len(names)).tolist()),
                "shape": tuple(images.shape[1:]),
                "created": time.time(),
            }
        )
    )
    text, labels = said.to_json(), labels.to(torch.int16)
    Description.from_json(text)  # what could not be read again is never written
    metadata = {
        "format": "aeviz-images",
        "format_version": FORMAT,
        "description": text,
        "sha256": _hash(text, images, labels),
    }
    tensors = {"images": images.contiguous(), "labels": labels.contiguous()}
    path = _path(f"{PREFIX}{_slug(title)}-{secrets.token_hex(3)}")
    try:
        if owner:
            atomic.write_bytes(path.with_name("owner"), owner.encode())
        data = safetensors.torch.save(tensors, metadata)
        atomic.write_bytes(path, data)  # last: now it is listed
    except UserError:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise
    return path.parent.name


def exists(name: str) -> bool:
    """Whether there is a file for this data set, which need not be one that can be read."""
    return is_own(name) and _path(name).is_file()


def owner(name: str) -> str:
    """Who made the data set; "" for one of nobody's, or from before there were owners."""
    return owner_of(_path(name).parent) if is_own(name) else ""


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:32].strip("-") or "images"


def remove(name: str) -> None:
    """Removes a data set; models trained on it keep what they show of it. UserError where it is
    not there, or cannot be removed."""
    if not exists(name):
        raise _missing(name)
    gone = datasets_dir() / f".gone-{secrets.token_hex(6)}"
    with atomic.in_words("This data set cannot be removed"):
        _path(name).parent.rename(gone)  # at once for everybody, however long the rest takes
    shutil.rmtree(gone, ignore_errors=True)
