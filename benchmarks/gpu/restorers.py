"""The photo restorers, trained one after another, each in its share of the time.

First a foundation, which undoes all degradations without knowing which; then a restorer for each of
them, in the order of the expected gain. Each starts from the bundled weights or the foundation's,
whichever score better on held-out photographs. Its weights are kept only if they are better still.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from aeviz.cli.terminal import say
from aeviz.config import RunConfig
from aeviz.degradations import DEGRADATIONS, marks
from aeviz.errors import UserError
from aeviz.models import checkpoint
from aeviz.nn.unet import Restorer
from aeviz.presets.restorers import RESTORERS
from aeviz.training.restorer_files import base_card
from aeviz.training.restorers import SQUARES, Batch, begin, draw
from aeviz.training.schedules import learning_rate
from aeviz.training.squares import Squares
from benchmarks.gpu import held_out, resume
from benchmarks.gpu.clock import Share
from benchmarks.gpu.learner import Learner
from benchmarks.gpu.results import attempted
from benchmarks.gpu.session import Session
from benchmarks.gpu.utilization import Utilization

FOUNDATION = "foundation"
SHARES: dict[str, float] = {
    FOUNDATION: 0.22,
    "restore-denoise": 0.18,
    "restore-jpeg": 0.09,
    "restore-x2": 0.11,
    "restore-x4": 0.10,
    "restore-inpaint": 0.10,
    "restore-impulse": 0.05,
    "restore-watermark": 0.08,
    "restore-colour": 0.07,
}
"""Shares of the restorers' time, by the expected gain from more training."""

RATE, FINE_TUNING_RATE = 3e-3, 2e-3
WEIGHT_DECAY = 0.1


class Ahead:
    """The CPU work for the stages, done in a thread while the GPU does other things: photographs
    with each degradation, and the watermarks for training."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pool = ThreadPoolExecutor(1)
        self._cases: dict[str, Future[list[held_out.Case]]] = {}

    def start(self) -> None:
        sizes, device = self._session.sizes, self._session.device
        self._pool.submit(lambda: self._session.photos)
        for side in {sizes.crop, sizes.matte_crop}:
            self._pool.submit(marks.stencils, side, side, device)
        for kind in ("noise", *(kind for kind in DEGRADATIONS if kind != "noise")):
            self._cases[kind] = self._pool.submit(self._make, kind)

    def cases(self, kind: str) -> list[held_out.Case]:
        """The trials of a degradation, on the session's device."""
        device = self._session.device
        return [
            held_out.Case(case.trial, *(part.to(device) for part in case[1:]))
            for case in self._cases[kind].result()
        ]

    def wait(self) -> None:
        """Waits until everything is prepared: the thread would slow down measurements."""
        wait(self._cases.values())

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _make(self, kind: str) -> list[held_out.Case]:
        photos, count = self._session.photos.held_out, self._session.sizes.held_out
        some = photos[:: max(1, len(photos) // count)][:count]
        return held_out.cases(kind, some, torch.device("cpu"))


def train_restorers(session: Session, ahead: Ahead, share: Share) -> None:
    """Runs all stages for which there is time; a stage that an earlier session finished is not
    repeated. If a stage exceeds its share, all later ones get less."""
    rows = session.report.rows
    left = [name for name in SHARES if not rows.get(name, {}).get("finished")]
    foundation: Restorer | None = None
    if FOUNDATION not in left and FOUNDATION in session.models:
        foundation = resume.model(session, FOUNDATION)
    for number, name in enumerate(left):
        if share.over:
            return
        spent = rows.get(name, {}).get("seconds", 0.0) if resume.path(session).is_file() else 0.0
        part = SHARES[name] / sum(SHARES[each] for each in left[number:])
        own = session.clock.share(part * (spent + share.left()), spent)
        trained = attempted(partial(_trained, session, ahead, name, foundation, own))
        if not isinstance(trained, Restorer):
            session.report.put(name, rows.get(name, {}) | trained)
        elif name == FOUNDATION:
            foundation = trained


def _trained(
    session: Session, ahead: Ahead, name: str, foundation: Restorer | None, share: Share
) -> Restorer:
    return Stage(session, ahead, name, foundation).run(share)


def config_of(name: str, session: Session) -> RunConfig:
    """A stage's configuration: the restorer's, with the crop and batch sizes of this session."""
    sizes = session.sizes
    known = RESTORERS["restore-denoise" if name == FOUNDATION else name]
    matte = known.network.change == "matte"
    changes = {
        "name": name,
        "training.crop": sizes.matte_crop if matte else sizes.crop,
        "training.batch_size": sizes.matte_batch if matte else sizes.batch,
        "training.lr": RATE if name == FOUNDATION else FINE_TUNING_RATE,
        "training.weight_decay": WEIGHT_DECAY,
    }
    return known.replace(**(changes | sizes.network))


class Stage:
    """One restorer's training within its share of the time."""

    def __init__(
        self, session: Session, ahead: Ahead, name: str, foundation: Restorer | None
    ) -> None:
        self.session, self.name = session, name
        self.config = config_of(name, session)
        kind = self.config.corruption.kind
        self.cases = (
            [case for each in DEGRADATIONS for case in ahead.cases(each)]
            if name == FOUNDATION
            else ahead.cases(kind)
        )
        self.started_from, model = self._start(foundation)
        shown = session.squares(self.config.training.crop)
        self.learner = Learner(model, self._draw(shown, kind), self._outside(kind), "auto")
        self.best, self.weights = -math.inf, _copied(model)
        self.row: dict[str, Any] = {"started_from": self.started_from, "curve": []}
        self.slower = 1.0

    def run(self, share: Share) -> Restorer:
        """Trains to the end of the share; returns the best model. There is a check at least every
        `validate_seconds`, so at most that much training can be lost."""
        self._go_on()
        if self.best == -math.inf:
            self.best = held_out.score(self.learner.average, self.cases, self.session.precision)
            self.row["start"] = round(self.best, 4)
        training, every = self.config.training, self.session.sizes.validate_seconds
        checked = share.spent()
        with Utilization(self.session.device) as busy:
            while not share.over and self.learner.steps < self.session.sizes.most_steps:
                rate = learning_rate(training, share.progress)
                self.learner.step(self.slower * rate)
                if share.spent() - checked >= every and share.left() > every / 4:
                    self._check(share)
                    checked = share.spent()
            self._check(share)
        self.row |= self._speed(share, busy.percent)
        enough = share.progress == 1 or self.learner.steps >= self.session.sizes.most_steps
        self.row["finished"] = enough and self.learner.steps > 0
        self.session.report.put(self.name, self.row)
        if self.row["finished"]:
            resume.clear(self.session)
        say(f"{self.name}: {self.row['start']:.2f} -> {self.best:.2f} dB, {self._summary()}")
        self.learner.load(self.weights)
        return self.learner.average

    def _start(self, foundation: Restorer | None) -> tuple[str, Restorer]:
        """The initial model: the best available one on held-out photographs."""
        session = self.session
        found: dict[str, Restorer] = {}
        named = "restore-denoise" if self.name == FOUNDATION else self.name
        file = session.bundled_file(named)
        if file is not None:
            found[named] = checkpoint.load_restorer(file, session.device).model
        if foundation is not None:
            found[FOUNDATION] = foundation
        scored: list[tuple[float, str, Restorer]] = []
        for name, start in found.items():
            try:
                model = begin(self.config, start, session.device)
            except UserError:  # a different architecture
                continue
            model.eval()
            scored.append((held_out.score(model, self.cases, session.precision), name, model))
        if not scored:
            return "nothing", begin(self.config, None, session.device)
        _, name, model = max(scored, key=lambda row: row[0])
        return name, model.requires_grad_(True)

    def _draw(self, shown: Squares, kind: str) -> Callable[[], Batch]:
        count, chance = self.config.training.batch_size, self.session.chance
        if self.name == FOUNDATION:
            return lambda: every_kind(shown, count, chance)
        return lambda: draw(shown, count, kind, chance)

    def _outside(self, kind: str) -> float:
        return 0.0 if self.name == FOUNDATION else DEGRADATIONS[kind].outside

    def _check(self, share: Share) -> None:
        """Scores the averaged weights and keeps them if they are the best; after divergence, goes
        back to the best ones with half the learning rate."""
        session, learner = self.session, self.learner
        loss = learner.mean_loss()
        found = held_out.score(learner.average, self.cases, session.precision)
        row = {"seconds": round(share.spent(), 1), "steps": learner.steps}
        if not (math.isfinite(loss) and math.isfinite(found)):
            learner.load(self.weights)
            self.slower /= 2
            self.row["curve"].append(row | {"diverged": True})
        else:
            self.row["curve"].append(row | {"loss": round(loss, 2), "score": round(found, 4)})
        if found > self.best:
            self.best, self.weights = found, _copied(learner.average)
            self._write(share)
        self.row |= row | {"best": round(self.best, 4)}
        session.report.put(self.name, self.row)
        if session.can_continue:
            resume.save(session, self)
        say(f"{self.name}: {row['seconds']:.0f} s, {row['steps']} steps, {found:.2f} dB")

    def _write(self, share: Share) -> None:
        training, photos = self.config.training, self.session.photos
        squares = SQUARES * len(photos.train)  # of an epoch
        epochs = max(1, round(self.learner.steps * training.batch_size / squares))
        model = copy.copy(self.learner.average)
        model.config = self.config.replace(**{"training.epochs": epochs})
        history = {
            "epochs": epochs,
            "steps": self.learner.steps,
            "seconds": round(share.spent(), 1),
            "started_from": self.started_from,
        }
        card = base_card(model, photos) | history
        self.session.models.put(self.name, checkpoint.to_bytes(model, card, None, half=True))

    def _go_on(self) -> None:
        """Resumes from where an earlier session was interrupted."""
        saved = resume.load(self.session, self.name)
        if saved is None:
            return
        self.row = self.session.report.rows[self.name]
        self.started_from = self.row["started_from"]
        self.learner.restore(saved.learner, saved.steps)
        self.best, self.weights, self.slower = saved.best, saved.weights, saved.slower
        self.session.chance.set_state(saved.chance)

    def _speed(self, share: Share, busy: float | None) -> dict[str, Any]:
        spent = max(share.spent(), 1e-6)
        squares = self.learner.steps * self.config.training.batch_size / spent
        return {
            "squares_per_second": round(squares),
            "tflops": round(squares * flops_per_square(self.config) / 1e12, 2),
            "gpu_percent": busy,
        }

    def _summary(self) -> str:
        busy = self.row["gpu_percent"]
        return f"{self.row['squares_per_second']} squares/s, {self.row['tflops']} TFLOP/s, " + (
            "no GPU" if busy is None else f"GPU {busy:.0f} % busy"
        )


def every_kind(shown: Squares, count: int, chance: torch.Generator) -> Batch:
    """Squares with all degradations, equally many of each. The weights of pixels outside the
    degraded ones are in `where`, so `outside` is 0 for these batches."""
    parts = []
    for kind, damage in DEGRADATIONS.items():
        batch = draw(shown, max(1, count // len(DEGRADATIONS)), kind, chance)
        counted = batch.where + (1 - batch.where) * damage.outside
        parts.append(batch._replace(where=counted))
    return Batch(*(torch.cat(part) for part in zip(*parts, strict=True)))


def flops_per_square(config: RunConfig) -> int:
    """FLOPs of a forward and backward pass: multiplications and additions in convolutions."""
    side = config.training.crop
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        model = Restorer(config)
        model(torch.empty(1, 3, side, side)).sum().backward()
    return counter.get_total_flops()


def _copied(model: Restorer) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
