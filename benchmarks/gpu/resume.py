"""A stage on disk: what a long session needs to resume after an interruption."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from safetensors import SafetensorError, safe_open
from torch import Tensor

from aeviz.errors import UserError
from aeviz.io import atomic, checksums
from aeviz.models import checkpoint
from aeviz.nn.unet import Restorer
from benchmarks.gpu.learner import under
from benchmarks.gpu.session import Session

if TYPE_CHECKING:
    from benchmarks.gpu.restorers import Stage

_DAMAGED = "resume.safetensors is damaged: delete it, and this restorer starts from scratch."


class Saved(NamedTuple):
    """The state of the learner, the best weights and their score, the number of steps, the factor
    of the learning rate, and the random state."""

    learner: dict[str, Tensor]
    weights: dict[str, Tensor]
    chance: Tensor
    best: float
    steps: int
    slower: float


def path(session: Session) -> Path:
    return session.out / "resume.safetensors"


def save(session: Session, stage: Stage) -> None:
    """Writes the state of a stage, atomically."""
    tensors = {f"learner.{k}": v for k, v in stage.learner.state().items()}
    tensors |= {f"weights.{k}": v for k, v in stage.weights.items()}
    tensors["chance"] = session.chance.get_state()
    tensors = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
    position = {
        "name": stage.name,
        "best": stage.best,
        "steps": stage.learner.steps,
        "slower": stage.slower,
    }
    data = checksums.save(tensors, {"position": json.dumps(position)})
    atomic.write_bytes(path(session), data)


def load(session: Session, name: str) -> Saved | None:
    """The state of this stage, if the last session ended in it."""
    file = path(session)
    if not file.is_file():
        return None
    checksums.check(file, _DAMAGED)
    try:
        with safe_open(file, framework="pt") as found:
            position = json.loads((found.metadata() or {})["position"])
            tensors = {key: found.get_tensor(key) for key in found.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise UserError(_DAMAGED) from error
    if position["name"] != name:
        return None
    learner, weights = (under(tensors, prefix) for prefix in ("learner.", "weights."))
    best, steps, slower = (position[key] for key in ("best", "steps", "slower"))
    return Saved(learner, weights, tensors["chance"], best, steps, slower)


def clear(session: Session) -> None:
    """Removes the saved state, because its stage is finished."""
    path(session).unlink(missing_ok=True)


def model(session: Session, name: str) -> Restorer:
    """A restorer that an earlier session has written."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.safetensors"
        session.models.write(name, file)
        return checkpoint.load_restorer(file, session.device).model
