"""Files into a data set, one at a time: read, decoded, fitted, and only then the next."""

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
from aeviz.images import Decoded, Span, Window
from aeviz.images.fitting import Fit

MAX_PIXELS = 16_000_000
MAX_FILE = 64 << 20
"""Bytes of one file, as it unpacks."""
MAX_UNPACKED = 8 << 30
"""Bytes of all files in zips together, as they unpack: what a small zip may ask of the server."""
MAX_LISTED = 200
FITS: dict[Fit, str] = {
    "cover": "cropped to a square",
    "contain": "padded to a square",
    "stretch": "stretched to a square",
}
SECOND = "a file of this name came before"
TWIN = "the same picture as one before"
SAME_HERE = "at this size the same picture as one before"
NO_IMAGE = "This is not an image"

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Recipe:
    """How images become a data set. `side`: pixels of its squares. `stretch`: images that use a
    small part of their range are spread over all of it, alike. UserError where it cannot be."""

    title: str = "My images"
    side: int = 32
    colour: bool = True
    fit: Fit = "cover"
    labels: Labels = "folder"
    stretch: bool = True

    def __post_init__(self) -> None:
        low, high = custom.SIDES
        if not low <= self.side <= high:
            raise UserError(f"The side must lie between {low} and {high} pixels.")
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
    def most(self) -> int:
        """Images of this size that a data set holds."""
        return min(custom.MOST, custom.MAX_VALUES // (self.shape[0] * self.side**2))

    def in_words(self) -> str:
        colour = "colour" if self.colour else "grey"
        return f"{FITS[self.fit]}, {self.side}x{self.side} pixels, {colour}"


@dataclass
class LeftOut:
    """What did not come in: all of it counted by reason, the first few by name."""

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
    """The files that may be images, and what their names alone say of the others."""

    items: list[Item]
    left_out: LeftOut

    def counts(self, labels: Labels) -> dict[str, int]:
        """Files in each class."""
        count = Counter(names.classes([item.path for item in self.items], labels))
        return {name: count[name] for name in names.in_order(set(count))}


def contents(items: Sequence[Item]) -> Contents:
    """Sorts out what need not be read: what systems leave behind, second files of one name, links,
    locked entries."""
    left_out, kept, seen = LeftOut(), [], set()
    for item in items:
        if names.is_quiet(item.path):
            left_out.quiet += 1
        elif names.is_data(item.path):
            left_out.add(item.path, NO_IMAGE)
        elif item.refusal:
            left_out.add(item.path, item.refusal)
        elif item.path in seen:
            left_out.add(item.path, SECOND)
        else:
            seen.add(item.path)
            kept.append(item)
    return Contents(kept, left_out)


class Reader:
    """Reads files as images within the bounds; each that is none is a UserError, its one reason.

    `window`: how their values are shown. `spans`: the values of all that were read.
    """

    def __init__(self, window: Window | None = None, unpacked: int = MAX_UNPACKED) -> None:
        self.spans: list[Span] = []
        self._window = window or Window()
        self._left = unpacked
        self._seen: set[bytes] = set()

    def read(self, item: Item) -> Decoded:
        if self._left <= 0 and isinstance(item, Zipped):
            raise UserError("the files before it unpack to more than is read")
        content = item.read(MAX_FILE)
        if isinstance(item, Zipped):
            self._left -= MAX_FILE if content is None else len(content)
        if content is None:
            raise UserError(f"larger than {MAX_FILE >> 20} MiB")
        if not content:
            raise UserError("an empty file")
        if content[:4] in (ZIP, EMPTY_ZIP):
            raise UserError("a zip inside a zip, or a document: unpack it first")
        digest = hashlib.sha256(content).digest()
        if digest in self._seen:
            raise UserError(TWIN)
        decoded = images.decode(content, max_pixels=MAX_PIXELS, window=self._window)
        self.spans += [decoded.span] if decoded.span else []
        pixels = digest_of(decoded.pixels)
        if pixels in self._seen:
            raise UserError(TWIN)
        self._seen |= {digest, pixels}
        return decoded


def digest_of(pixels: np.ndarray) -> bytes:
    """A hash of the picture (H, W, C), whatever file it was in; grey in three channels is grey."""
    if pixels.shape[2] == 3 and (pixels == pixels[:, :, :1]).all():
        pixels = pixels[:, :, :1]
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()


def fitted(decoded: Decoded, recipe: Recipe) -> torch.Tensor:
    """uint8 (C, side, side) of a picture of any size."""
    x, _ = images.to_tensor(decoded, recipe.shape, recipe.fit, invert=False)
    return (x * 255).round().to(torch.uint8)


def build(
    found: Contents,
    recipe: Recipe,
    progress: Progress = lambda share, text: None,
    cancelled: Callable[[], bool] = lambda: False,
    owner: str = "",
) -> tuple[str, LeftOut] | None:
    """Makes and keeps the data set of this owner; its name and what was left out, or None where it
    was cancelled.

    No image lies in memory at its full size but the one at work. UserError where there are too few
    images, too many classes, or no room for them.
    """
    quota.check_quota(owner)
    kinds = names.classes([item.path for item in found.items], recipe.labels)
    if len(set(kinds)) > custom.MAX_CLASSES:
        raise UserError(
            f"These images lie in {len(set(kinds)):,} folders, and {custom.MAX_CLASSES} classes "
            "are the most: label them by another folder, or not at all."
        )
    chosen = share_out(kinds, recipe.most)
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
    for index in sorted(set(range(len(kinds))) - set(chosen)):
        left_out.add(found.items[index].path, f"{recipe.most:,} images of this size are the most")
    for empty in names.in_order(set(kinds) - set(labelled)):
        left_out.add(empty, "no image in this class could be used")
    custom.check_count(len(labelled))
    if cancelled():
        return None
    progress(1.0, "Keeping the images")
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
    """The images of a data set as they are read, each fitted before the next."""

    def __init__(
        self, found: Contents, recipe: Recipe, kinds: list[str], window: Window | None = None
    ) -> None:
        self._items, self._recipe, self._kinds = found.items, recipe, kinds
        self._again, self._reader = window is not None, Reader(window)
        self._seen: set[bytes] = set()  # so that training and test never share an image
        self.pixels = np.empty((min(recipe.most, len(kinds)), *recipe.shape), np.uint8)
        self.labelled: list[str] = []
        self.notes = Counter[str]()
        self.left_out = LeftOut(list(found.left_out.listed), Counter(found.left_out.reasons))
        self.left_out.quiet = found.left_out.quiet

    @property
    def spans(self) -> list[Span]:
        return self._reader.spans

    def all(self, chosen: Sequence[int], progress: Progress, cancelled: Callable[[], bool]) -> bool:
        """Whether it was not cancelled."""
        verb = "Stretching" if self._again else "Reading"
        for number, index in enumerate(chosen):
            if cancelled():
                return False
            progress(number / len(chosen), f"{verb} image {number + 1:,} of {len(chosen):,}")
            try:
                self._one(self._items[index], self._kinds[index])
            except UserError as error:
                self.left_out.add(self._items[index].path, _reason(str(error)))
        return True

    def _one(self, item: Item, kind: str) -> None:
        decoded = self._reader.read(item)
        image = fitted(decoded, self._recipe).numpy()
        if (digest := digest_of(image.transpose(1, 2, 0))) in self._seen:
            raise UserError(SAME_HERE)
        self._seen.add(digest)
        self.pixels[len(self.labelled)] = image
        self.labelled.append(kind)
        self.notes.update(_note(note) for note in decoded.notes)


def share_out(kinds: Sequence[str], most: int) -> list[int]:
    """Places of at most `most` of these, in their order; where there are more, every class gives as
    many, and the smaller ones all they have."""
    return sorted(in_turns(kinds)[:most])


def in_turns(kinds: Sequence[str]) -> list[int]:
    """All places: the first of each class, then the second of each, and so on."""
    turn: Counter[str] = Counter()
    turns = []
    for kind in kinds:
        turns.append(turn[kind])
        turn[kind] += 1
    return sorted(range(len(kinds)), key=lambda place: (turns[place], place))


def _reason(why: str) -> str:
    """A reason as part of a list: the sentence without its advice, or with it where it is all."""
    return why.split(";")[0].rstrip(".")


def _note(note: str) -> str:
    """What was done to an image, without its numbers, so that it can be counted."""
    return "Only the first frame is used." if note.startswith("Only the first") else note
