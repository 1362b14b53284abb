"""Run a sweep: start its trials, prune the unpromising ones, and record what becomes of them.

Each trial is an ordinary run, started by `aeviz.runs.spawn`: it waits in the queue with all others,
and its process and its saved state are those of any run. If this process ends in any way, the
workers stop and keep their last epoch, and the next call continues them.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from aeviz.errors import UserError
from aeviz.io import atomic, locks
from aeviz.runs import queue, spawn, store
from aeviz.runs.listing import final_terms
from aeviz.runs.store import Run
from aeviz.sweeps.record import MEASURES, Plan, Sweep, Trial, opened
from aeviz.sweeps.search import REDUCTION, Search, comparisons
from aeviz.sweeps.space import in_words

POLL_SECONDS: Final = 0.5
STOP_SECONDS: Final = 60.0
"""How long an interrupted sweep waits for its trials to save their models."""

Say = Callable[[str], None]


def run(plan: Plan, count: int, say: Say = lambda text: None) -> Sweep:
    """Run the sweep of this plan with `count` trials, or continue it. Returns it complete.

    UserError if another process works on it, or a trial cannot be started. KeyboardInterrupt stops
    the trials that train; they are continued next time.
    """
    sweep = opened(plan, count)
    with _lock(sweep):
        runner = _Runner(sweep, say)
        try:
            runner.work()
        except BaseException:
            runner.stop()
            raise
    return sweep


@contextlib.contextmanager
def _lock(sweep: Sweep) -> Iterator[None]:
    with atomic.in_words("The sweep cannot be recorded"):
        sweep.folder.mkdir(parents=True, exist_ok=True)
        lock = locks.take(sweep.folder / "lock", patience=1.0)
    if lock is None:
        raise UserError("This sweep is already running: wait until it ends, or change --name.")
    with lock:
        yield


class _Runner:
    """`open`: the runs that train or wait, by the number of their trial. `stopping`: those of them
    that an interrupted sweep has stopped and that have not ended yet."""

    def __init__(self, sweep: Sweep, say: Say) -> None:
        self.sweep, self.plan, self.say = sweep, sweep.plan, say
        self.search = Search(self.plan)
        self.comparisons = comparisons(self.plan)
        self.open: dict[int, Run] = {}
        self.stopping: set[int] = set()
        self.before, self.began = sweep.seconds, time.monotonic()

    def work(self) -> None:
        for trial in self.sweep.trials:
            self._update(trial)
            self.search.restore(trial)
        over = sum(trial.is_over for trial in self.sweep.trials)
        if over:
            self.say(f"{over} of {self.sweep.count} trials are done already")
        self._save()
        while self._fill():
            time.sleep(POLL_SECONDS)
            for number in list(self.open):
                self._look(self.sweep.trials[number - 1])

    def stop(self) -> None:
        """Stop the runs that train or wait, and wait until they have saved their models."""
        with contextlib.suppress(UserError):
            for run in self.open.values():
                run.request_stop()
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and not all(r.is_over for r in self.open.values()):
                time.sleep(POLL_SECONDS)
            self._save()

    # ---- starting trials -------------------------------------------------------------------------

    def _fill(self) -> bool:
        """Start trials while there are slots. Returns whether any train or wait."""
        while len(self.open) < queue.slots():
            trial = self._next()
            if trial is None:
                break
            try:
                self.open[trial.number] = self._started(trial)
            except UserError:
                if not self.open:
                    raise
                break  # too many runs of others wait, for example: when one ends, it tries again
            finally:
                self._save()
        return bool(self.open)

    def _next(self) -> Trial | None:
        """A trial that is not over and does not train: an interrupted one, or else a new one."""
        for trial in self.sweep.trials:
            if not trial.is_over and trial.number not in self.open:
                return trial
        number = len(self.sweep.trials) + 1
        if number > self.sweep.count:
            return None
        self.sweep.trials.append(Trial(number, self.search.next(number)))
        return self.sweep.trials[-1]

    def _started(self, trial: Trial) -> Run:
        """The trial's run, which trains or waits from now on."""
        run = self._run_of(trial)
        if run is None:
            run = spawn.start(self.plan.config_of(trial), sweep=self.sweep.id)
        elif run.status.phase in ("stopped", "failed"):
            spawn.resume_run(run)
        elif run.stop_requested:
            self.stopping.add(trial.number)
        trial.run = run.id
        return run

    def _run_of(self, trial: Trial) -> Run | None:
        """The run of a trial that was begun before; None if it has none, or it was deleted."""
        if trial.run:
            run = Run(store.runs_dir() / trial.run)
            return None if run.is_gone else run
        config = self.plan.config_of(trial)
        for run in store.runs():  # this process may have ended before it could record the run
            with contextlib.suppress(UserError):
                if run.sweep == self.sweep.id and run.config == config:
                    return run
        return None

    # ---- watching trials -------------------------------------------------------------------------

    def _update(self, trial: Trial) -> None:
        """Look at a trial of the record: somebody may have continued its run on the Runs page."""
        run = self._run_of(trial) if trial.is_over and trial.value is None else None
        if run is not None and (run.status.phase == "done" or trial.state == "pruned"):
            self._end(trial, run)

    def _look(self, trial: Trial) -> None:
        """Report the trial's progress; prune it, or note its end."""
        run = self.open[trial.number]
        over = run.is_gone or run.is_over  # before its metrics are read
        if not over:
            self._compare(trial, run)
            return
        del self.open[trial.number]
        by_a_person = run.stop_requested and trial.number not in self.stopping
        self.stopping.discard(trial.number)
        stopped = not run.is_gone and run.status.phase == "stopped"
        if stopped and not by_a_person and not trial.is_over:
            return  # it made way for other people's runs, or was interrupted: `_fill` continues it
        self._end(trial, run)
        self.search.end(trial)
        self._save()
        self._tell(trial)

    def _compare(self, trial: Trial, run: Run) -> None:
        left = [epoch for epoch in self.comparisons if epoch not in trial.reports]
        if trial.is_over or not left or run.status.epoch < left[0]:
            return  # if it is over, it has been pruned and is about to stop
        values = self._values(run)
        for epoch in left:
            if epoch not in values:
                continue
            trial.reports[epoch] = values[epoch]
            if self.search.report(trial.number, epoch, values[epoch]):
                run.request_stop()
                trial.state, trial.message = "pruned", self._reason(epoch, values[epoch])
                self._save()
                return
            self._save()

    def _reason(self, epoch: int, value: float) -> str:
        reached = sum(epoch in trial.reports for trial in self.sweep.trials)
        kept = max(1, reached // REDUCTION)
        best = "the lowest" if kept == 1 else f"among the lowest {kept}"
        return (
            f"Stopped early: after epoch {epoch}, its {MEASURES[self.plan.measure]} of {value:.4g} "
            f"was not {best} of the {reached} trials so far."
        )

    def _end(self, trial: Trial, run: Run) -> None:
        """Set the trial's final state, value and message."""
        if run.is_gone:
            trial.state, trial.message = "failed", "Its run was deleted."
            return
        status, values = run.status, self._values(run)
        trial.run, trial.epochs = run.id, max(values, default=0)
        best = self.plan.config_of(trial).training.patience > 0
        value = final_terms(run.metrics(), best).get(self.plan.measure)
        if status.phase == "done":
            trial.state, trial.message = "done", ""
            if value is None:
                trial.state, trial.message = "failed", "Its metrics cannot be read."
        elif status.phase == "failed":
            trial.state, trial.message = "failed", status.message
        elif trial.state != "pruned":
            trial.state, trial.message = "stopped", "Stopped by a person."
        trial.value = value

    def _values(self, run: Run) -> dict[int, float]:
        """The measure on the validation images after each epoch."""
        terms = {row["epoch"]: row["validation"] for row in run.metrics() if "validation" in row}
        values = {epoch: found.get(self.plan.measure, math.nan) for epoch, found in terms.items()}
        return {epoch: value for epoch, value in values.items() if math.isfinite(value)}

    # ---- reporting -------------------------------------------------------------------------------

    def _tell(self, trial: Trial) -> None:
        value = "" if trial.value is None else f", {MEASURES[self.plan.measure]} {trial.value:.5g}"
        over = sum(other.is_over for other in self.sweep.trials)
        self.say(f"{over} of {self.sweep.count}: {in_words(trial.settings)}: {trial.state}{value}")
        if trial.message:
            self.say(f"  {trial.message}")

    def _save(self) -> None:
        self.sweep.seconds = self.before + time.monotonic() - self.began
        self.sweep.save()


def result(sweep: Sweep) -> dict[str, Any]:
    """The sweep as the command line prints it."""
    best = sweep.best
    return {
        "sweep": sweep.id,
        "measure": sweep.plan.measure,
        "trials": [_row(trial) for trial in sweep.trials],
        "best": None if best is None else _row(best),
        "seconds": round(sweep.seconds, 1),
    }


def _row(trial: Trial) -> dict[str, Any]:
    shown = ("number", "run", "state", "settings", "value", "epochs", "message")
    return {name: getattr(trial, name) for name in shown}
