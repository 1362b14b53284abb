"""Stops a training whose loss leaves all bounds, before the step that would follow is applied.

Where reading a number means waiting for the device, the device itself bars the step (and all steps
after it), and the loss is read only a few times a second.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import torch

from aeviz.errors import UserError
from aeviz.nn.losses import Terms

if TYPE_CHECKING:
    from aeviz.training.loop import TrainingState

EXPLODED = 1_000.0
"""A loss this many times the least one counts as diverged, before it has become infinite."""

READ_SECONDS = {"cuda": 0.2}
"""How often the loss is read on a device; after every step where it is not named."""


class DivergedError(UserError):
    """The loss left all bounds; the step that would have followed was not applied."""


class Guard:
    """Looks at each loss between the forward pass and the step."""

    def __init__(self, state: TrainingState, device: torch.device) -> None:
        self.state = state
        self.every = READ_SECONDS.get(device.type, 0.0)
        if not self.every:
            return
        self.read_at = time.perf_counter()
        self.least = torch.tensor(state.least_loss, device=device)
        self.barred = torch.zeros((), device=device)  # 1 from the first bad loss on
        self.skipped = torch.zeros((), device=device)  # steps that were not applied
        self.last: Terms | None = None

    def look(self, terms: Terms) -> Terms:
        """The terms of this step to be shown, or the last honest ones where its own are not.

        Raises DivergedError where the loss was read and is bad; until then bad ones let no step
        pass: a fused optimiser leaves all as it is where its `found_inf` is 1.
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
        bounded = total.isfinite() & (total <= EXPLODED * self.least.clamp(min=1.0))
        good = bounded & (self.barred == 0)
        self.least = torch.where(good, torch.minimum(self.least, total), self.least)
        self.last = Terms(
            *(torch.where(good, *pair) for pair in zip(terms, self.last, strict=True))
        )
        self.barred = (~good).float()
        self.skipped = self.skipped + self.barred
        self.state.optimizer.found_inf = self.barred  # type: ignore[attr-defined]
        return self.last

    def read(self, now: bool = False) -> None:
        """After a step: waits for the device, where that is due or is to be `now`; raises
        DivergedError where a step was barred, with the state's count at the last that was not."""
        if not self.every or not (now or time.perf_counter() - self.read_at > self.every):
            return
        self.read_at = time.perf_counter()
        skipped, self.state.least_loss = torch.stack((self.skipped, self.least)).tolist()
        if skipped:
            self.state.step -= int(skipped)
            raise diverged(self.state)


def diverged(state: TrainingState) -> DivergedError:
    """In words, for a state before the step that was not applied."""
    return DivergedError(
        f"Training stopped at step {state.step + 1} (epoch {state.epoch + 1}): the "
        "loss grew beyond all bounds. Use a smaller learning rate."
    )
