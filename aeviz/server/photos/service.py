"""The work behind the photo routes. It is slow and imports PyTorch, so it runs in threads, never on
the event loop."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from aeviz.errors import UserError
from aeviz.images import Photo, read_photo, safe_name, view_bytes, write_photo
from aeviz.images.photo import is_narrow, stretched_photo, used_range, value_range
from aeviz.images.window import stretched
from aeviz.restoration.findings import first_notes, noise_of
from aeviz.restoration.masks import check_share, read_mask
from aeviz.restoration.photo import check
from aeviz.restoration.tasks import TASKS
from aeviz.server.photos import degrade
from aeviz.server.photos.jobs import OURS, Load, Restorers, methods, photo_of, restoration_steps
from aeviz.server.photos.params import DegradationRequest
from aeviz.server.photos.previews import VIEW_PIXELS, blend, difference, resize
from aeviz.server.photos.scores import Scores, scores
from aeviz.server.photos.store import GONE, GoneError, Store, StoredPhoto
from aeviz.server.photos.worker import PhotoClient, PhotoJob

MAX_SCORED: Final = 4
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"


@dataclass(frozen=True)
class Picture:
    """An open file to send; `name` is set if it is a download."""

    file: BinaryIO
    media_type: str
    name: str = ""


class PhotoService:
    """Works on the photos of `store`; `load` finds a restorer by its name."""

    def __init__(self, store: Store, load: Load | None = None) -> None:
        self._store = store
        self._load = load or Restorers()

    # ---- in ------------------------------------------------------------------------------------

    def upload(
        self, body: Path, name: str, damage: DegradationRequest | None, stretch: bool = False
    ) -> dict[str, Any]:
        """Store an uploaded photo, with its range stretched if `stretch`; returns its JSON."""
        photo = read_photo(body.read_bytes())
        narrow = is_narrow(photo)
        arrays, scores_before = {}, {}
        if stretch and used_range(photo):
            arrays["window"] = np.array(value_range(photo))
            photo = stretched_photo(photo)
        if damage is not None:
            damaged = degrade.damage(photo, damage.name, damage.amount, damage.seed)
            photo = damaged.photo
            arrays["reference"] = damaged.reference
            if damaged.mask is not None:
                arrays["mask"] = damaged.mask
            scores_before["before"] = _scores_before(photo.pixels, damaged.reference)
        arrays["pixels"] = photo.pixels
        if photo.alpha is not None:
            arrays["alpha"] = photo.alpha
        stored = self._store.add(shown_name(name), arrays, photo.notes)
        height, width, channels = photo.pixels.shape
        return {
            "id": stored.id,
            "name": stored.name,
            "width": width,
            "height": height,
            "channels": channels,
            "depth": 8 * photo.pixels.itemsize,
            "alpha": photo.alpha is not None,
            "notes": [*photo.notes, *first_notes(photo)],
            "range": round(used_range(photo), 4),
            "narrow": narrow,
            "sigma": round(noise_of(photo), 1),
            "reference": damage is not None,
            "mask": "mask" in arrays,
            **scores_before,
        }

    def set_reference(self, photo: str, body: Path) -> dict[str, Any]:
        """Store the clean photo to compare with, stretched as the photo was; returns the scores of
        the photo and of its results."""
        stored = self._store.get(photo)
        reference = read_photo(body.read_bytes()).pixels
        height, width = stored.read("pixels").shape[:2]
        if reference.shape[:2] not in [(height * n, width * n) for n in (1, 2, 4)]:
            raise UserError(
                f"The reference is {reference.shape[1]}x{reference.shape[0]} pixels and the photo "
                f"{width}x{height}: the reference must have the same size, or be two or four times "
                "larger."
            )
        window = stored.read_if_there("window")
        if window is not None:
            reference = stretched(reference, (window[0], window[1]))
        self._store.write(stored, "reference", reference)
        results = self._store.results_of(photo)[:MAX_SCORED]
        return {
            "before": _scores_before(stored.read("pixels"), reference),
            "results": {
                result.id: scores(reference, result.read("pixels"))
                for result in results
                if result.read("pixels").shape[:2] == reference.shape[:2]
            },
        }

    def set_mask(self, photo: str, body: Path, sure: bool = False) -> dict[str, Any]:
        """Store a mask (`read_mask`); UnsureError if it covers nearly everything and not `sure`."""
        stored = self._store.get(photo)
        mask = read_mask(body.read_bytes())
        height, width = stored.read("pixels").shape[:2]
        if mask.shape != (height, width):
            raise UserError(
                f"The mask is {mask.shape[1]}x{mask.shape[0]} pixels and the photo "
                f"{width}x{height}: give both the same size."
            )
        if not sure:
            check_share(mask, "If it is not, send it again with sure=1.")
        self._store.write(stored, "mask", mask)
        return {"pixels": int(mask.sum())}

    # ---- out -----------------------------------------------------------------------------------

    def before(self, photo: str) -> Picture:
        """The photo as a browser shows it."""
        stored = self._store.get(photo)
        return self._view(stored, "view", 100, lambda: photo_of(stored))

    def mask(self, photo: str) -> bytes:
        """The photo's mask as a PNG, white in holes."""
        mask = self._store.get(photo).read("mask")
        return write_photo(Photo(mask[:, :, None] * np.uint8(255)))

    def result(self, result: str, strength: int) -> Picture:
        """The whole result as a PNG of full depth."""
        stored = self._result(result)
        blends = strength < 100
        file = self._store.file(
            stored, f"{strength}.png", lambda: write_photo(self._blend(stored, strength)), blends
        )
        return Picture(file, PNG, stored.name)

    def view(self, result: str, strength: int) -> Picture:
        """The result as a browser shows it."""
        stored = self._result(result)
        return self._view(stored, "view", strength, lambda: self._blend(stored, strength))

    def difference(self, result: str, strength: int) -> Picture:
        """The difference of result and photo, as a browser shows it."""
        stored = self._result(result)

        def subtract() -> Photo:
            before = self._original(stored).read("pixels")
            return difference(before, self._blend(stored, strength).pixels)

        return self._view(stored, "difference", strength, subtract)

    def scores(self, result: str, strength: int) -> Scores | None:
        """PSNR and SSIM of the result against the photo's reference; None if it has none."""
        stored = self._result(result)
        reference = self._original(stored).read_if_there("reference")
        if reference is None or reference.shape[:2] != stored.read("pixels").shape[:2]:
            return None
        return scores(reference, self._blend(stored, strength).pixels)

    # ---- restore -------------------------------------------------------------------------------

    def job(self, client: PhotoClient, number: int, message: dict[str, Any]) -> PhotoJob:
        """The job of a "restore" message; UserError if it cannot be done."""
        task = TASKS.get(str(message.get("task")))
        if task is None:
            raise UserError("There is no such task: reload the page.")
        stored = self._store.get(str(message.get("photo")))
        sigma = message.get("sigma")
        if sigma is not None and not _number(sigma):
            raise UserError("The noise level must be a number.")
        photo, mask = photo_of(stored), stored.read_if_there("mask")
        check(task, photo, mask, sigma)
        method = str(message.get("method", OURS))
        if method not in methods(task):
            raise UserError("There is no such method for this task: reload the page.")
        height, width = photo.pixels.shape[:2]
        steps = restoration_steps(self._store, stored, task, method, sigma, self._load)
        return PhotoJob(client, number, height * width * task.scale**2, steps)

    # ---- parts ---------------------------------------------------------------------------------

    def _result(self, wanted: str) -> StoredPhoto:
        stored = self._store.get(wanted)
        if stored.original is None:
            raise GoneError(GONE)
        return stored

    def _original(self, result: StoredPhoto) -> StoredPhoto:
        assert result.original is not None
        return self._store.get(result.original)

    def _blend(self, result: StoredPhoto, strength: int) -> Photo:
        after = photo_of(result)
        if strength == 100:
            return after
        return blend(self._original(result).read("pixels"), after, strength)

    def _view(
        self, stored: StoredPhoto, name: str, strength: int, make: Callable[[], Photo]
    ) -> Picture:
        file = self._store.file(
            stored,
            f"{name}-{strength}",
            lambda: view_bytes(make(), VIEW_PIXELS)[0],
            passing=strength < 100,
        )
        is_png = file.read(4) == b"\x89PNG"
        file.seek(0)
        return Picture(file, PNG if is_png else JPEG)


def shown_name(name: str) -> str:
    """The name of an upload, made safe, with its own extension."""
    ending = re.search(r"\.[A-Za-z0-9]{1,5}$", name)
    return safe_name(name, ending[0].lower() if ending else ".png")


def _scores_before(pixels: np.ndarray, reference: np.ndarray) -> Scores:
    return scores(reference, resize(pixels, *reference.shape[:2]))


def _number(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)  # type: ignore[arg-type]
