"""Set TCP_NODELAY on Streamlit's listening socket.

Streamlit creates its listening socket without naming the protocol, so asyncio does not recognise
it as TCP and leaves Nagle's algorithm on (RFC 896): the body of a response then waits until the
browser has acknowledged its headers, which takes 40 ms (RFC 1122, 4.2.3.2). A page of a hundred
small files took a second longer, and a reply during a drag can wait for the one before it.
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
    """Lifespan of an ASGI app: from now on, connections send small packets without delay."""
    set_nodelay()
    yield


def set_nodelay() -> None:
    """Set TCP_NODELAY on the sockets that this process listens on; accepted ones inherit it."""
    if not _OPEN_FILES.is_dir():
        return
    for number in map(int, os.listdir(_OPEN_FILES)):
        # The listing's own file descriptor is closed by now.
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as copy:
                    _send_at_once(copy)


def _send_at_once(listener: socket.socket) -> None:
    inet = listener.family in (socket.AF_INET, socket.AF_INET6)
    if inet and listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
