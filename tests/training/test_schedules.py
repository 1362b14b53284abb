from __future__ import annotations

import pytest

from aeviz.config import RunConfig
from aeviz.errors import UserError
from aeviz.training.schedules import beta_at


def beta(cycles: int, warmup: float, progress: float) -> float:
    config = RunConfig().replace(**{"loss.beta": 4.0, "loss.cycles": cycles, "loss.warmup": warmup})
    return beta_at(config, progress)


@pytest.mark.parametrize(
    ("progress", "wanted"),
    # four cycles of a quarter each; in each beta rises for an eighth of the training
    [(0, 0), (1 / 16, 2), (1 / 8, 4), (3 / 16, 4), (1 / 4, 0), (5 / 16, 2), (3 / 8, 4), (1 / 2, 0),
     (3 / 4, 0), (25 / 32, 1), (7 / 8, 4), (1, 4)],
)  # fmt: skip
def test_beta_in_cycles_by_hand(progress: float, wanted: float) -> None:
    assert beta(4, 0.5, progress) == pytest.approx(wanted)


def test_a_cycle_that_rises_all_the_way_is_a_saw() -> None:
    steps = [beta(2, 1.0, step / 10) for step in range(11)]
    assert steps == pytest.approx([0, 0.8, 1.6, 2.4, 3.2, 0, 0.8, 1.6, 2.4, 3.2, 4])


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.7, 1.0])
def test_one_cycle_is_a_warm_up(warmup: float) -> None:
    for step in range(21):
        share = step / 20
        assert beta(1, warmup, share) == 4.0 * min(1.0, share / warmup if warmup else 1.0)


def test_beta_may_fall_from_a_larger_value() -> None:
    config = RunConfig().replace(
        **{"loss.beta": 1.5, "loss.beta_start": 8.0, "loss.warmup": 0.8, "loss.cycles": 1}
    )
    shares = [0.0, 0.4, 0.8, 0.9, 1.0]
    assert [beta_at(config, share) for share in shares] == pytest.approx([8, 4.75, 1.5, 1.5, 1.5])


def test_cycles_in_which_nothing_rises_are_a_sentence() -> None:
    with pytest.raises(UserError) as caught:
        beta(4, 0.0, 0.0)
    assert caught.value.key == "loss.warmup"
