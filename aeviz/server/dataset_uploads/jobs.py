"""Read uploads in background threads: two at a time, with lower priority than page requests."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Generic, TypeVar

from aeviz.errors import UserError, is_out_of_memory
from aeviz.io.priority import lower_thread

AT_ONCE: Final = 2
T = TypeVar("T")
log = logging.getLogger(__name__)
_threads = ThreadPoolExecutor(AT_ONCE, "intake", lower_thread)


class ImportJob(Generic[T]):
    """Work in one of the threads, with its progress and its result.

    `work(progress, cancelled)` returns None if it was cancelled.
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
        """End the work before its next image."""
        self._cancel.set()
        self._future.cancel()

    @property
    def is_over(self) -> bool:
        return self._future.done()

    def result(self) -> T | None:
        """Wait for the result; None if the work was cancelled. Raises UserError if it failed."""
        if self._future.cancelled():
            return None
        try:
            return self._future.result()
        except UserError:
            raise
        except Exception as error:  # the page shows a sentence, the log has the details
            log.exception("Reading images failed")
            if is_out_of_memory(error):
                raise UserError("Not enough memory for these images: try fewer.") from error
            raise UserError("Something went wrong reading these images: try fewer.") from error
