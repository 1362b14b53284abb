"""Simulated lack of memory: the batch is halved, with a note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor

from aeviz.config import RunConfig
from aeviz.datasets import Dataset
from aeviz.errors import UserError
from aeviz.models import checkpoint
from aeviz.runs import worker
from aeviz.runs.store import Run
from aeviz.training import batch_size, loop
from tests.runs.test_worker import here as here  # a run on small data, worked on in this process
from tests.training.test_loop import same, trained

Limit = Callable[..., None]


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Limit:
    """Limits memory to batches of this many images, from a step on."""
    original = loop.corrupt

    def set_limit(images: int, steps: int = 0) -> None:
        done = 0

        def corrupt(x: Tensor, *rest: Any) -> Tensor:
            nonlocal done
            done += 1
            if len(x) > images and done > steps:
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")
            return original(x, *rest)

        monkeypatch.setattr(loop, "corrupt", corrupt)

    return set_limit


@pytest.mark.parametrize("times", [0, 1, 4])
def test_the_batch_is_halved_until_memory_suffices(
    here: Callable[..., Run], limit: Limit, config: RunConfig, dataset: Dataset, times: int
) -> None:
    size = 32 >> times
    limit(size)
    run = here()
    worker.work(run)
    status, steps = run.status, 3 * -(-100 // size)
    assert (status.phase, status.step, status.steps) == ("done", steps, steps)
    assert status.note == (
        f"Not enough memory for a batch size of 32; training with {size}." if times else ""
    )
    rows = [row for row in run.metrics() if "validation" in row]
    assert [(row["epoch"], row["step"]) for row in rows] == [
        (epoch, epoch * steps // 3) for epoch in (1, 2, 3)
    ]
    assert run.config == config  # what was asked for
    loaded = checkpoint.load(run.model_path)
    halved = config.replace(**{"training.batch_size": size})
    assert loaded.config == halved
    assert same(dict(loaded.model.state_dict()), dict(trained(halved, dataset).model.state_dict()))


def test_after_four_halvings_it_is_a_sentence(here: Callable[..., Run], limit: Limit) -> None:
    limit(1)
    run = here()
    worker.work(run)
    assert run.status.phase == "failed"
    assert run.status.message == (
        "Not enough memory for this network, even with batches of 2: use a smaller code or "
        "narrower layers."
    )


def test_it_goes_on_from_the_last_epoch_at_the_same_share_of_the_schedule(
    here: Callable[..., Run], limit: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(16, steps=5)  # the second step of the second epoch
    shares: list[float] = []
    original = loop.set_learning_rate

    def watched(optimizer: Any, training: Any, share: float) -> None:
        shares.append(share)
        original(optimizer, training, share)

    monkeypatch.setattr(loop, "set_learning_rate", watched)
    run = here()
    worker.work(run)
    assert shares[:6] == pytest.approx([step / 12 for step in range(6)])
    assert shares[6:] == pytest.approx([step / 21 for step in range(7, 21)])
    assert (run.status.phase, run.status.epoch, run.status.step) == ("done", 3, 21)
    rows = [row for row in run.metrics() if "validation" in row]
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 7), (2, 14), (3, 21)]


def test_a_run_with_halved_batches_resumes_with_them_to_the_same_end(
    here: Callable[..., Run], limit: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(16, steps=5)
    straight = here()
    worker.work(straight)

    limit(16, steps=5)
    broken, on_epoch = here(), worker.Reporter.on_epoch

    def killed_after_two(self: worker.Reporter, result: loop.StepResult) -> None:
        on_epoch(self, result)
        if result.epoch == 2:
            raise SystemExit

    monkeypatch.setattr(worker.Reporter, "on_epoch", killed_after_two)
    with pytest.raises(SystemExit):
        worker.work(broken)
    monkeypatch.setattr(worker.Reporter, "on_epoch", on_epoch)
    limit(32)  # there is enough memory again, but the batch size is kept
    worker.work(broken)
    assert broken.status.note == straight.status.note != ""
    assert (broken.status.phase, broken.status.step) == ("done", 21)
    ends = [dict(checkpoint.load(run.model_path).model.state_dict()) for run in (straight, broken)]
    assert same(*ends)


def test_a_half_that_leaves_batch_norm_one_image_is_left_out(config: RunConfig) -> None:
    def sizes(images: int, most: int = 32, **changes: object) -> list[int]:
        tried = batch_size.batches(config.replace(**changes), images, most)
        return [one.training.batch_size for one in tried]

    assert sizes(100) == [32, 16, 8, 4, 2]
    assert sizes(100, most=8) == [8, 4, 2]
    assert sizes(100, most=4, **{"training.batch_size": 4}) == [4, 2, 1]
    assert sizes(25 * 8 + 1, **{"network.norm": "batch"}) == [32, 16]


def test_another_error_is_not_tried_again(config: RunConfig) -> None:
    tries: list[RunConfig] = []

    def fails(tried: RunConfig) -> None:
        tries.append(tried)
        raise error

    for error in (RuntimeError("sizes do not match"), UserError("The disk is full.")):
        tries.clear()
        with pytest.raises(type(error), match=str(error)):
            batch_size.train(batch_size.batches(config, 100, 32), fails)
        assert len(tries) == 1
