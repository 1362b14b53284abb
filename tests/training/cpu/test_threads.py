"""How many threads a training gets."""

from __future__ import annotations

import pytest

from aeviz.config import RunConfig
from aeviz.training.cpu.threads import threads


@pytest.mark.parametrize(
    ("kind", "cores", "slots", "number"),
    [
        ("dense", 1, 1, 1),
        ("dense", 2, 1, 1),
        ("dense", 4, 1, 3),
        ("dense", 8, 2, 3),
        ("conv", 1, 1, 1),
        ("conv", 2, 1, 2),
        ("conv", 8, 2, 4),
        ("conv", 2, 4, 1),
    ],
)
def test_a_dense_network_leaves_a_processor_to_the_server(
    config: RunConfig, kind: str, cores: int, slots: int, number: int
) -> None:
    config = config.replace(**{"network.kind": kind})
    assert threads(config, cores, slots) == number
