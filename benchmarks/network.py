"""A slower network: a TCP proxy that delays all traffic and limits its rate.

It does on one machine what netem does between two. Each direction takes half the round trip and has
its own rate, which all connections share. It does not need root.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

CHUNK = 4096


class Way:
    """One direction of the network, shared by all connections."""

    def __init__(self, delay: float, rate: float) -> None:
        self._delay = delay
        self._rate = rate
        self._free = 0.0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Copies bytes from `reader` to `writer`, delayed by their time on the network."""
        loop = asyncio.get_running_loop()
        arriving: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sending = asyncio.create_task(self._deliver(arriving, writer))
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                self._free = max(self._free, loop.time()) + len(data) / self._rate
                arriving.put_nowait((self._free + self._delay, data))
                # The next chunk waits behind those that other connections send meanwhile.
                await asyncio.sleep(max(0.0, self._free - loop.time()))
        arriving.put_nowait((loop.time() + self._delay, b""))
        await sending

    async def _deliver(
        self, arriving: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                due, data = await arriving.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    break
                writer.write(data)
                await writer.drain()
        writer.close()


@contextlib.contextmanager
def slow_network(url: str, round_trip: float, rate: float) -> Iterator[str]:
    """An address for `url` behind a network of `round_trip` seconds and `rate` bytes per second."""
    target = urlsplit(url)
    there, back = Way(round_trip / 2, rate), Way(round_trip / 2, rate)
    loop = asyncio.new_event_loop()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, outward = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(there.carry(reader, outward), back.carry(onward, writer))

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = asyncio.start_server(accept, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    asyncio.run_coroutine_threadsafe(_end_all(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
