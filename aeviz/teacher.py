"""The teacher's code: printed when the server starts, and entered on the Runs page.

A person who has entered it, or who uses the server's own machine, may stop, move up and delete any
run. A new random code is drawn at each start; it is kept in memory only.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import deque

from aeviz.errors import UserError

WRONG_CODES = 10
WRONG_SECONDS = 60.0
"""If all browsers together enter WRONG_CODES wrong codes in so many seconds, no code is accepted
for the rest of this time."""


class Teachers:
    """The owners who have entered the code. Thread-safe."""

    def __init__(self) -> None:
        digits = f"{secrets.randbelow(10**8):08d}"
        self.code = f"{digits[:4]}-{digits[4:]}"
        self._owners: set[str] = set()
        self._wrong: deque[float] = deque(maxlen=WRONG_CODES)
        self._lock = threading.Lock()

    def __contains__(self, owner: object) -> bool:
        return owner in self._owners

    def admit(self, owner: str, code: str) -> None:
        """Make this owner (`aeviz.identity`) a teacher; UserError if the code is wrong."""
        if not owner:
            raise UserError(
                "This browser does not keep cookies, so it cannot be recognised as a teacher's."
            )
        digits = "".join(code.split()).replace("-", "")
        with self._lock:
            full = len(self._wrong) == WRONG_CODES
            if full and time.monotonic() - self._wrong[0] < WRONG_SECONDS:
                raise UserError("Too many wrong codes: wait a minute.")
            if not hmac.compare_digest(digits.encode(), self.code.replace("-", "").encode()):
                self._wrong.append(time.monotonic())
                raise UserError("This is not the code that the server printed when it started.")
            self._owners.add(owner)


TEACHERS = Teachers()
"""The teachers of this server."""
