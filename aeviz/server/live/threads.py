"""Use one processor thread per forward pass while that meets the frame budget.

After a pass on several threads, all but one of them busy-wait for milliseconds for the next pass
(OpenMP does this to save wake-up time). A single drag of vae-mnist took a quarter of a core this
way, against 3 % on one thread, with no gain: the pass takes 0.4 ms either way. When a class is
served, busy-waiting takes processor time from the sockets and from training.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from aeviz.server.live.computer import ModelComputer

if TYPE_CHECKING:
    from aeviz.nn.model import Autoencoder

FRAME_SECONDS: Final = 1 / 60
TRIAL_ROWS: Final = 8

# `torch.set_num_threads` briefly applies to the whole process; other models' threads must wait.
_set_threads_lock = threading.Lock()


class FrameBudgetComputer(ModelComputer):
    """Runs a pass on one thread if that is expected to fit into a frame, else on all threads.

    Not thread-safe: one thread uses it, and calls `warm_up` first.
    """

    def __init__(self, model: Autoencoder) -> None:
        super().__init__(model)
        self._latent_dim = model.latent_dim
        self._all = self._current = 1
        self._row_seconds = 0.0

    def warm_up(self) -> None:
        """Run a few passes: the first is slow, the last measures the time per row on one thread."""
        import torch

        if self._device.type != "cpu":
            return
        with _set_threads_lock:
            self._all = self._current = torch.get_num_threads()
        self._use(1)
        codes = np.zeros((TRIAL_ROWS, self._latent_dim), np.float32)
        for _ in range(3):
            began = time.thread_time()  # this thread's own time, whatever else runs meanwhile
            super().decode(codes)
            self._row_seconds = (time.thread_time() - began) / TRIAL_ROWS

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """(n, latent_dim) codes -> (n, H, W, C) pixels."""
        self._use(1 if len(codes) * self._row_seconds < FRAME_SECONDS else self._all)
        return super().decode(codes)

    def _use(self, count: int) -> None:
        """Set the number of processor threads for passes of the calling thread only."""
        if count == self._current:
            return
        import torch

        with _set_threads_lock:
            torch.set_num_threads(count)
            # This also set the default of threads that start later: restore it from a new thread.
            restore = threading.Thread(target=torch.set_num_threads, args=(self._all,))
            restore.start()
            restore.join()
        self._current = count
