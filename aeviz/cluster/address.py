"""The address of the cluster: AEVIZ_RAY. Nothing here imports Ray."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import tempfile
from pathlib import Path

from aeviz.errors import UserError

VARIABLE = "AEVIZ_RAY"
_FORM = re.compile(r"(ray://)?(?P<host>[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")
_PROBE_SECONDS = 5.0


def configured() -> str | None:
    """The value of AEVIZ_RAY; None if it is not set. UserError if it is no address."""
    value = os.environ.get(VARIABLE)
    if not value:
        return None
    if value != "auto" and not _FORM.fullmatch(value):
        raise UserError(
            f"{VARIABLE} names a Ray cluster: set it to auto, HOST:PORT or ray://HOST:PORT; it is "
            f"{value[:60]!r}."
        )
    return value


def reachable(value: str) -> str:
    """The address itself, `auto` replaced by that of this machine's cluster.

    Ray would retry for two minutes and then end the process, so this looks first. UserError if
    nothing accepts a connection there.
    """
    found = _local() if value == "auto" else value
    if found is None:
        raise UserError(
            "There is no Ray cluster on this machine: start one with `ray start --head`, or set "
            f"{VARIABLE} to its address."
        )
    match = _FORM.fullmatch(found)
    if match is None:
        raise UserError(f"Ray has left a wrong address on this machine: {found[:60]!r}.")
    try:
        with socket.create_connection(
            (match["host"].strip("[]"), int(match["port"])), _PROBE_SECONDS
        ):
            return found
    except (OSError, OverflowError) as error:
        raise UserError(
            f"The Ray cluster at {found} does not answer: start it, or correct {VARIABLE}."
        ) from error


def _local() -> str | None:
    """The cluster that Ray on this machine belongs to."""
    named = os.environ.get("RAY_ADDRESS")
    if named:
        return named
    folder = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()) / "ray"
    with contextlib.suppress(OSError):
        return (folder / "ray_current_cluster").read_text().strip() or None
    return None
