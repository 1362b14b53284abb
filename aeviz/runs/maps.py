"""The t-SNE and UMAP maps of trained models, computed after the training has released its slot.

A run that ends leaves its codes in `codes.safetensors`, beside a complete model file with the PCA
map: this file is the request for the other maps. One process on a machine (two if it has eight
processors or more) computes the maps of one run after another, and writes each into its model file.
It holds a run's lock only while it writes, so a run can be deleted or trained longer at any time;
its layout is then cancelled. If the process is killed, the requests that it did not finish remain.

`python -m aeviz.runs.maps` computes all maps that are requested, then ends.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from aeviz.io import atomic, locks, machine, priority
from aeviz.io.paths import runs_dir
from aeviz.runs import environment
from aeviz.runs.run_lock import lock_of
from aeviz.runs.store import Run

if TYPE_CHECKING:
    from aeviz.models.checkpoint import Gallery

LOCK_SECONDS = 5.0
FILE = "codes.safetensors"


def request(run: Run, gallery: Gallery) -> None:
    """Request the maps of a model file that has just been written. Codes of one or two numbers need
    none. UserError if the disk is full: the model then has its PCA map only."""
    from aeviz.io import checksums

    if gallery.latents.shape[1] <= 2:
        (run.folder / FILE).unlink(missing_ok=True)
        return
    data = checksums.save({"codes": gallery.latents.contiguous()})
    atomic.write_bytes(run.folder / FILE, data, new_folder=False)


def is_requested(run: Run) -> bool:
    """Whether the run's model file does not have all its maps yet."""
    return (run.folder / FILE).is_file()


def share_done(run: Run) -> float | None:
    """The share of the run's maps that is computed, 0 to 1; None if no process computes them."""
    for slot in _slots():
        with contextlib.suppress(OSError, ValueError):
            name, _, done = slot.read_text().partition(" ")
            if name == run.id and locks.held(slot):
                return float(done)
    return None


def start() -> None:
    """Start a process for requests that no process works on, such as those left by a server that
    has ended. This process starts one at most once for each run."""
    waiting = {run.id for run in _waiting()}
    if waiting <= _tried or not _has_free_slot():
        return
    _tried.update(waiting)
    process = subprocess.Popen(
        _command(os.getpid()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )
    _children[:] = [*(child for child in _children if child.poll() is None), process]


_tried: set[str] = set()
_children: list[subprocess.Popen[bytes]] = []


def replace_process(server: int) -> None:
    """Replace this process, whose training is over, by one that computes maps. Returns if there are
    no requests, or enough processes work on them."""
    if _waiting() and _has_free_slot():
        os.execve(sys.executable, _command(server), _environment())


def _command(server: int) -> list[str]:
    return [sys.executable, "-m", "aeviz.runs.maps", "--server", str(server)]


def _environment() -> dict[str, str]:
    return environment.for_process(1) | {"OMP_NUM_THREADS": "1"}


def work(cancelled: Callable[[], bool]) -> None:
    """Compute all maps that are requested, oldest first. If a layout fails, its model keeps the
    maps that it has.

    Looks for requests again after releasing the slot: a run that ended shortly before found the
    slot taken, and relies on this process.
    """
    while not cancelled() and _waiting() and (slot := _take()):
        with slot:
            while not cancelled() and (waiting := _waiting()):
                run = waiting[0]
                try:
                    lay_out(run, slot, cancelled)
                except Exception:
                    traceback.print_exc()
                    withdraw(run)


def lay_out(run: Run, slot: TextIO, cancelled: Callable[[], bool]) -> None:
    """Compute the run's maps. Writes each into the model file as soon as it is done, and the share
    that is done into `slot`. Stops if `cancelled` returns True, or the run is deleted or trained
    longer."""
    from safetensors.torch import load_file

    from aeviz.io import checksums
    from aeviz.latent.layouts import Cancelled
    from aeviz.models import checkpoint
    from aeviz.training.finish import with_maps

    def progress(done: float, text: str) -> None:
        slot.truncate(0)
        slot.write(f"{run.id} {done:.3f}")
        slot.flush()

    def should_stop() -> bool:
        return cancelled() or run.is_gone or run.is_alive

    path = run.folder / FILE
    began = path.stat()
    progress(0.0, "")
    checksums.check(path, f"The codes of {run.id} are damaged.")
    loaded = checkpoint.load(run.model_path)
    assert loaded.gallery is not None, "a run that requests maps has a gallery"
    # the codes in the model file are rounded
    gallery = replace(loaded.gallery, latents=load_file(path)["codes"])
    with contextlib.suppress(Cancelled):
        for card, found in with_maps(loaded.card, gallery, progress, should_stop):
            data = checkpoint.to_bytes(loaded.model, card, found)
            lock = lock_of(run, LOCK_SECONDS)
            if lock is None:
                raise Cancelled
            with lock:
                if not os.path.samestat(began, path.stat()):  # a later training replaced it
                    raise Cancelled
                atomic.write_bytes(run.model_path, data, new_folder=False)
        withdraw(run)


def withdraw(run: Run) -> None:
    """Withdraw the request, before the model file is replaced: it was for the old file."""
    with atomic.in_words("The run's folder cannot be written"):
        (run.folder / FILE).unlink(missing_ok=True)


def _waiting() -> list[Run]:
    """Runs with a request for maps that no process trains, oldest request first."""
    found = []
    for path in runs_dir().glob(f"[!.]*/{FILE}"):
        run = Run(path.parent)
        if not run.is_gone and not run.is_alive:
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime_ns, run.id, run))
    return [run for *_, run in sorted(found, key=lambda each: each[:2])]


def _slots() -> list[Path]:
    folder = runs_dir() / ".queue"
    return [folder / f"map-{number}" for number in range(2 if machine.cores() >= 8 else 1)]


def _has_free_slot() -> bool:
    return not all(locks.held(slot) for slot in _slots())


def _take() -> TextIO | None:
    """Take a free slot; None if there is none. Tries for half a second, as `locks.held` briefly
    locks a free slot, too."""
    with contextlib.suppress(OSError):
        for slot in _slots():
            slot.parent.mkdir(parents=True, exist_ok=True)
            if file := locks.take(slot, patience=0.5):
                return file
    return None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aeviz.runs.maps", description=__doc__)
    parser.add_argument("--server", type=int, default=os.getppid(), help=argparse.SUPPRESS)
    server = parser.parse_args().server
    priority.lower_process(priority.MAPS)
    work(lambda: os.getppid() != server)


if __name__ == "__main__":
    main()
