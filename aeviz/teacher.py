"""The teacher's code: printed where the server was started, and typed in on the Runs page.

Who has typed it, or sits at the machine itself, may stop, move up and delete any run. The code is
drawn at each start, and kept in memory alone.
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
"""So many wrong codes of everybody's in so long; then nobody can try for a while."""


class Teachers:
    """Who has shown the code. For any thread."""

    def __init__(self) -> None:
        digits = f"{secrets.randbelow(10**8):08d}"
        self.code = f"{digits[:4]}-{digits[4:]}"
        self._owners: set[str] = set()
        self._wrong: deque[float] = deque(maxlen=WRONG_CODES)
        self._lock = threading.Lock()

    def __contains__(self, owner: object) -> bool:
        return owner in self._owners

    def admit(self, owner: str, code: str) -> None:
        """Makes this owner (`aeviz.identity`) a teacher; UserError where the code is wrong."""
        if not owner:
            raise UserError("This browser keeps no cookies, so it cannot be known as a teacher's.")
        said = "".join(code.split()).replace("-", "")
        with self._lock:
            full = len(self._wrong) == WRONG_CODES
            if full and time.monotonic() - self._wrong[0] < WRONG_SECONDS:
                raise UserError("Too many wrong codes were tried: wait a minute.")
            if not hmac.compare_digest(said.encode(), self.code.replace("-", "").encode()):
                self._wrong.append(time.monotonic())
                raise UserError("This is not the code that the server printed when it started.")
            self._owners.add(owner)


TEACHERS = Teachers()
"""Of this server."""
