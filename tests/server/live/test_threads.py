import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from live_models import loaded

from aeviz.server.live.computer import ModelComputer
from aeviz.server.live.threads import FrameBudgetComputer


def in_a_thread(work: Callable[[], object]) -> None:
    """Runs `work` in a separate thread, because the number of threads is set per thread."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


def test_short_passes_run_on_one_thread_and_long_ones_on_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: list[int] = []

    def decode(self: ModelComputer, codes: np.ndarray) -> np.ndarray:
        used.append(torch.get_num_threads())
        return np.zeros((len(codes), 8, 8, 1), np.uint8)

    def drag() -> None:
        torch.set_num_threads(3)
        computer = FrameBudgetComputer(loaded().model)
        computer.warm_up()
        computer._row_seconds = 1e-3
        used.clear()
        for rows in (1, 16, 17, 200, 16):
            computer.decode(np.zeros((rows, 3), np.float32))

    before = torch.get_num_threads()
    monkeypatch.setattr(ModelComputer, "decode", decode)
    in_a_thread(drag)
    # A frame of the screen, 16.7 ms, holds 16 rows of a millisecond.
    assert used == [1, 1, 3, 3, 1]
    assert torch.get_num_threads() == before
    torch.set_num_threads(before)


def test_other_threads_keep_theirs_whether_they_run_already_or_start_later() -> None:
    seen: list[int] = []

    def drag() -> None:
        torch.set_num_threads(3)
        FrameBudgetComputer(loaded().model).warm_up()
        in_a_thread(lambda: seen.append(torch.get_num_threads()))

    before = torch.get_num_threads()
    in_a_thread(drag)
    assert seen == [3]
    assert torch.get_num_threads() == before
    torch.set_num_threads(before)  # for the threads of later tests


def test_warming_up_learns_what_a_row_takes() -> None:
    computer = FrameBudgetComputer(loaded().model)
    in_a_thread(computer.warm_up)
    assert computer._row_seconds > 0
