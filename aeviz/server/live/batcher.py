"""One decode thread per model, which batches the waiting requests of all clients.

One forward pass over 60 rows costs little more than over one, so the thread takes whatever has
arrived during the last pass and computes it together. Every request gets a reply, and two rules
keep drags smooth:

- **Small before large.** Requests of up to `SMALL_ROWS` codes go into the next pass, up to
  `PASS_ROWS` codes. Larger ones (grids) are computed in slices that take about `SLICE_SECONDS`, one
  client's slice per pass in turn, so that a grid of 1,024 never delays a drag.
- **Round-robin.** Clients are served in the order in which they started to wait, one request each.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from aeviz.server.live import protocol
from aeviz.server.live.protocol import Op, Request
from aeviz.server.live.stats import Stats

SMALL_ROWS: Final = 16
PASS_ROWS: Final = 32  # larger passes delay every reply, and a row gets no cheaper
SLICE_SECONDS: Final = 0.006
SLICE_PAUSE_SECONDS: Final = 0.05  # longest time without a slice while drags fill every pass
MIN_SLICE_ROWS: Final = 16

log = logging.getLogger(__name__)


class Computer(Protocol):
    """A model as the batcher sees it: arrays in, arrays out, called from one thread only."""

    def warm_up(self) -> None:
        """Called once, before any other method."""

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """(n, latent_dim) codes -> (n, H, W, C) pixels."""

    def encode(self, images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """(n, H, W, C) pixels in [0, 1] -> (n, latent_dim) codes, (n, H, W, C) pixels."""


@dataclass(eq=False)
class DecodeRequest:
    """A request, when it arrived, how many of its rows have been taken, and its reply so far."""

    request: Request
    arrived: float
    rows_done: int = 0
    reply: bytearray = field(default_factory=bytearray)
    filled: int = 0

    def take(self, rows: int) -> NDArray[np.float32]:
        """The next `rows` codes, counted as taken."""
        part = self.request.values[self.rows_done : self.rows_done + rows]
        self.rows_done += len(part)
        return part

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Write the pixels of the rows last taken, (k, H, W, C), into the decode's reply, which is
        allocated only once."""
        if not self.reply:
            self.reply = protocol.start_decode_reply(self.request, pixels[0].size)
            self.filled = protocol.HEADER.size
        self.reply[self.filled : self.filled + pixels.size] = pixels.data.cast("B")
        self.filled += pixels.size

    @property
    def complete(self) -> bool:
        return self.rows_done >= self.request.rows


@dataclass(eq=False)
class Client:
    """One connection and its waiting requests, small and large ones apart."""

    small: deque[DecodeRequest] = field(default_factory=deque)
    large: deque[DecodeRequest] = field(default_factory=deque)

    def lane(self, request: Request) -> deque[DecodeRequest]:
        return self.small if request.rows <= SMALL_ROWS else self.large


@dataclass(frozen=True, slots=True)
class Failure:
    """Takes the place of a reply: the computation failed for this reason, which the client gets."""

    reason: str


Answer = bytes | bytearray | Failure
Reply = tuple[Client, Answer]
Deliver = Callable[[Sequence[Reply]], None]
Slice = tuple[Client, DecodeRequest, NDArray[np.float32]]


class Batcher:
    """Computes the requests of all clients of one model; replies leave through `deliver`.

    `deliver` is called once per pass, from the decode thread, with the replies of that pass.
    """

    def __init__(self, computer: Computer, deliver: Deliver, stats: Stats, name: str = "") -> None:
        self._computer = computer
        self._deliver = deliver
        self._stats = stats
        self._wake = threading.Condition()
        # Used as ordered sets: the clients in the order in which they started to wait.
        self._small: dict[Client, None] = {}
        self._large: dict[Client, None] = {}
        self._row_seconds = 1e-3
        self._sliced = 0.0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"decode-{name}", daemon=True)
        self._thread.start()

    def submit(self, client: Client, request: Request) -> None:
        """Queue `request` behind the earlier ones of `client`, which limits their number itself."""
        with self._wake:
            lane = client.lane(request)
            lane.append(DecodeRequest(request, time.perf_counter()))
            (self._small if lane is client.small else self._large)[client] = None
            self._wake.notify()

    def forget(self, client: Client) -> None:
        """Drop all requests of a client that has left."""
        with self._wake:
            client.small.clear()
            client.large.clear()
            self._small.pop(client, None)
            self._large.pop(client, None)

    def close(self) -> None:
        """Let the thread end after its current pass."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _run(self) -> None:
        try:
            self._computer.warm_up()
        except Exception:  # the first request will report the error to its client
            log.exception("warming up failed")
        while True:
            with self._wake:
                while not (self._small or self._large or self._closed):
                    self._wake.wait()
                if self._closed:
                    return
                work = self._collect()
            self._deliver(self._compute(work))

    def _collect(self) -> list[Slice]:
        """The next pass: the small requests that fit, then a slice of one large request. If not all
        small ones fit, a slice comes only every `SLICE_PAUSE_SECONDS`."""
        work: list[Slice] = []
        rows = 0
        while self._small and rows < PASS_ROWS:
            client = next(iter(self._small))
            del self._small[client]
            job = client.small.popleft()
            work.append((client, job, job.take(job.request.rows)))
            rows += job.request.rows
            if client.small:
                self._small[client] = None  # to the end of the line
        now = time.perf_counter()
        if self._large and (not self._small or now - self._sliced > SLICE_PAUSE_SECONDS):
            self._sliced = now
            client = next(iter(self._large))
            del self._large[client]
            job = client.large[0]
            limit = max(MIN_SLICE_ROWS, int(SLICE_SECONDS / self._row_seconds))
            work.append((client, job, job.take(limit)))
            if job.complete:
                client.large.popleft()
            if client.large:
                self._large[client] = None  # to the end of the line
        return work

    def _compute(self, work: list[Slice]) -> list[Reply]:
        replies: list[Reply] = []
        for op, compute in ((Op.DECODE, self._decode), (Op.ENCODE, self._encode)):
            part = [item for item in work if item[1].request.op is op]
            if not part:
                continue
            try:
                replies += compute(part)
            except Exception:  # one bad pass must not end the thread that serves everybody
                log.exception("a %s pass failed", op.name.lower())
                failure = Failure("the model could not compute this; the server's log has details")
                replies += [(client, failure) for client in {item[0]: None for item in part}]
        return replies

    def _decode(self, work: list[Slice]) -> list[Reply]:
        codes = np.concatenate([part for _, _, part in work])
        started = time.perf_counter()
        pixels = self._computer.decode(codes)
        finished = time.perf_counter()
        if any(job.request.rows > SMALL_ROWS for _, job, _ in work):
            self._row_seconds += 0.3 * ((finished - started) / len(codes) - self._row_seconds)
        replies: list[Reply] = []
        waited: list[float] = []
        first = 0
        for client, job, part in work:
            job.add(np.ascontiguousarray(pixels[first : first + len(part)]))
            first += len(part)
            if job.complete:
                replies.append((client, job.reply))
                waited.append(finished - job.arrived)
        self._stats.count_pass(len(codes), waited)
        return replies

    def _encode(self, work: list[Slice]) -> list[Reply]:
        images = np.concatenate([part for _, _, part in work])
        codes, pixels = self._computer.encode(images)
        finished = time.perf_counter()
        self._stats.count_pass(len(images), [finished - job.arrived for _, job, _ in work])
        return [
            (client, protocol.pack_encoded(job.request.id, code, image))
            for (client, job, _), code, image in zip(work, codes, pixels, strict=True)
        ]
