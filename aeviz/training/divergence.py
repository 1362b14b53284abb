"""Divergence check: stop a training whose loss is not finite or explodes, before its next step.

If reading a number means waiting for the device, the device itself blocks that step and all later
ones, and the loss is read only a few times a second.
"""

from __future__ import annotations

import math
import time

import torch

from aeviz.errors import UserError
from aeviz.nn.losses import Terms
from aeviz.training.state import TrainingState

EXPLODED = 1_000.0
"""A loss this many times the lowest so far counts as diverged, before it becomes infinite."""

READ_SECONDS = {"cuda": 0.2}
"""How often the loss is read, by device; after every step on a device that is not listed."""


class DivergedError(UserError):
    """The loss is not finite or exploded; the step that would have followed was not applied."""


class DivergenceCheck:
    """Checks each loss before its step. `at_once`: reads each, so that processes that train
    together end at the same step."""

    def __init__(self, state: TrainingState, device: torch.device, at_once: bool = False) -> None:
        self.state = state
        self.every = 0.0 if at_once else READ_SECONDS.get(device.type, 0.0)
        if not self.every:
            return
        self.read_at = time.perf_counter()
        self.lowest = torch.tensor(state.least_loss, device=device)
        self.blocked = torch.zeros((), device=device)  # 1 from the first bad loss on
        self.skipped = torch.zeros((), device=device)  # steps that were not applied
        self.last: Terms | None = None

    def check(self, terms: Terms) -> Terms:
        """Return the terms of this step, detached; if they are bad, those of the last good step.

        Raises DivergedError if the loss was read and is bad. Until it is read, bad losses block
        their steps: a fused optimizer changes nothing while its `found_inf` is 1.
        """
        terms = Terms(*(term.detach() for term in terms))
        if not self.every:
            loss, state = terms.total.item(), self.state
            if not math.isfinite(loss) or loss > EXPLODED * max(state.least_loss, 1.0):
                raise diverged(state)
            state.least_loss = min(state.least_loss, loss)
            return terms
        if self.last is None:
            self.last = Terms(*map(torch.zeros_like, terms))
        total = terms.total
        bounded = total.isfinite() & (total <= EXPLODED * self.lowest.clamp(min=1.0))
        good = bounded & (self.blocked == 0)
        self.lowest = torch.where(good, torch.minimum(self.lowest, total), self.lowest)
        self.last = Terms(
            *(torch.where(good, *pair) for pair in zip(terms, self.last, strict=True))
        )
        self.blocked = (~good).float()
        self.skipped = self.skipped + self.blocked
        self.state.optimizer.found_inf = self.blocked  # type: ignore[attr-defined]
        return self.last

    def sync(self, now: bool = False) -> None:
        """After a step: read the result from the device if it is time, or `now`.

        Raises DivergedError if a step was blocked; the state's step count is then that of the last
        step applied.
        """
        if not self.every or not (now or time.perf_counter() - self.read_at > self.every):
            return
        self.read_at = time.perf_counter()
        skipped, self.state.least_loss = torch.stack((self.skipped, self.lowest)).tolist()
        if skipped:
            self.state.step -= int(skipped)
            raise diverged(self.state)


def diverged(state: TrainingState) -> DivergedError:
    """The error for a state before the step that was not applied."""
    return DivergedError(
        f"Training stopped at step {state.step + 1} (epoch {state.epoch + 1}): the "
        "loss grew beyond all bounds. Use a smaller learning rate."
    )
