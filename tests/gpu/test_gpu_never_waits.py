"""The code between two steps of a restorer's training never waits for the GPU, and stays on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException

from aeviz.degradations import DEGRADATIONS, marks
from aeviz.nn.unet import Restorer
from aeviz.training.restorers import Batch, draw
from aeviz.training.squares import Squares
from benchmarks.gpu import held_out
from benchmarks.gpu.held_out import Case
from benchmarks.gpu.learner import Learner, _set_rate
from benchmarks.gpu.restorers import config_of, every_kind
from tests.fake_gpu import GPU, fake_gpu, moved
from tests.gpu.small_session import small_session

pytestmark = pytest.mark.skipif(torch.version.cuda is None, reason="PyTorch without CUDA")


@pytest.fixture(autouse=True)
def _gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def stencils(h: int, w: int, device: torch.device) -> torch.Tensor:
        return torch.zeros(4, 1, h, w, dtype=torch.uint8, device=device)

    monkeypatch.setattr(marks, "stencils", stencils)  # drawn by Pillow
    with fake_gpu():
        yield


def chance() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def squares() -> Squares:
    photos = [torch.empty(3, 64, 80, dtype=torch.uint8, device=GPU) for _ in range(3)]
    found = Squares.__new__(Squares)
    found.side, found._levels = 32, torch.cat([photo.flatten() for photo in photos])
    found._starts, found._heights, found._widths = (
        torch.full((3,), value, dtype=torch.long, device=GPU) for value in (0, 64, 80)
    )
    return found


def on_gpu(batch: tuple[torch.Tensor, ...]) -> bool:
    return all(part.device.type == "cuda" for part in batch)


def test_this_gpu_finds_what_would_wait() -> None:
    with pytest.raises(DataDependentOutputException):
        torch.ones(3, device=GPU).sum().item()
    with pytest.raises(RuntimeError, match="device"):
        torch.ones(3, device=GPU) + torch.ones(3)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_degradations(name: str) -> None:
    assert on_gpu(DEGRADATIONS[name].draw(torch.empty(16, 3, 64, 64, device=GPU), chance()))


def test_squares_and_batches_of_all_degradations() -> None:
    batch = every_kind(squares(), 16, chance())
    assert on_gpu(batch)
    assert batch.x.shape == (16, 3, 32, 32)


@pytest.mark.filterwarnings("ignore:Accessing the data pointer of FakeTensor")  # by torch itself
@pytest.mark.parametrize("name", ["restore-denoise", "restore-watermark", "restore-inpaint"])
def test_a_step(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All except the backward pass, for which PyTorch needs a real GPU."""
    config = config_of(name, small_session(tmp_path))
    model = cast(Restorer, moved(Restorer(config)))

    def backward(self: torch.Tensor) -> None:
        for weights in model.parameters():
            weights.grad = torch.empty_like(weights)

    monkeypatch.setattr(torch.Tensor, "backward", backward)
    shown, kind = squares(), config.corruption.kind
    learner = Learner(model, lambda: draw(shown, 4, kind, chance()), 1.0, "fp32")
    for _ in range(2):
        for optimizer, share in learner.optimizers:
            _set_rate(optimizer, share * 1e-3)
            assert optimizer.param_groups[0]["lr"].device.type == "cuda"
        learner._share.fill_(0.5)
        learner._update(learner._draw())
    assert learner.average.head.weight.device.type == "cuda"


@pytest.mark.parametrize("name", ["restore-denoise", "restore-inpaint", "restore-x2",
                                  "restore-colour", "restore-watermark"])  # fmt: skip
def test_a_score_until_it_is_read(name: str, tmp_path: Path) -> None:
    config = config_of(name, small_session(tmp_path))
    kind = config.corruption.kind
    model = cast(Restorer, moved(Restorer(config)))
    batch = Batch(*(torch.empty(2, c, 32, 48, device=GPU) for c in (3, 3, 1, 1)))
    trial = held_out.TRIALS[kind][0]
    found = held_out._psnr(model, Case(trial, *batch), "fp32")
    assert found.shape == (2,)
    assert found.device.type == "cuda"
