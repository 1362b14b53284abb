"""The time of a session, and its end by a signal."""

from __future__ import annotations

import os
import signal

import pytest

from benchmarks.gpu.clock import Clock, stopped_by_signals


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_share_ends_with_its_time_or_with_the_session() -> None:
    now = Time()
    clock = Clock(60, now=now)
    first = clock.share(40)
    assert (first.left(), first.progress, first.over) == (40, 0, False)
    now.seconds += 30
    assert (first.left(), first.progress, clock.left()) == (10, 0.75, 30)
    second = clock.share(100)
    assert second.seconds == 30
    now.seconds += 10
    assert first.over
    assert not second.over
    now.seconds += 20
    assert second.over
    assert second.progress == 1


def test_a_share_goes_on_from_what_was_spent() -> None:
    now = Time()
    share = Clock(60, now=now).share(40, spent=30)
    assert (share.spent(), share.left(), share.progress) == (30, 10, 0.75)
    assert Clock(5, now=now).share(40, spent=30).seconds == 35


def test_what_stops_the_clock_ends_all_shares() -> None:
    clock = Clock(60)
    share = clock.share(40)
    clock.stop()
    assert share.over
    assert clock.left() == 0


def test_a_first_signal_stops_the_clock_and_a_second_interrupts() -> None:
    clock = Clock(60)
    before = signal.getsignal(signal.SIGTERM)
    with stopped_by_signals(clock):
        os.kill(os.getpid(), signal.SIGTERM)
        assert clock.stopped
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before
