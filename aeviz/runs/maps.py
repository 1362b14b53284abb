"""The t-SNE and UMAP maps of trained models: laid out after the training has given its slot back.

A run that ends leaves its codes in `codes.safetensors` beside its whole model file, which has the
PCA map. One process at a time on a machine (two from eight processors on) lays out what is there,
run after run, and writes each map into its model file. It holds a run's lock only while it writes,
so a run can be deleted or trained longer at any moment, and its layout is then given up. What a
process that was killed had not finished stays asked for.

`python -m aeviz.runs.maps` lays out what is there and ends.
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

from aeviz.io import atomic, locks, priority
from aeviz.io.paths import runs_dir
from aeviz.runs import environment, queue
from aeviz.runs.run_lock import lock_of
from aeviz.runs.store import Run

if TYPE_CHECKING:
    from aeviz.models.checkpoint import Gallery

LOCK_SECONDS = 5.0
FILE = "codes.safetensors"


def ask(run: Run, gallery: Gallery) -> None:
    """Asks for the maps of a model file that has just been written; codes of one or two numbers are
    their own map. UserError where the disk is full: the model then keeps its PCA map."""
    from aeviz.io import checksums

    if gallery.latents.shape[1] <= 2:
        (run.folder / FILE).unlink(missing_ok=True)
        return
    data = checksums.save({"codes": gallery.latents.contiguous()})
    atomic.write_bytes(run.folder / FILE, data, new_folder=False)


def asked(run: Run) -> bool:
    """Whether the run's model file still lacks a map that is to come."""
    return (run.folder / FILE).is_file()


def share(run: Run) -> float | None:
    """How much of the run's maps is laid out, 0 to 1; None where nobody is at work on them."""
    for slot in _slots():
        with contextlib.suppress(OSError, ValueError):
            name, _, done = slot.read_text().partition(" ")
            if name == run.id and locks.held(slot):
                return float(done)
    return None


def begin() -> None:
    """Starts a process for maps that wait and that nobody lays out, such as those that a server
    left which has ended; each is tried once in the life of this process."""
    waiting = {run.id for run in _waiting()}
    if waiting <= _begun or not _free():
        return
    _begun.update(waiting)
    process = subprocess.Popen(
        _command(os.getpid()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )
    _children[:] = [*(child for child in _children if child.poll() is None), process]


_begun: set[str] = set()
_children: list[subprocess.Popen[bytes]] = []


def become(server: int) -> None:
    """Turns this process, whose training is over, into one that lays out maps; returns where no map
    waits, or enough processes are at work on them."""
    if _waiting() and _free():
        os.execve(sys.executable, _command(server), _environment())


def _command(server: int) -> list[str]:
    return [sys.executable, "-m", "aeviz.runs.maps", "--server", str(server)]


def _environment() -> dict[str, str]:
    return environment.for_process(1) | {"OMP_NUM_THREADS": "1"}


def work(cancelled: Callable[[], bool]) -> None:
    """Lays out all maps that wait, the oldest first. A model whose layout fails keeps what it has.

    After it has let go of its slot it looks once more: a run that ended in between has seen the
    slot taken, and left its maps to this process."""
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
    """Writes the run's maps into its model file, each as soon as it is there, and the share that is
    done into `slot`. Gives up where `cancelled` says so, or the run is deleted or trained on."""
    from safetensors.torch import load_file

    from aeviz.io import checksums
    from aeviz.latent.layouts import Cancelled
    from aeviz.models import checkpoint
    from aeviz.training.finish import mapped

    def progress(done: float, text: str) -> None:
        slot.truncate(0)
        slot.write(f"{run.id} {done:.3f}")
        slot.flush()

    def given_up() -> bool:
        return cancelled() or run.is_gone or run.is_alive

    path = run.folder / FILE
    began = path.stat()
    progress(0.0, "")
    checksums.check(path, f"The codes of {run.id} are damaged.")
    loaded = checkpoint.load(run.model_path)
    assert loaded.gallery is not None, "who asks has a gallery"
    gallery = replace(loaded.gallery, latents=load_file(path)["codes"])  # the file's are rounded
    with contextlib.suppress(Cancelled):
        for card, found in mapped(loaded.card, gallery, progress, given_up):
            data = checkpoint.to_bytes(loaded.model, card, found)
            lock = lock_of(run, LOCK_SECONDS)
            if lock is None:
                raise Cancelled
            with lock:
                if not os.path.samestat(began, path.stat()):  # of a training that came after
                    raise Cancelled
                atomic.write_bytes(run.model_path, data, new_folder=False)
        withdraw(run)


def withdraw(run: Run) -> None:
    """Before the model file becomes another one: what was asked for was for this one."""
    with atomic.in_words("The run's folder cannot be written"):
        (run.folder / FILE).unlink(missing_ok=True)


def _waiting() -> list[Run]:
    """Runs whose maps are still to be laid out, and that nobody trains; the oldest first."""
    found = []
    for path in runs_dir().glob(f"[!.]*/{FILE}"):
        run = Run(path.parent)
        if not run.is_gone and not run.is_alive:
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime_ns, run.id, run))
    return [run for *_, run in sorted(found, key=lambda each: each[:2])]


def _slots() -> list[Path]:
    folder = runs_dir() / ".queue"
    return [folder / f"map-{number}" for number in range(2 if queue.cores() >= 8 else 1)]


def _free() -> bool:
    return not all(locks.held(slot) for slot in _slots())


def _take() -> TextIO | None:
    """A slot that nobody has; `locks.held` may have touched it just now."""
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
