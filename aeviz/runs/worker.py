"""Train a run to its end, in a process of its own (`aeviz.runs.process`).

It shares nothing with the server but the run's folder, so the app stays fluid and closing a tab
loses nothing. If the folder has a saved state, training continues from there.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import traceback
from collections.abc import Callable

from aeviz import datasets
from aeviz.config import RunConfig
from aeviz.device import pick_device, plain_memory_errors
from aeviz.errors import UserError
from aeviz.evaluation import baselines
from aeviz.io import atomic
from aeviz.models import checkpoint
from aeviz.runs import maps, queue
from aeviz.runs.reporter import Reporter
from aeviz.runs.store import Phase, Run
from aeviz.runs.time_slice import OVER_MESSAGE, TimeSlice
from aeviz.training import batch_size, loop, resume
from aeviz.training.finish import Progress, card_and_gallery
from aeviz.training.fit import Outcome
from aeviz.training.parallel.fit import fit
from aeviz.training.parallel.group import Group
from aeviz.training.state import TrainingState, begin

_PHASES: dict[str, Phase] = {
    "done": "done",
    "stopped": "stopped",
    "diverged": "failed",
    "failed": "failed",
}


def work(
    run: Run,
    server: int | None = None,
    group: Group | None = None,
    bytes_per_second: float = math.inf,
) -> None:
    """Train the run to its end, a Stop, or a failure; leave the result in its folder.

    `server`: the process that started this one. If it ends, training stops as after a Stop. If the
    folder is removed, this is logged and nothing is written. `group`: the processes that train it
    together, of which this one leads. `bytes_per_second`: as of the `Reporter`.
    """

    def should_stop() -> bool:
        orphaned = server is not None and os.getppid() != server
        return orphaned or run.stop_requested or run.is_gone or time_slice.check()

    def end(phase: Phase, message: str) -> None:
        if run.is_gone:
            print(f"aeviz: {run.removed()} Its training has ended.", file=sys.stderr)
        else:
            reporter.end(phase, message)

    time_slice = TimeSlice(run.owner)
    reporter = Reporter(run, bytes_per_second)
    try:
        with plain_memory_errors(), queue.turn(run, cancelled=should_stop):
            time_slice.begin()
            outcome = _train(run, reporter, should_stop, group)
    except queue.CancelledError:
        end("stopped", queue.stopped_message(run))
    except UserError as error:
        end("failed", error.message)
    except Exception:
        end("failed", "Training failed unexpectedly; worker.log in its folder says why.")
        if not run.is_gone:  # otherwise the failure is expected
            traceback.print_exc()  # into worker.log
            raise
    else:
        made_way = outcome.reason == "stopped" and time_slice.is_over
        end(_PHASES[outcome.reason], OVER_MESSAGE if made_way else outcome.message)


def _train(
    run: Run, reporter: Reporter, should_stop: Callable[[], bool], group: Group | None
) -> Outcome:
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

    def attempt(tried: RunConfig) -> tuple[TrainingState, Outcome]:
        reporter.restart(batch_size.note(config, tried))
        state = begin(tried, dataset, device)
        if run.resume_path.exists():
            resume.load_into(run.resume_path, state)
            batch_size.recount(state, images)
        reporter.begin(state, dataset)
        return state, fit(state, dataset, reporter.on_step, on_epoch, should_stop, group)

    most = config.training.batch_size
    if run.resume_path.exists():
        most = resume.batch_size(run.resume_path)
    state, outcome = batch_size.train(batch_size.batches(config, images, most), attempt)
    if run.is_gone:
        return outcome
    if outcome.reason == "failed":  # probably a full disk; there may still be room for the model
        with contextlib.suppress(UserError):
            _save_model(run, state, dataset, outcome, lambda share, text: None)
    elif outcome.epochs or outcome.reason == "stopped":
        reporter.report(phase="finishing", seconds_left=None)
        _save_model(run, state, dataset, outcome, reporter.progress)
    return outcome


def _save_model(
    run: Run,
    state: TrainingState,
    dataset: datasets.Dataset,
    outcome: Outcome,
    progress: Progress,
) -> None:
    """Write the model file with its PCA map, and request the other maps (`aeviz.runs.maps`)."""
    card, gallery = card_and_gallery(state.model, dataset, outcome.history(), progress)
    data = checkpoint.to_bytes(state.model, card, gallery)
    maps.withdraw(run)
    atomic.write_bytes(run.model_path, data, new_folder=False)
    with contextlib.suppress(UserError):  # a full disk: the PCA map stays
        maps.request(run, gallery)
