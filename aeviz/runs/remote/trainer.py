"""The trainer: trains runs, one after another, in a process on a machine of the cluster.

It is an actor of Ray, but needs nothing from Ray itself. It works in a copy of the run's folder and
hands out what has changed there. A follower that falls silent has ended, with its server or its
machine: then the trainer stops, and so it does after a while without work.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from aeviz.cluster.packs import Pack
from aeviz.datasets import transfer
from aeviz.errors import UserError
from aeviz.io import locks, malloc
from aeviz.runs.remote.changes import Changes, Watch
from aeviz.runs.store import Run

SILENT_SECONDS = 60.0
"""A follower that has not been heard of for so long counts as gone."""
LONGEST_CALL = 0.5
"""A call of `changes` returns after so many seconds, even if nothing has changed."""
BYTES_PER_SECOND = 4e6
"""At most so much of the saved state is sent, on the average: that of the type `vae` has 15 MB, and
an epoch on 4,000 digits takes 0.3 s."""
_POLL_SECONDS = 0.05
_FOLDER = "aeviz-trainer-"
_LOCK = ".lock"


class Trainer:
    """Calls come one at a time: `begin`, then `changes` until it says that the training is over."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._heard = time.monotonic()
        # all trainings in the same thread: OpenMP and malloc keep memory for each thread there was
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._training: Future[None] | None = None
        self._folder, self._lock = _new_folder()
        os.environ["AEVIZ_RUNS"] = str(self._folder)
        os.environ["AEVIZ_WORKERS"] = "1"
        os.environ.pop("AEVIZ_RAY", None)  # it is the cluster that this names
        threading.Thread(target=self._end_alone, daemon=True).start()

    def begin(self, run_id: str, files: Mapping[str, bytes], data: Pack) -> None:
        """Train the run with these files, from its saved epoch on, after its data set was fetched.
        A training that is still going, for a follower that lost this process, is stopped first."""
        self._heard = time.monotonic()
        self._finish()
        self._run = Run(self._folder / run_id)
        for path, content in files.items():
            target = self._run.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        self._watch = Watch(self._run.folder)
        self._training = self._thread.submit(self._train, data)

    def changes(self, stop: bool) -> Changes:
        """What has changed in the run's folder since the last call; waits for it for a moment.
        `stop`: stop the training after its current step. Raises what has prevented the data set
        from being fetched."""
        self._heard = time.monotonic()
        assert self._training is not None, "begin comes first"
        if stop:
            self._run.request_stop()
        until = time.monotonic() + LONGEST_CALL
        while True:
            over = self._training.done()  # before the look, which then sees everything
            found = self._watch.changes()
            if over:
                self._training.result()
            if over or found != Changes() or time.monotonic() > until:
                return replace(found, over=over)
            time.sleep(_POLL_SECONDS)

    def _train(self, data: Pack) -> None:
        transfer.use(data.folder())  # here, as a large one takes minutes to arrive

        import torch

        from aeviz.runs import worker

        torch.set_num_threads(self._threads)
        try:
            worker.work(self._run, bytes_per_second=BYTES_PER_SECOND)
        except BaseException:
            with (self._run.folder / "worker.log").open("a") as log:
                traceback.print_exc(file=log)
        malloc.trim()  # it may wait for its next run for a while

    def _finish(self) -> None:
        """End the last training, however it has ended or will."""
        training, self._training = self._training, None
        if training is None:
            return
        with contextlib.suppress(UserError):  # its folder is gone: it ends by this
            self._run.request_stop()
        wait([training])
        shutil.rmtree(self._run.folder, ignore_errors=True)

    def _end_alone(self) -> None:
        """Stop the training and end the process once nobody calls any more."""
        while time.monotonic() - self._heard < SILENT_SECONDS:
            time.sleep(1.0)
        shutil.rmtree(self._folder, ignore_errors=True)  # a training that goes on ends by this
        os._exit(0)


def _new_folder() -> tuple[Path, TextIO | None]:
    """A folder for this trainer, and the lock in it. Those of trainers that were killed are
    removed: their lock is free. The folder gets its name once it is locked."""
    parent = Path(tempfile.gettempdir())
    for path in parent.glob(f"{_FOLDER}*"):
        if os.path.isfile(path / _LOCK) and not locks.held(path / _LOCK):
            shutil.rmtree(path, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f".{_FOLDER}"))
    lock = locks.take(new / _LOCK)
    return new.rename(parent / new.name[1:]), lock
