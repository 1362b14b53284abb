"""The links to a result's networks."""

from __future__ import annotations

from aeviz.ui.lab.networks import in_order


def test_names_are_in_order_of_their_numbers_within_each_kind() -> None:
    names = ["linear, 32 numbers", "linear, 8 numbers", "AE", "linear, 128 numbers"]
    assert in_order(names) == ["linear, 8 numbers", *names[::3], "AE"]
    assert in_order(["beta 1", "beta 0", "beta 0.1"]) == ["beta 0", "beta 0.1", "beta 1"]
