"""Reading uploads in threads of their own: two at a time, behind all that a page waits for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Generic, TypeVar

from aeviz.errors import UserError, is_out_of_memory
from aeviz.server.photos.worker import lower_priority

AT_ONCE: Final = 2
T = TypeVar("T")
log = logging.getLogger(__name__)
_threads = ThreadPoolExecutor(AT_ONCE, "intake", lower_priority)


class ImportJob(Generic[T]):
    """Work in one of the threads: how far it is, and what came of it.

    `work(progress, cancelled)` answers None where it was cancelled.
    """

    def __init__(
        self, work: Callable[[Callable[[float, str], None], Callable[[], bool]], T | None]
    ) -> None:
        self.share, self.text = 0.0, "Waiting for its turn"
        self._work = work
        self._cancel = threading.Event()
        self._future: Future[T | None] = _threads.submit(self._run)

    def _run(self) -> T | None:
        if self._cancel.is_set():
            return None
        return self._work(self._progress, self._cancel.is_set)

    def _progress(self, share: float, text: str) -> None:
        self.share, self.text = share, text

    def cancel(self) -> None:
        """Ends it before its next image."""
        self._cancel.set()
        self._future.cancel()

    @property
    def is_over(self) -> bool:
        return self._future.done()

    def result(self) -> T | None:
        """What came of it, waiting for that; None where it was cancelled. UserError says what went
        wrong."""
        if self._future.cancelled():
            return None
        try:
            return self._future.result()
        except UserError:
            raise
        except Exception as error:  # of whatever kind: a page shows a sentence, the log the rest
            log.exception("Reading images failed")
            full = is_out_of_memory(error)
            why = "the server's memory is not enough" if full else "something went wrong here"
            raise UserError(
                f"The images could not be read, as {why}: try fewer of them."
            ) from error
