"""The process that trains one run: `python -m aeviz.runs.worker RUN_FOLDER`.

It shares nothing with the server but the run's folder, so the app stays fluid and closing a tab
loses nothing. Where the folder holds a saved state it goes on from there.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from aeviz import datasets, limits
from aeviz.config import MAX_EPOCHS, RunConfig
from aeviz.device import pick_device, plain_memory_errors
from aeviz.errors import UserError
from aeviz.evaluation import baselines
from aeviz.io import atomic
from aeviz.io.paths import runs_dir
from aeviz.models import checkpoint
from aeviz.runs import listing, maps, queue, warm
from aeviz.runs.process import lock_once_over, main, stopped
from aeviz.runs.reporter import Reporter
from aeviz.runs.store import OVER, Phase, Run, Status, create
from aeviz.runs.time_slice import MakesWay
from aeviz.training import batch_size, loop, resume
from aeviz.training.finish import Progress, card_and_gallery
from aeviz.training.fit import Outcome, fit

ROOT = Path(__file__).resolve().parents[2]

MADE_WAY = (
    f"It trained for {limits.LONGEST_TRAINING_SECONDS / 60:.0f} minutes while others waited, so it "
    "made way for them; what was reached is kept. Continue it, and it waits for another turn."
)

_starting = threading.Lock()
_PHASES: dict[str, Phase] = {
    "done": "done",
    "stopped": "stopped",
    "diverged": "failed",
    "failed": "failed",
}


def start(config: RunConfig, owner: str = "") -> Run:
    """Creates a run of this owner (`aeviz.identity`) and starts its worker process; returns at
    once. UserError where it cannot."""
    queue.slots()  # before anything is there that a wrong AEVIZ_WORKERS would leave behind
    with _starting:
        _check_number(owner)
        run = create(config, owner)
    _spawn(run)
    return run


def _check_number(owner: str) -> None:
    """UserError where this owner, or everybody together, has as many runs as may wait."""
    going = [row.owner for row in listing.rows() if row.status.phase not in OVER]
    if going.count(owner) >= limits.RUNS.person:
        raise UserError(
            f"You have {limits.RUNS.person} runs that train or wait: stop one, or wait until "
            "one is done."
        )
    if len(going) >= limits.RUNS.in_all:
        raise UserError(f"{limits.RUNS.in_all} runs wait already: try again later.")


def resume_run(run: Run) -> None:
    """Starts a worker that goes on where the run's last saved epoch ended; from the beginning where
    none was saved. UserError where the run is being trained, or has nothing left to do."""
    queue.slots()
    if run.is_gone:
        raise run.removed()
    if not run.can_resume:
        raise UserError("This run has nothing left to train.")
    _check_number(run.owner)
    _spawn(run)


def train_on(run: Run, epochs: int) -> None:
    """Starts a worker that goes on from the run's saved state for so many further epochs, as if
    that had been asked for from the beginning: the share of the training that is done, which
    schedules go by, becomes less. UserError where it is being trained, or has no saved state.
    """
    queue.slots()
    if run.is_gone:
        raise run.removed()
    if not 1 <= epochs <= MAX_EPOCHS:
        raise UserError(f"A run can go on for 1 to {MAX_EPOCHS:,} epochs more.")
    if not run.resume_path.exists():
        raise UserError("This run has no saved state to go on from: duplicate it, and train anew.")
    _check_number(run.owner)

    def longer(config: RunConfig) -> RunConfig:
        if not run.is_over:
            raise UserError("This run is still being trained: stop it first.")
        return config.replace(**{"training.epochs": run.status.epoch + epochs})

    _spawn(run, longer)


def _spawn(run: Run, change: Callable[[RunConfig], RunConfig] | None = None) -> None:
    """Starts the worker, with its configuration changed.

    It inherits the lock on the run's `pid` file, so that from this moment to its end, whatever that
    is, the run counts as alive, and no second worker can take it.
    """
    lock = lock_once_over(run)
    if lock is None:
        raise UserError("This run is still being trained: stop it first.")
    with lock, _log(run) as log:
        if change is not None:
            data = change(run.config).to_json().encode()
            atomic.write_bytes(run.folder / "config.json", data, new_folder=False)
        run.withdraw_stop()
        run.write_status(Status(created=run.status.created, epoch=run.status.epoch))
        environment = _environment(run.config)
        process = None
        if queue.is_idle():  # what waits must be small
            process = warm.hand_over(run, lock.fileno(), log.fileno(), environment)
        process = process or subprocess.Popen(
            [
                *(sys.executable, "-m", "aeviz.runs.process", str(run.folder.resolve())),
                *("--server", str(os.getpid()), "--lock", str(lock.fileno())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            pass_fds=(lock.fileno(),),
            start_new_session=True,  # Ctrl-C in the server's terminal must not kill it mid-write
        )
        warm.began(run)
        lock.truncate(0)
        lock.write(str(process.pid))
    # the system keeps a line for each ended process until its parent has asked after it
    _children[:] = [*(child for child in _children if child.poll() is None), process]


def keep_warm() -> None:
    """Sees to it that a worker is at hand where the next run can train at once."""
    with contextlib.suppress(UserError):
        warm.keep(_environment(RunConfig()))


def _log(run: Run) -> BinaryIO:
    with atomic.in_words("The run's folder cannot be written"):
        return (run.folder / "worker.log").open("ab")


_children: list[subprocess.Popen[bytes]] = []


def _environment(config: RunConfig) -> dict[str, str]:
    """This process's own, so that the worker finds aeviz and the runs from whatever folder, and its
    share of the processors."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    changes = {"PYTHONPATH": path, "AEVIZ_RUNS": str(runs_dir().resolve())}
    if "OMP_NUM_THREADS" not in os.environ:
        changes["OMP_NUM_THREADS"] = str(threads(config, queue.cores(), queue.slots()))
    return os.environ | changes


def threads(config: RunConfig, cores: int, slots: int) -> int:
    """How many threads a run computes with where `slots` of them share so many processors.

    A dense network leaves one to the server: its threads wait for each other a hundred times a
    step, and where one of them has to wait for a processor all do. With a class dragging on two
    cores a deep network took 280 ms a step with two threads, and 11 with one; undisturbed it loses
    a fifth. The pieces of a conv network (`aeviz.training.cpu.microbatches`) meet twice a step.
    """
    left = 0 if config.network.kind == "conv" else 1
    return max(1, (cores - left) // slots)


def work(run: Run, server: int | None = None) -> None:
    """Trains the run to its end, a Stop, or a failure; leaves the result in its folder.

    `server`: the process that started this one. Where it ends, training stops as by a Stop.
    Where somebody removes the folder it says so, and leaves nothing.
    """

    def should_stop() -> bool:
        orphaned = server is not None and os.getppid() != server
        return orphaned or run.stop_requested or run.is_gone or makes_way()

    def end(phase: Phase, message: str) -> None:
        if run.is_gone:
            print(f"aeviz: {run.removed()} Its training has ended.", file=sys.stderr)
        else:
            reporter.end(phase, message)

    makes_way = MakesWay(run.owner)
    reporter = Reporter(run)
    try:
        with plain_memory_errors(), queue.turn(run, cancelled=should_stop):
            makes_way.begin()
            outcome = _train(run, reporter, should_stop)
    except queue.CancelledError:
        end("stopped", stopped(run))
    except UserError as error:
        end("failed", str(error))
    except Exception:
        end("failed", "Training failed unexpectedly; worker.log in its folder says why.")
        if not run.is_gone:  # else it is no wonder
            traceback.print_exc()  # into worker.log
            raise
    else:
        made_way = outcome.reason == "stopped" and makes_way.did
        end(_PHASES[outcome.reason], MADE_WAY if made_way else outcome.message)


def _train(run: Run, reporter: Reporter, should_stop: Callable[[], bool]) -> Outcome:
    config = run.config
    run.clear_unfinished()
    reporter.report(phase="running", message="Loading the data")

    def on_progress(share: float, text: str) -> None:
        if should_stop():  # a download takes minutes
            raise queue.CancelledError
        reporter.progress(share, text)

    dataset = datasets.load(config.dataset, on_progress)
    device, images = pick_device(config.training.device), len(dataset.train)

    def on_epoch(result: loop.StepResult) -> None:
        reporter.on_epoch(result)
        baselines.keep(run.folder / "baselines.json", config, dataset)

    def attempt(tried: RunConfig) -> tuple[loop.TrainingState, Outcome]:
        reporter.restart(batch_size.note(config, tried))
        state = loop.begin(tried, dataset, device)
        if run.resume_path.exists():
            resume.load_into(run.resume_path, state)
            batch_size.recount(state, images)
        reporter.begin(state, dataset)
        return state, fit(state, dataset, reporter.on_step, on_epoch, should_stop)

    most = config.training.batch_size
    if run.resume_path.exists():
        most = resume.batch_size(run.resume_path)
    state, outcome = batch_size.train(batch_size.batches(config, images, most), attempt)
    if run.is_gone:
        return outcome
    if outcome.reason == "failed":  # most likely a full disk: there may be room for the model yet
        with contextlib.suppress(UserError):
            _keep(run, state, dataset, outcome, lambda share, text: None)
    elif outcome.epochs or outcome.reason == "stopped":
        reporter.report(phase="finishing", seconds_left=None)
        _keep(run, state, dataset, outcome, reporter.progress)
    return outcome


def _keep(
    run: Run,
    state: loop.TrainingState,
    dataset: datasets.Dataset,
    outcome: Outcome,
    progress: Progress,
) -> None:
    """Writes the model file with its PCA map, and asks for the others (`aeviz.runs.maps`)."""
    card, gallery = card_and_gallery(state.model, dataset, outcome.history(), progress)
    data = checkpoint.to_bytes(state.model, card, gallery)
    maps.withdraw(run)
    atomic.write_bytes(run.model_path, data, new_folder=False)
    with contextlib.suppress(UserError):  # a full disk: the PCA map stays
        maps.ask(run, gallery)


if __name__ == "__main__":
    main()
