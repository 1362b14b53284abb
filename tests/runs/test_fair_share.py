from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from aeviz.runs.fair_share import Ticket, order


def queue(text: str) -> list[Ticket]:
    """ "A B A": the tickets of A, B and A, in the order in which they came."""
    return [Ticket(came, f"{owner}{came}", owner) for came, owner in enumerate(text.split())]


def owners(tickets: list[Ticket]) -> str:
    return " ".join(ticket.owner for ticket in tickets)


def test_a_run_that_was_moved_up_is_next() -> None:
    assert owners(order(queue("A B C"), ["C"], {}, first={"C2"})) == "C A B"


def test_ten_runs_of_one_person_do_not_keep_anothers_first_waiting() -> None:
    assert owners(order(queue("A A A A A A A A A A B"), ["A"], {"A": 5.0})) == (
        "B A A A A A A A A A A"
    )


def test_people_take_turns_and_each_ones_runs_keep_their_order() -> None:
    found = order(queue("A A A B B C"), [], {})
    assert owners(found) == "A B C A B A"
    assert [ticket.run for ticket in found if ticket.owner == "A"] == ["A0", "A1", "A2"]


def test_without_others_it_is_first_come_first_served() -> None:
    waiting = queue("A A A")
    assert order(reversed(waiting), ["A"], {"A": 1.0}) == waiting


def test_who_trains_already_waits_for_those_who_do_not() -> None:
    assert owners(order(queue("A B"), ["A"], {"A": 1.0, "B": 2.0})) == "B A"


def test_among_equals_the_one_whose_turn_was_longest_ago_is_next() -> None:
    assert owners(order(queue("A B C"), [], {"A": 3.0, "B": 1.0, "C": 2.0})) == "B C A"
    assert owners(order(queue("A B C"), [], {"A": 3.0, "B": 1.0})) == "C B A"


def test_runs_of_nobody_are_those_of_one_person() -> None:
    nobody = [Ticket(came, f"n{came}", "") for came in range(3)]
    assert owners(order([*nobody, Ticket(9, "b", "B")], [""], {"": 1.0})) == "B   "


people = st.sampled_from("ABCDE")


@given(st.lists(people, max_size=30), st.lists(people, max_size=6), st.data())
def test_nobodys_first_run_waits_for_more_than_one_of_each_other_person(
    came: list[str], training: list[str], data: st.DataObject
) -> None:
    turns = data.draw(st.dictionaries(people, st.floats(1, 100)))
    waiting = queue(" ".join(came))
    found = order(data.draw(st.permutations(waiting)), training, turns)
    assert sorted(found) == waiting
    for owner in set(came) - set(training):
        ahead = Counter(owners(found).split()[: owners(found).split().index(owner)])
        assert not ahead or max(ahead.values()) == 1


@given(st.lists(st.tuples(st.integers(0, 40), people), min_size=1, max_size=40), st.integers(1, 3))
def test_nor_while_the_queue_moves_on(arrivals: list[tuple[int, str]], slots: int) -> None:
    """Runs arrive over time and train for a few ticks each; a person with one run in the queue and
    none training gets a turn before anybody gets two."""
    coming = sorted((at, number, owner) for number, (at, owner) in enumerate(arrivals))
    waiting: list[Ticket] = []
    training: list[tuple[int, str]] = []  # until when, and whose
    turns: dict[str, float] = {}
    since: dict[str, Counter[str]] = {}  # whose first run waits, and the turns of others meanwhile
    for now in range(400):
        training = [(end, owner) for end, owner in training if end > now]
        while coming and coming[0][0] <= now:
            _, number, owner = coming.pop(0)
            if owner not in [o for _, o in training] + [t.owner for t in waiting]:
                since[owner] = Counter()
            waiting.append(Ticket(number, f"{owner}{number}", owner))
        while waiting and len(training) < slots:
            ticket = order(waiting, [owner for _, owner in training], turns)[0]
            waiting.remove(ticket)
            training.append((now + 1 + ticket.came % 5, ticket.owner))
            turns[ticket.owner] = 1.0 + len(arrivals) - len(coming) + now
            since.pop(ticket.owner, None)
            for others in since.values():
                others[ticket.owner] += 1
                assert others[ticket.owner] == 1
    assert not waiting
    assert not coming
