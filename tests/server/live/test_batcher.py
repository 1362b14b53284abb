import queue
import time
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from live_models import GatedComputer

from aeviz.server.live.batcher import PASS_ROWS, Batcher, Client, Failure, Reply
from aeviz.server.live.protocol import HEADER, Op, Request
from aeviz.server.live.stats import Stats


class Bench:
    """A batcher with a computer that waits for the test, and the replies it gave."""

    def __init__(self) -> None:
        self.computer = GatedComputer()
        self.stats = Stats()
        self.replies: queue.Queue[Reply] = queue.Queue()
        self.batcher = Batcher(self.computer, self.deliver, self.stats)

    def deliver(self, replies: Sequence[Reply]) -> None:
        for reply in replies:
            self.replies.put(reply)

    def ask(self, client: Client, number: int, rows: int = 1) -> None:
        """Requests `rows` codes that are all `number`, with this number as id."""
        codes = np.full((rows, 2), number, np.float32)
        self.batcher.submit(client, Request(number, Op.DECODE, codes))

    def hold(self) -> Client:
        """Keeps the thread busy with a separate pass, so that later requests have to wait."""
        client = Client()
        self.ask(client, 99)
        assert self.computer.entered.acquire(timeout=10)
        return client

    def finish(self, count: int) -> list[tuple[Client, int]]:
        """Lets everything run; returns the next `count` replies as (client, id)."""
        self.computer.allowed.release(1000)
        return [self.next() for _ in range(count)]

    def next(self) -> tuple[Client, int]:
        client, reply = self.replies.get(timeout=10)
        assert isinstance(reply, bytes | bytearray)
        return client, HEADER.unpack_from(reply)[0]


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.computer.allowed.release(1000)
    bench.batcher.close()


def test_all_that_waits_is_one_pass(bench: Bench) -> None:
    bench.hold()
    clients = [Client() for _ in range(5)]
    for number, client in enumerate(clients):
        bench.ask(client, number)
    replies = bench.finish(6)
    assert bench.computer.passes == [[99], [0, 1, 2, 3, 4]]
    assert replies[1:] == [(client, number) for number, client in enumerate(clients)]


def test_each_reply_holds_the_pixels_of_its_own_codes(bench: Bench) -> None:
    one, other = Client(), Client()
    bench.hold()
    bench.ask(one, 3, rows=2)
    bench.ask(other, 5, rows=1)
    bench.computer.allowed.release(1000)
    bodies = [bench.replies.get(timeout=10)[1] for _ in range(3)]
    assert [body[HEADER.size :] for body in bodies if isinstance(body, bytearray)][1:] == [
        b"\3\3",
        b"\5",
    ]


def test_requests_of_one_client_are_all_answered_in_order(bench: Bench) -> None:
    bench.hold()
    client = Client()
    for number in range(8):
        bench.ask(client, number)
    assert [number for _, number in bench.finish(9)[1:]] == list(range(8))


def test_a_flood_from_one_client_leaves_the_others_in_the_next_pass(bench: Bench) -> None:
    bench.hold()
    greedy, patient = Client(), Client()
    for number in range(50):
        bench.ask(greedy, number)
    bench.ask(patient, 77)
    bench.finish(52)
    assert 77 in bench.computer.passes[1]


def test_a_grid_of_1024_does_not_hold_up_a_drag(bench: Bench) -> None:
    greedy, dragging = Client(), Client()
    bench.ask(greedy, 1, rows=1024)
    assert bench.computer.entered.acquire(timeout=10)
    first = len(bench.computer.passes)
    bench.ask(dragging, 7)
    bench.computer.allowed.release(1)  # the slice under way
    bench.computer.allowed.release(1)  # the pass after it
    assert bench.next() == (dragging, 7)
    after = bench.computer.passes[first + 1]
    assert after[0] == 7
    assert len(after) < 200
    assert bench.finish(1) == [(greedy, 1)]


def test_a_sliced_grid_comes_back_whole(bench: Bench) -> None:
    client = Client()
    codes = np.arange(1024, dtype=np.float32)[:, None].repeat(2, 1) % 256
    bench.batcher.submit(client, Request(4, Op.DECODE, codes))
    bench.computer.allowed.release(1000)
    _, reply = bench.replies.get(timeout=10)
    assert isinstance(reply, bytes | bytearray)
    assert reply[HEADER.size :] == bytes(range(256)) * 4
    assert len(bench.computer.passes) > 1


def test_grids_of_two_clients_take_turns(bench: Bench) -> None:
    bench.hold()
    one, other = Client(), Client()
    bench.ask(one, 1, rows=1024)
    bench.ask(other, 2, rows=1024)
    bench.finish(3)
    assert [numbers[0] for numbers in bench.computer.passes[1:5]] == [1, 2, 1, 2]


def test_nothing_is_computed_for_a_client_that_has_gone(bench: Bench) -> None:
    bench.hold()
    gone, here = Client(), Client()
    bench.ask(gone, 1)
    bench.ask(gone, 2, rows=500)
    bench.ask(here, 3)
    bench.batcher.forget(gone)
    assert bench.finish(2)[1] == (here, 3)
    assert bench.computer.passes == [[99], [3]]


def test_an_encode_is_answered_with_code_and_pixels(bench: Bench) -> None:
    client = Client()
    image = np.full((1, 2, 2, 1), 0.2, np.float32)
    bench.batcher.submit(client, Request(6, Op.ENCODE, image))
    _, reply = bench.replies.get(timeout=10)
    assert isinstance(reply, bytes | bytearray)
    assert reply == HEADER.pack(6, 1, b"\0\0\0") + np.float32(0.2).tobytes() + b"\x33" * 4


def test_a_failing_model_is_told_to_its_clients_and_the_thread_goes_on(bench: Bench) -> None:
    client = Client()
    decode = bench.computer.decode
    bench.computer.decode = lambda codes: 1 / 0  # type: ignore[assignment,return-value]
    bench.ask(client, 1)
    assert isinstance(bench.replies.get(timeout=10)[1], Failure)
    bench.computer.decode = decode  # type: ignore[method-assign]
    bench.ask(client, 2)
    assert bench.finish(1) == [(client, 2)]


def test_a_pass_is_kept_short_and_a_flood_takes_turns(bench: Bench) -> None:
    bench.hold()
    flood, other = Client(), Client()
    for number in range(PASS_ROWS + 5):
        bench.ask(flood, number)
    bench.ask(other, 7)
    bench.finish(PASS_ROWS + 7)
    first, second = bench.computer.passes[1:]
    assert len(first) == PASS_ROWS
    assert first[:3] == [0, 7, 1], "the second client's turn comes after one request of the first"
    assert len(second) == 6


def test_a_grid_waits_while_drags_fill_the_passes_but_not_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.server.live.batcher.SLICE_PAUSE_SECONDS", 1000.0)
    bench.hold()
    painter, crowd = Client(), [Client() for _ in range(PASS_ROWS + 1)]
    bench.batcher._sliced = time.perf_counter()
    bench.ask(painter, 200, rows=17)
    for client in crowd:
        bench.ask(client, 1)
    bench.finish(PASS_ROWS + 3)
    assert [passed.count(200) for passed in bench.computer.passes[1:]][:2] == [0, 16]


def test_a_grid_gets_its_slice_after_a_while_even_then(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aeviz.server.live.batcher.SLICE_PAUSE_SECONDS", 0.0)
    bench.hold()
    bench.ask(Client(), 200, rows=17)
    for _ in range(PASS_ROWS + 1):
        bench.ask(Client(), 1)
    bench.finish(PASS_ROWS + 3)
    assert bench.computer.passes[1].count(200) == 16
