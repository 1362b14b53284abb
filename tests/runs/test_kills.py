"""Processes that are killed, as a power cut does; `benchmarks.kills` kills many more."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch

from aeviz.runs import store
from benchmarks import killing
from benchmarks.killing import Nursery


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_killed_at_any_moment_at_most_an_epoch_is_lost_and_it_goes_on_to_the_same_end(
    runs_dir: Path,
) -> None:
    config, chance = killing.tiny(), random.Random(1)
    with Nursery(runs_dir) as server:
        wanted, taken = killing.undisturbed(server, config)
        for left in islice(killing.kills(server, config, wanted, taken, seed=0), 6):
            assert left.epochs_lost <= 1.0
        killing.go_on_to_the_end(server, store.runs()[0], wanted)

        # and the server itself: its workers notice, save their state, and end
        run = store.create(config.replace(**{"training.epochs": 10_000}))
        left = killing.lose_server(server, run, after=chance.uniform(0.0, taken))
        assert (left.phase, run.status.phase) == ("stopped", "stopped")
        assert left.epochs_lost <= 1.0


def test_what_a_killed_server_left_goes_on_under_the_next_one(runs_dir: Path) -> None:
    config = killing.tiny(epochs=2)
    run = store.create(config)
    with Nursery(runs_dir) as server:
        wanted, taken = killing.undisturbed(server, config)
        killing.lose_server(server, run, after=taken / 3)
    with Nursery(runs_dir) as another:
        killing.go_on_to_the_end(another, run, wanted)
