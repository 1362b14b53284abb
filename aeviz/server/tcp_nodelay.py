"""Set TCP_NODELAY on Streamlit's listening socket.

Streamlit makes its listening socket without naming the protocol, so that asyncio does not know it
for TCP and leaves Nagle's algorithm on (RFC 896): the body of an answer then waits until the
browser has acknowledged its head, which it does after 40 ms (RFC 1122, 4.2.3.2). A page of a
hundred small files took a second longer, and a reply of a drag may wait for the one before it.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

_OPEN_FILES: Final = Path("/dev/fd")  # Linux, macOS and BSD; elsewhere nothing is done


@asynccontextmanager
async def at_once(app: object) -> AsyncIterator[None]:
    """A lifespan of an ASGI app: connections from now on send small packets without waiting."""
    set_nodelay()
    yield


def set_nodelay() -> None:
    """Set TCP_NODELAY on the sockets that this process listens on; accepted ones inherit it."""
    if not _OPEN_FILES.is_dir():
        return
    for number in map(int, os.listdir(_OPEN_FILES)):
        # The listing itself was open, and is no more.
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as copy:
                    _send_at_once(copy)


def _send_at_once(listener: socket.socket) -> None:
    inet = listener.family in (socket.AF_INET, socket.AF_INET6)
    if inet and listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
