"""Uploaded model files: check, store, list and delete them.

`checkpoints/runs/upload-<hash>/` holds `model.safetensors` and `owner`. The hash is that of the
content, so uploading the same file twice gives one model; the name of the uploaded file is not
used.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aeviz import limits
from aeviz.errors import UserError
from aeviz.identity import Person
from aeviz.io import atomic, disk
from aeviz.io.paths import given_name, owner_of, runs_dir
from aeviz.models import checkpoint, library
from aeviz.models.library import ModelInfo
from aeviz.quota import Kept, Quota

_NAME: Final = re.compile(r"upload-[0-9a-f]{10}")
_FILE: Final = "model.safetensors"


@dataclass(frozen=True)
class Upload:
    """An uploaded model. `display_name`: its name in lists; `name` if its file cannot be read."""

    name: str
    display_name: str
    owner: str
    size: int
    """Bytes."""
    made: float
    """The time of the upload, in seconds since the epoch."""


def uploads() -> list[Upload]:
    """All uploads, newest first, including those that can no longer be read: they can be
    deleted."""
    found = []
    for path in runs_dir().glob(f"upload-*/{_FILE}"):
        name = path.parent.name
        try:
            stat = path.stat()
        except OSError:
            continue
        if _NAME.fullmatch(name):
            owner = owner_of(path.parent)
            found.append(Upload(name, _display_name(name), owner, stat.st_size, stat.st_mtime))
    return sorted(found, key=lambda upload: -upload.made)


def is_there(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and (runs_dir() / name / _FILE).is_file()


def _display_name(name: str) -> str:
    try:
        return library.find(name).display_name
    except UserError:
        return given_name(runs_dir() / name) or name


def add(data: bytes, file_name: str, owner: str = "") -> ModelInfo:
    """Check and store a model file. UserError if it is invalid, if this person has too many, or if
    the disk is full. A file belongs to the person who uploaded it first."""
    name = f"upload-{hashlib.sha256(data).hexdigest()[:10]}"
    if not (runs_dir() / name / _FILE).exists():
        _check_room(len(data), owner)
        trial = runs_dir() / f".{name}-{secrets.token_hex(4)}.safetensors"
        display_name = file_name[:60]
        atomic.write_bytes(trial, data, display_name=display_name)
        try:
            library.check_thumbnails(checkpoint.load(trial, display_name=display_name))
            _keep(trial, runs_dir() / name, owner)
        finally:
            trial.unlink(missing_ok=True)
    return library.find(name)


def _keep(trial: Path, folder: Path, owner: str) -> None:
    try:
        with atomic.in_words("The model could not be kept"):
            folder.mkdir(parents=True, exist_ok=True)
            if owner:
                atomic.write_bytes(folder / "owner", owner.encode())
            os.replace(trial, folder / _FILE)  # last: now it is listed
    except UserError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _check_room(size: int, owner: str) -> None:
    """UserError if there is no room for one more model of so many bytes."""
    quota = Quota("uploaded models", "delete", limits.MODELS, limits.MODEL_BYTES)
    kept = [Kept(upload.owner, upload.size) for upload in uploads()]
    quota.check(kept, owner, size)
    with atomic.in_words("The model could not be kept"):
        runs_dir().mkdir(parents=True, exist_ok=True)
    disk.check(runs_dir(), size)


def remove(name: str, person: Person) -> None:
    """Delete an uploaded model. UserError if this person is neither its owner nor the teacher, or
    if the model does not exist."""
    folder = runs_dir() / name
    if not is_there(name):
        raise UserError("This model has been deleted already.")
    if not person.may_manage(owner_of(folder)):
        raise UserError(
            "This model belongs to somebody else: only that person or the teacher can delete it."
        )
    gone = runs_dir() / f".trash-{name}-{secrets.token_hex(4)}"
    with atomic.in_words("The model could not be deleted"):
        folder.rename(gone)  # gone for everybody at once; deleting the files may take a while
    shutil.rmtree(gone, ignore_errors=True)
