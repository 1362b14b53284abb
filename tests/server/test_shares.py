"""Shared limits: one for all visitors, and a lower one for each."""

from __future__ import annotations

import asyncio

import pytest
from anyio.from_thread import start_blocking_portal
from starlette.requests import HTTPConnection

from aeviz.limits import Limit
from aeviz.server.shares import Shares
from aeviz.server.visitors import Visitor, visitor

ANN, BEN, CAT = Visitor("ann", "1.1.1.1"), Visitor("ben", "1.1.1.1"), Visitor("cat", "2.2.2.2")


def test_all_one_person_and_one_address_have_their_bounds() -> None:
    shares = Shares(Limit(in_all=10, person=4, address=6))
    assert [shares.take(ANN, amount) for amount in (3, 2, 1)] == [True, False, True]
    assert [shares.take(BEN, amount) for amount in (3, 2)] == [False, True]
    assert [shares.take(CAT, amount) for amount in (5, 4, 1)] == [False, True, False]
    assert shares.taken == 10
    shares.give_back(ANN, 4)
    assert shares.take(ANN, 4)


def test_who_waits_is_served_in_turn_but_nobody_waits_for_a_full_share() -> None:
    async def scene() -> list[str]:
        shares, served = Shares(Limit(in_all=4, person=2)), []

        async def wants(who: Visitor, name: str) -> None:
            await shares.wait(who, 2)
            served.append(name)

        for who, name in ((ANN, "ann 1"), (ANN, "ann 2"), (BEN, "ben 1"), (CAT, "cat 1")):
            asyncio.create_task(wants(who, name))  # noqa: RUF006
            await asyncio.sleep(0)
        assert served == ["ann 1", "ben 1"]
        shares.give_back(BEN, 2)
        await asyncio.sleep(0)
        shares.give_back(ANN, 2)
        await asyncio.sleep(0)
        return served

    with start_blocking_portal() as loop:  # a thread of its own, as the browser tests leave a loop
        assert loop.call(scene) == ["ann 1", "ben 1", "cat 1", "ann 2"]


def test_who_leaves_while_waiting_takes_nothing() -> None:
    async def scene() -> int:
        shares = Shares(Limit(in_all=2, person=2))
        shares.take(ANN, 2)
        waiting = [asyncio.create_task(shares.wait(CAT, 2)) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        shares.give_back(ANN, 2)  # before the first has heard of it
        await asyncio.gather(*waiting, return_exceptions=True)
        assert shares.taken == 2
        shares.give_back(CAT, 2)
        return shares.taken

    with start_blocking_portal() as loop:
        assert loop.call(scene) == 0


@pytest.mark.parametrize("headers", [[], [(b"cookie", b"aeviz-person=short")]])
def test_a_program_without_a_cookie_is_its_address(headers: list[tuple[bytes, bytes]]) -> None:
    scope = {"type": "http", "client": ("10.0.0.5", 1), "headers": headers}
    assert visitor(HTTPConnection(scope)) == Visitor("10.0.0.5", "10.0.0.5")


def test_a_browser_is_known_by_its_cookie_wherever_it_is() -> None:
    pairs = [(b"cookie", b"aeviz-person=" + b"s" * 43)]
    scopes = [
        {"type": "http", "client": (peer, 1), "headers": pairs} for peer in ("1.1.1.1", "2.2.2.2")
    ]
    here, there = (visitor(HTTPConnection(scope)) for scope in scopes)
    assert here.person == there.person
    assert "s" * 43 not in here.person
    assert (here.address, there.address) == ("1.1.1.1", "2.2.2.2")
