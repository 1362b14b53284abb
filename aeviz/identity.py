"""Who is who, without a log-in: a browser keeps a secret, and the disk only its salted hash.

The secret is a cookie that only the server reads (`aeviz.server.cookies`). Its hash with the salt
of this runs folder, the *owner*, stands in the folder of each run that was started with it. So
nobody learns
from the disk how to be somebody else, and nothing leads from one class's folder to another.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from aeviz.errors import UserError
from aeviz.io import atomic
from aeviz.io.paths import runs_dir

LONGEST_NAME = 30

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_OWNER = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Person:
    """Somebody at a browser. `owner` is "" where the browser keeps no cookies; `local`: the page
    was opened on the machine that the server runs on; `code`: they have shown the teacher's code
    (`aeviz.teacher`)."""

    owner: str = ""
    local: bool = False
    code: bool = False

    @property
    def teaches(self) -> bool:
        """Whether they may stop, move up and delete what is anybody's."""
        return self.local or self.code

    def is_me(self, owner: str) -> bool:
        return bool(owner) and owner == self.owner

    def owns(self, owner: str) -> bool:
        """Whether a run of this owner is this person's own. Runs of nobody's, from the command line
        or from before there were owners, are the machine's."""
        return self.is_me(owner) or (self.local and not owner)

    def may_manage(self, owner: str) -> bool:
        """Whether a run of this owner is this person's to stop, rename, continue or delete."""
        return self.owns(owner) or self.teaches


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether the text has the form of `new_secret`."""
    return _SECRET.fullmatch(text) is not None


def owner_of(secret: str) -> str:
    """The owner that this secret stands for, 32 hexadecimal digits; "" for what is no secret.

    UserError where the runs folder cannot be written.
    """
    if not is_secret(secret):
        return ""
    return hmac.new(_salt(), secret.encode(), hashlib.sha256).hexdigest()[:32]


def name_of(owner: str) -> str:
    """What this owner is called in the class's list; "" where they gave no name."""
    if not _OWNER.fullmatch(owner):
        return ""
    try:
        text = (_folder() / owner).read_text(errors="replace")
    except OSError:
        return ""
    return text[:LONGEST_NAME] if text.isprintable() else ""


def give_name(owner: str, name: str) -> None:
    """Keeps the name of an owner; an empty one forgets it. UserError, one sentence, where it cannot
    be shown or saved."""
    name = " ".join(name.split())
    if not _OWNER.fullmatch(owner):
        raise UserError("This browser keeps no cookies, so it cannot be given a name.")
    if len(name) > LONGEST_NAME:
        raise UserError(f"A name may have at most {LONGEST_NAME} characters.")
    if not name.isprintable():
        raise UserError("The name holds characters that cannot be shown: use plain text.")
    if name:
        atomic.write_bytes(_folder() / owner, name.encode())
        return
    with atomic.in_words("The name could not be forgotten"):
        (_folder() / owner).unlink(missing_ok=True)


def _folder() -> Path:
    return runs_dir() / ".people"


def _salt() -> bytes:
    """32 random bytes of this runs folder, made once however many servers ask at the same time."""
    path = _folder() / ".salt"
    with atomic.in_words("The runs folder cannot be written"):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
        handle, new = tempfile.mkstemp(dir=path.parent)  # only its owner may read it
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another was faster: theirs is taken
                os.link(new, path)
        finally:
            os.unlink(new)
        return path.read_bytes()
