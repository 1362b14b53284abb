"""Identity without a log-in: a browser keeps a secret, and the disk only its salted hash.

The secret is a cookie that only the server reads (`aeviz.server.cookies`). Its hash with the salt
of this runs folder is the *owner*; it is stored in the folder of each run that the browser started.
So the files on the disk do not let anyone impersonate a person, or match the owners of two runs
folders.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
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
    """The person at a browser. `owner` is "" if the browser keeps no cookies; `local`: the page was
    opened on the server's own machine; `code`: they have entered the teacher's code
    (`aeviz.teacher`)."""

    owner: str = ""
    local: bool = False
    code: bool = False

    @property
    def teaches(self) -> bool:
        """Whether they may stop, move up and delete any run."""
        return self.local or self.code

    def is_me(self, owner: str) -> bool:
        return bool(owner) and owner == self.owner

    def owns(self, owner: str) -> bool:
        """Whether a run of this owner is this person's own. Runs without an owner come from the
        command line or from old versions; they belong to the person at the server's machine."""
        return self.is_me(owner) or (self.local and not owner)

    def may_manage(self, owner: str) -> bool:
        """Whether this person may stop, rename, continue or delete a run of this owner."""
        return self.owns(owner) or self.teaches


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether the text has the form of `new_secret`."""
    return _SECRET.fullmatch(text) is not None


def owner_of(secret: str) -> str:
    """The owner of this secret, 32 hexadecimal digits; "" if it is not a secret.

    UserError if the runs folder cannot be written.
    """
    if not is_secret(secret):
        return ""
    return hmac.new(_salt(), secret.encode(), hashlib.sha256).hexdigest()[:32]


def name_of(owner: str) -> str:
    """The name of this owner in the class's list; "" if they have not chosen one."""
    if not _OWNER.fullmatch(owner):
        return ""
    try:
        text = (_folder() / owner).read_text(errors="replace")
    except OSError:
        return ""
    return text[:LONGEST_NAME] if text.isprintable() else ""


def give_name(owner: str, name: str) -> None:
    """Save the name of an owner; an empty one deletes it. UserError if it cannot be shown or
    saved."""
    name = " ".join(name.split())
    if not _OWNER.fullmatch(owner):
        raise UserError("This browser does not keep cookies, so it cannot have a name.")
    if len(name) > LONGEST_NAME:
        raise UserError(f"A name may have at most {LONGEST_NAME} characters.")
    if not name.isprintable():
        raise UserError("The name contains characters that cannot be shown: use plain text.")
    if name:
        atomic.write_bytes(_folder() / owner, name.encode())
        return
    with atomic.in_words("The name could not be deleted"):
        (_folder() / owner).unlink(missing_ok=True)


def _folder() -> Path:
    return runs_dir() / ".people"


def _salt() -> bytes:
    """32 random bytes of this runs folder, created once even if several servers start together."""
    with atomic.in_words("The runs folder cannot be written"):
        return atomic.write_once(_folder() / ".salt", secrets.token_bytes(32))
