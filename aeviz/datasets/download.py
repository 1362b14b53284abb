"""Downloads that are believed only when whole: streamed, checked, then moved into place."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.request import urlopen

from aeviz.errors import UserError

TIMEOUT = 20.0  # seconds without a byte before an address counts as unreachable
BLOCK = 1 << 18  # bytes
WITHOUT_NETWORK = (
    "set AEVIZ_DATA to a folder that already holds it, or choose one of the sets that need no "
    "network: mnist-5k, digits, shapes, shapes-colour"
)


class _UnreachableError(Exception):
    """No connection, or one that broke before the end."""


class _CorruptError(Exception):
    """The bytes arrived and are not the file that was meant."""


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that appears at `path`, whole, when the block ends well, or not at all.

    Raises UserError where the folder cannot be written or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False
        ) as file:
            temporary = Path(file.name)
            yield file  # type: ignore[misc]  # a wrapper with all of BinaryIO's methods
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(
            f"aeviz cannot write {path} ({error.strerror or error}): free some space there, or "
            "set AEVIZ_DATA to another folder."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def download(
    title: str,
    urls: Sequence[str],
    md5: str,
    path: Path,
    report: Callable[[float], None] = lambda fraction: None,
    unzip: bool = False,
) -> None:
    """Fetch `path` from the first of `urls` that delivers bytes with this `md5`.

    With `unzip` the checksum is that of the gzip file, and `path` gets what is inside. `report`
    hears the fraction of the file that has arrived.

    Raises UserError where every address fails.
    """
    corrupt = False
    for url in urls:
        try:
            _download_one(url, md5, path, report, unzip)
            return
        except _CorruptError:
            corrupt = True
        except _UnreachableError:
            continue
    if corrupt:
        raise UserError(
            f"The download of {title} arrived damaged and was thrown away: try again later, or "
            f"{WITHOUT_NETWORK}."
        )
    raise UserError(
        f"{title} could not be downloaded: connect to the internet and try again, or "
        f"{WITHOUT_NETWORK}."
    )


def _download_one(
    url: str, md5: str, path: Path, report: Callable[[float], None], unzip: bool
) -> None:
    with new_file(path) as target:
        if not unzip:
            _stream(url, md5, target, report)
            return
        with tempfile.TemporaryFile(dir=path.parent) as packed:
            _stream(url, md5, packed, report)
            packed.seek(0)
            with gzip.open(packed) as unpacked:
                shutil.copyfileobj(unpacked, target, BLOCK)


def _stream(url: str, md5: str, target: BinaryIO, report: Callable[[float], None]) -> None:
    digest = hashlib.md5(usedforsecurity=False)  # the checksum torchvision publishes
    received, expected = 0, 0
    for block, expected in _blocks(url):
        target.write(block)
        digest.update(block)
        received += len(block)
        if expected:
            report(min(1.0, received / expected))
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
