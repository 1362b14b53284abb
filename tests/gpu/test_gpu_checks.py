"""The checks of a device: a CPU passes against itself, and faults are found."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aeviz.server.live.computer import ModelComputer
from benchmarks.gpu import checks
from benchmarks.gpu.sizes import DRY
from benchmarks.gpu.sources import drawn_images, drawn_photos

CPU = torch.device("cpu")


def test_a_cpu_agrees_with_itself() -> None:
    rows = dict(checks.checks(drawn_images("mnist"), drawn_photos(), CPU, DRY))
    assert len(rows) == 8
    assert all(check()["good"] for check in rows.values())


def test_losses_that_are_one_percent_apart_are_found() -> None:
    curve = torch.tensor([100.0, 50.0])
    assert checks._apart(curve, curve * 1.009)["good"]
    assert not checks._apart(curve, curve * torch.tensor([1.0, 0.98]))["good"]


def test_the_losses_of_another_training_differ() -> None:
    config, images = checks.KINDS["vae"], drawn_images("mnist")
    one, other = (
        checks.autoencoder_losses(config.replace(**{"training.lr": rate}), images, CPU, DRY)
        for rate in (1e-3, 2e-3)
    )
    assert not checks._apart(one, other)["good"]


def test_pixels_that_are_two_levels_apart_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, calls = ModelComputer.decode, []

    def darker(self: ModelComputer, codes: np.ndarray) -> np.ndarray:
        pixels = whole(self, codes)
        calls.append(self)
        second = calls[0] is not self
        return np.clip(pixels.astype(int) - 2, 0, 255).astype(np.uint8) if second else pixels

    monkeypatch.setattr(ModelComputer, "decode", darker)
    assert checks.decoding(CPU) == {"levels": 2, "good": False}


@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_reading_a_number_is_counted_as_a_wait() -> None:
    x = torch.ones(3)
    assert checks.waits_of(lambda: x + 1, 5) == 0
    assert checks.waits_of(lambda: x.sum().item(), 5) == 5
