"""Build a data set from files: read, decode and fit one image after the other."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from aeviz import images
from aeviz.dataset_import import names, quota, ranges
from aeviz.dataset_import.names import Labels
from aeviz.dataset_import.upload_format import EMPTY_ZIP, ZIP, Item, Zipped
from aeviz.datasets import custom, custom_images
from aeviz.errors import UserError
from aeviz.images import NOT_AN_IMAGE, Decoded, Span, Window
from aeviz.images.fitting import Fit

MAX_PIXELS = 16_000_000
MAX_FILE = 64 << 20
"""Bytes of one unpacked file."""
MAX_UNPACKED = 8 << 30
"""Unpacked bytes of all files in ZIP archives together: bounds the work for a small archive."""
MAX_LISTED = 200
FITS: dict[Fit, str] = {
    "cover": "cropped to a square",
    "contain": "padded to a square",
    "stretch": "stretched to a square",
}
SAME_NAME = "Another file has the same name."
COPY = "This is a copy of another image."
SAME_AT_THIS_SIZE = "At this size, this image is equal to another one."

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Recipe:
    """Settings of an import. `side`: pixels of the square images. `stretch`: if the images use only
    a small part of their range, stretch it, alike for all. UserError if a setting is invalid."""

    title: str = "My images"
    side: int = 32
    colour: bool = True
    fit: Fit = "cover"
    labels: Labels = "folder"
    stretch: bool = True

    def __post_init__(self) -> None:
        low, high = custom.SIDES
        if not low <= self.side <= high:
            raise UserError(f"The side must be between {low} and {high} pixels.")
        if self.fit not in FITS or self.labels not in ("folder", "top", "none"):
            raise UserError("Choose how the images are fitted and labelled from the lists.")
        title = " ".join(self.title.split())
        if not title or len(title) > custom.LONGEST_TITLE or not title.isprintable():
            raise UserError(f"Give the data set a name of 1 to {custom.LONGEST_TITLE} characters.")
        object.__setattr__(self, "title", title)

    @property
    def shape(self) -> tuple[int, int, int]:
        return (3 if self.colour else 1, self.side, self.side)

    @property
    def max_images(self) -> int:
        """The most images of this size in a data set."""
        return min(custom.MOST, custom.MAX_VALUES // (self.shape[0] * self.side**2))

    def in_words(self) -> str:
        colour = "colour" if self.colour else "grey"
        return f"{FITS[self.fit]}, {self.side}x{self.side} pixels, {colour}"


@dataclass
class LeftOut:
    """The files left out: all counted by reason, the first few listed by name. A reason is a whole
    sentence."""

    listed: list[tuple[str, str]] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    quiet: int = 0

    def add(self, path: str, why: str) -> None:
        self.reasons[why] += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append((names.shown(path), why))

    def __len__(self) -> int:
        return self.reasons.total()


@dataclass(frozen=True)
class Contents:
    """The files that may be images, and those left out because of their names."""

    items: list[Item]
    left_out: LeftOut

    def counts(self, labels: Labels) -> dict[str, int]:
        """Files in each class."""
        count = Counter(names.classes([item.path for item in self.items], labels))
        return {name: count[name] for name in names.in_order(set(count))}


def contents(items: Sequence[Item]) -> Contents:
    """Leave out files that need not be read: system files, second files of the same name, links,
    encrypted entries."""
    left_out, kept, seen = LeftOut(), [], set()
    for item in items:
        if names.is_quiet(item.path):
            left_out.quiet += 1
        elif names.is_data(item.path):
            left_out.add(item.path, NOT_AN_IMAGE)
        elif item.refusal:
            left_out.add(item.path, item.refusal)
        elif item.path in seen:
            left_out.add(item.path, SAME_NAME)
        else:
            seen.add(item.path)
            kept.append(item)
    return Contents(kept, left_out)


class Reader:
    """Reads files as images within the limits; a UserError says why one is left out.

    `window`: the values of black and white. `spans`: the ranges of all images read.
    """

    def __init__(self, window: Window | None = None, unpacked: int = MAX_UNPACKED) -> None:
        self.spans: list[Span] = []
        self._window = window or Window()
        self._left = unpacked
        self._seen: set[bytes] = set()

    def read(self, item: Item) -> Decoded:
        if self._left <= 0 and isinstance(item, Zipped):
            raise UserError("The files unpacked before this one reach the limit.")
        content = item.read(MAX_FILE)
        if isinstance(item, Zipped):
            self._left -= MAX_FILE if content is None else len(content)
        if content is None:
            raise UserError(f"This file is larger than {MAX_FILE >> 20} MiB.")
        if not content:
            raise UserError("This file is empty.")
        if content[:4] in (ZIP, EMPTY_ZIP):
            raise UserError("This is a ZIP archive or a document: unpack it first.")
        digest = hashlib.sha256(content).digest()
        if digest in self._seen:
            raise UserError(COPY)
        decoded = images.decode(content, max_pixels=MAX_PIXELS, window=self._window)
        self.spans += [decoded.span] if decoded.span else []
        pixels = digest_of(decoded.pixels)
        if pixels in self._seen:
            raise UserError(COPY)
        self._seen |= {digest, pixels}
        return decoded


def digest_of(pixels: np.ndarray) -> bytes:
    """A hash of the pixels (H, W, C); grey in three channels counts as grey."""
    if pixels.shape[2] == 3 and (pixels == pixels[:, :, :1]).all():
        pixels = pixels[:, :, :1]
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()


def fitted(decoded: Decoded, recipe: Recipe) -> torch.Tensor:
    """An image of any size as uint8 (C, side, side)."""
    x, _ = images.to_tensor(decoded, recipe.shape, recipe.fit, invert=False)
    return (x * 255).round().to(torch.uint8)


def build(
    found: Contents,
    recipe: Recipe,
    progress: Progress = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
    owner: str = "",
) -> tuple[str, LeftOut] | None:
    """Build and save the data set of this owner; returns its name and what was left out, or None if
    it was cancelled.

    Only one image is in memory at its full size at a time. UserError if there are too few images,
    too many classes, or not enough space.
    """
    quota.check_quota(owner)
    kinds = names.classes([item.path for item in found.items], recipe.labels)
    if len(set(kinds)) > custom.MAX_CLASSES:
        raise UserError(
            f"These images are in {len(set(kinds)):,} folders, but there can be at most "
            f"{custom.MAX_CLASSES} classes: label them by another folder, or not at all."
        )
    chosen = share_out(kinds, recipe.max_images)
    read = _Read(found, recipe, kinds)
    complete = read.all(chosen, progress, cancelled)
    if complete and (window := ranges.window_of(read.spans, recipe.stretch)) is not None:
        note = ranges.note(read.spans, recipe.stretch)
        read = _Read(found, recipe, kinds, window)
        complete = read.all(chosen, progress, cancelled)
        read.notes[note] = len(read.labelled)
    if not complete:
        return None
    left_out, labelled = read.left_out, read.labelled
    full = f"The data set has {recipe.max_images:,} images of this size, the most that it can have."
    for index in sorted(set(range(len(kinds))) - set(chosen)):
        left_out.add(found.items[index].path, full)
    for empty in names.in_order(set(kinds) - set(labelled)):
        left_out.add(empty, "No image in this class could be used.")
    custom.check_count(len(labelled))
    if cancelled():
        return None
    progress(1.0, "Saving the images")
    class_names = names.in_order(set(labelled))
    place = {name: number for number, name in enumerate(class_names)}
    about = {
        "class_names": class_names,
        "fit": recipe.in_words(),
        "left_out": tuple(left_out.listed),
        "reasons": dict(left_out.reasons),
        "notes": dict(read.notes),
    }
    labels = torch.tensor([place[name] for name in labelled])
    tensor = torch.from_numpy(read.pixels[: len(labelled)])
    quota.check_quota(owner, tensor.nbytes)
    quota.check_disk(tensor.nbytes)
    return custom_images.keep(recipe.title, tensor, labels, about, owner), left_out


class _Read:
    """Reads the images of a data set, fitting each before the next is read."""

    def __init__(
        self, found: Contents, recipe: Recipe, kinds: list[str], window: Window | None = None
    ) -> None:
        self._items, self._recipe, self._kinds = found.items, recipe, kinds
        self._again, self._reader = window is not None, Reader(window)
        self._seen: set[bytes] = set()  # so that training and test never share an image
        self.pixels = np.empty((min(recipe.max_images, len(kinds)), *recipe.shape), np.uint8)
        self.labelled: list[str] = []
        self.notes = Counter[str]()
        self.left_out = LeftOut(list(found.left_out.listed), Counter(found.left_out.reasons))
        self.left_out.quiet = found.left_out.quiet

    @property
    def spans(self) -> list[Span]:
        return self._reader.spans

    def all(self, chosen: Sequence[int], progress: Progress, cancelled: Callable[[], bool]) -> bool:
        """Read the chosen images; False if it was cancelled."""
        verb = "Stretching" if self._again else "Reading"
        for number, index in enumerate(chosen):
            if cancelled():
                return False
            progress(number / len(chosen), f"{verb} image {number + 1:,} of {len(chosen):,}")
            try:
                self._one(self._items[index], self._kinds[index])
            except UserError as error:
                self.left_out.add(self._items[index].path, error.message)
        return True

    def _one(self, item: Item, kind: str) -> None:
        decoded = self._reader.read(item)
        image = fitted(decoded, self._recipe).numpy()
        if (digest := digest_of(image.transpose(1, 2, 0))) in self._seen:
            raise UserError(SAME_AT_THIS_SIZE)
        self._seen.add(digest)
        self.pixels[len(self.labelled)] = image
        self.labelled.append(kind)
        self.notes.update(_note(note) for note in decoded.notes)


def share_out(kinds: Sequence[str], count: int) -> list[int]:
    """Indices of at most `count` images, in order. If there are more, every class gives equally
    many, and smaller classes all they have."""
    return sorted(in_turns(kinds)[:count])


def in_turns(kinds: Sequence[str]) -> list[int]:
    """All indices: the first of each class, then the second of each, and so on."""
    turn: Counter[str] = Counter()
    turns = []
    for kind in kinds:
        turns.append(turn[kind])
        turn[kind] += 1
    return sorted(range(len(kinds)), key=lambda place: (turns[place], place))


def _note(note: str) -> str:
    """A note on an image, without its numbers, so that equal notes can be counted."""
    return "Only the first frame is used." if note.startswith("Only the first") else note
