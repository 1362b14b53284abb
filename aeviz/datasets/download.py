"""Download files safely: stream them, check them, then move them into place."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.request import urlopen

from aeviz.errors import UserError

TIMEOUT = 20.0  # seconds without a byte before an address counts as unreachable
BLOCK = 1 << 18  # bytes
WITHOUT_NETWORK = (
    "set AEVIZ_DATA to a folder that has it already, or choose one of the data sets that need no "
    "network: mnist-5k, digits, shapes, shapes-colour"
)


class _UnreachableError(Exception):
    """There was no connection, or it broke before the end."""


class _CorruptError(Exception):
    """The downloaded bytes do not match the checksum."""


@contextmanager
def download_file(
    title: str,
    urls: Sequence[str],
    md5: str,
    folder: Path,
    report: Callable[[float], None] = lambda fraction: None,
) -> Iterator[IO[bytes]]:
    """A temporary file, open at its start, with the content of the first of `urls` that works and
    has this `md5`.

    The file is in `folder`; the system removes it when it is closed or the process ends. `report`
    is called with the fraction that has been received.

    Raises UserError if all addresses fail, the folder cannot be written or the disk is full.
    """
    with ExitStack() as stack:
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(tempfile.TemporaryFile(dir=folder))
        corrupt = False
        for url in urls:
            try:
                with _writing(folder):
                    _stream(url, md5, file, report)
                break
            except _CorruptError:
                corrupt = True
            except _UnreachableError:
                continue
        else:
            raise _no_address_left(title, corrupt)
        file.seek(0)
        yield file


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write. It appears at `path`, complete, if the block ends without an error.

    Raises UserError if the folder cannot be written or the disk is full.
    """
    with _writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part"
        )
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)  # mkstemp's 0600 would lock out others who share the folder
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"aeviz cannot write to {folder} ({error.strerror or error}): free some space there, "
            "or set AEVIZ_DATA to another folder."
        ) from error


def _no_address_left(title: str, corrupt: bool) -> UserError:
    if corrupt:
        return UserError(
            f"The download of {title} was damaged and has been deleted: try again later, or "
            f"{WITHOUT_NETWORK}."
        )
    return UserError(
        f"{title} could not be downloaded: connect to the internet and try again, or "
        f"{WITHOUT_NETWORK}."
    )


def _stream(url: str, md5: str, target: IO[bytes], report: Callable[[float], None]) -> None:
    """Replace the content of `target` by the body at `url`, and check it."""
    target.seek(0)
    target.truncate()
    digest = hashlib.md5(usedforsecurity=False)  # the checksum that torchvision publishes
    received, expected = 0, 0
    for block, expected in _blocks(url):
        target.write(block)
        digest.update(block)
        received += len(block)
        if expected:
            report(min(1.0, received / expected))
    target.flush()
    if received < expected:
        raise _UnreachableError(f"{url} broke off after {received} of {expected} bytes")
    if digest.hexdigest() != md5:
        raise _CorruptError(url)


def _blocks(url: str) -> Iterator[tuple[bytes, int]]:
    """Blocks of the body, each with the body's announced length in bytes (0: not announced)."""
    try:
        with urlopen(url, timeout=TIMEOUT) as response:
            expected = int(response.headers.get("Content-Length") or 0)
            while block := response.read(BLOCK):
                yield block, expected
    except (OSError, HTTPException) as error:
        raise _UnreachableError(str(error)) from error
