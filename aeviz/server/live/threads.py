"""As few processor threads for a pass as keep up with the screen.

Where a pass is shared between threads, all but one of them spin for milliseconds afterwards, in
wait of the next one (OpenMP's way of being quick). A single drag of vae-mnist took a quarter of a
core so, against 3 % on one thread, with no gain: the pass takes 0.4 ms either way. What spins is
missing where a class is served: to the sockets, and to training.
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

# The count is the process's for a moment: another model's thread must not take it for its own.
_counting = threading.Lock()


class FrameBudgetComputer(ModelComputer):
    """Runs a pass on one thread where that is expected to end within a frame, else on all.

    For one thread alone, which calls `warm_up` first.
    """

    def __init__(self, model: Autoencoder) -> None:
        super().__init__(model)
        self._latent_dim = model.latent_dim
        self._all = self._now = 1
        self._row_seconds = 0.0

    def warm_up(self) -> None:
        """Try a few passes: the first is slow, and the last tells what a row takes one thread."""
        import torch

        if self._device.type != "cpu":
            return
        with _counting:
            self._all = self._now = torch.get_num_threads()
        self._use(1)
        codes = np.zeros((TRIAL_ROWS, self._latent_dim), np.float32)
        for _ in range(3):
            began = time.thread_time()  # what this thread worked, whatever else runs meanwhile
            super().decode(codes)
            self._row_seconds = (time.thread_time() - began) / TRIAL_ROWS

    def decode(self, codes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """(n, latent_dim) codes -> (n, H, W, C) pixels."""
        self._use(1 if len(codes) * self._row_seconds < FRAME_SECONDS else self._all)
        return super().decode(codes)

    def _use(self, count: int) -> None:
        """How many threads this thread's passes are shared between; those of others stay."""
        if count == self._now:
            return
        import torch

        with _counting:
            torch.set_num_threads(count)
            # That was also said for threads that are still to start: they get back what there was.
            restore = threading.Thread(target=torch.set_num_threads, args=(self._all,))
            restore.start()
            restore.join()
        self._now = count
