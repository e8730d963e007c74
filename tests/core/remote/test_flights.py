"""What is away and what silence means: stories of one attempt each, and any order of all that can happen."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.remote.flights import Event, Flights, Heard, Here, Limits, Lost, Resend, Returned

LIMITS = Limits(gone=10, resend=5, away=120)


def here(node: str, *running: str, slots: int = 2) -> Here:
    return Here(node, node.rpartition("@")[2], slots, frozenset(running))


@pytest.fixture
def flights() -> Flights:
    flights = Flights(LIMITS)
    flights.link(True, 0)
    flights.here(here("1@attic"), 0)
    flights.send("a")
    flights.sent("a", 0)
    return flights


def looks(flights: Flights, start: int, end: int, waiting: int | None = 0, **heard: str) -> list[Event]:
    """Look once a second; `heard` are the nodes that answer each time, with what they run."""
    events: list[Event] = []
    for now in range(start, end):
        for name, running in heard.items():
            events += flights.here(here(f"1@{name}", *running.split()), now)
        events += flights.look(now, waiting)
    return events


def test_a_machine_that_falls_silent_costs_its_attempt_and_what_it_says_later_is_stale(
    flights: Flights,
) -> None:
    assert flights.started("a", "1@attic") is Heard.TAKEN
    assert looks(flights, 0, 11) == []
    (lost,) = looks(flights, 11, 12)
    assert lost == Lost("a", "attic was not heard of for 10 seconds.")
    assert flights.slots(11) == 0
    assert flights.here(here("1@attic", "a"), 40) == []
    assert flights.said("a", "1@attic") is Heard.STALE
    assert flights.slots(40) == 2


def test_a_machine_that_does_not_know_of_its_attempt_any_more_has_lost_it(flights: Flights) -> None:
    flights.started("a", "1@attic")
    assert flights.here(here("1@attic", "a"), 1) == []
    assert flights.here(here("1@attic"), 2) == []
    assert flights.here(here("1@attic"), 3) == [Lost("a", "attic does not know of it any more.")]


def test_what_nobody_begins_is_sent_again_but_not_while_it_waits_for_its_turn(flights: Flights) -> None:
    assert looks(flights, 0, 30, waiting=1, attic="") == []
    assert looks(flights, 30, 31, waiting=0, attic="") == [Resend("a")]
    assert looks(flights, 31, 60, waiting=0, attic="") == []  # it is on its way to the broker


def test_what_is_given_out_again_and_again_ends_and_counts(flights: Flights) -> None:
    heard = [flights.redelivered("a") for _ in range(4)]
    assert heard == [Heard.RESEND] * 3 + [Heard.STALE]
    assert isinstance(flights.too_often("a"), Lost)
    flights.send("b")
    flights.started("b", "1@attic")
    assert flights.redelivered("b") is Heard.ALREADY


def test_what_nobody_has_begun_goes_back_for_nothing_when_all_machines_are_gone(flights: Flights) -> None:
    assert looks(flights, 0, 11) == [Resend("a")]
    flights.sent("a", 11)
    assert looks(flights, 11, 18) == [Returned("a")]


def test_while_the_broker_is_away_what_runs_is_kept_and_then_found_again(flights: Flights) -> None:
    flights.started("a", "1@attic")
    flights.link(False, 1)
    assert flights.slots(1) == 0
    assert looks(flights, 1, 100) == []
    flights.link(True, 100)
    assert looks(flights, 100, 105) == []
    assert looks(flights, 105, 200, attic="a") == []
    assert "a" in flights


def test_what_ended_while_the_broker_was_away_has_the_time_to_be_told_of(flights: Flights) -> None:
    """Its machine was never heard of it, and may have to tell of it once more: it is not to be made twice."""
    flights.send("b")
    flights.sent("b", 1)
    flights.link(False, 2)
    assert looks(flights, 2, 100) == []
    flights.link(True, 100)
    assert looks(flights, 100, 104, attic="a") == []
    assert flights.said("b", "1@attic") is Heard.OURS


def test_a_broker_that_stays_away_gives_up_what_runs_and_returns_the_rest(flights: Flights) -> None:
    flights.send("b")
    flights.started("a", "1@attic")
    flights.link(False, 1)
    events = looks(flights, 1, 130)
    assert {type(event): event.id for event in events} == {Lost: "a", Returned: "b"}


def test_only_the_machine_that_began_first_has_an_attempt(flights: Flights) -> None:
    flights.started("a", "1@attic")
    assert flights.started("a", "1@attic") is Heard.ALREADY
    assert flights.started("a", "2@cellar") is Heard.TWICE
    assert flights.said("a", "2@cellar") is Heard.TWICE
    assert flights.said("a", "1@attic") is Heard.OURS


def test_a_machine_that_died_and_was_started_again_is_the_same_to_people(flights: Flights) -> None:
    flights.here(here("2@attic"), 5)
    assert [machine.name for machine in flights.machines(5)] == ["attic", "attic 2"]
    flights.here(here("3@attic"), 11)  # the first is gone by now
    assert [machine.name for machine in flights.machines(11)] == ["attic", "attic 2"]
    assert flights.name_of("3@attic") == "attic"


def test_a_machine_that_slept_itself_blames_nobody(flights: Flights) -> None:
    flights.started("a", "1@attic")
    flights.look(1, 0)
    assert flights.look(500, 0) == []
    assert flights.here(here("1@attic", "a"), 501) == []


def test_machines_of_one_name_are_told_apart(flights: Flights) -> None:
    flights.here(here("2@attic"), 0)
    assert [machine.name for machine in flights.machines(0)] == ["attic", "attic 2"]
    assert looks(flights, 0, 70, attic="") != []
    assert [machine.name for machine in flights.machines(70)] == ["attic"]


NODES = ("1@attic", "2@cellar")
FLIGHTS = ("a", "b", "c")


class AnyOrder(RuleBasedStateMachine):
    """Whatever comes in whatever order: each attempt ends once, and nothing said later changes that."""

    def __init__(self) -> None:
        super().__init__()
        self.flights = Flights(LIMITS)
        self.now = 0.0
        self.away: set[str] = set()
        self.node: dict[str, str] = {}
        self.sends: dict[str, int] = {}

    def happen(self, events: list[Event]) -> None:
        for event in events:
            assert event.id in self.away, "it ended twice"
            if isinstance(event, Resend):
                self.sends[event.id] += 1
                assert event.id not in self.node, "what has begun is never sent again"
            else:
                if isinstance(event, Returned):
                    assert event.id not in self.node, "what has begun counts"
                self.over(event.id)

    def over(self, flight: str) -> None:
        self.away.discard(flight)
        self.node.pop(flight, None)

    @rule(flight=st.sampled_from(FLIGHTS))
    def send(self, flight: str) -> None:
        if flight not in self.away:
            self.flights.send(flight)
            self.away.add(flight)
            self.sends[flight] = 1

    @rule(flight=st.sampled_from(FLIGHTS))
    def sent(self, flight: str) -> None:
        self.flights.sent(flight, self.now)

    @rule(flight=st.sampled_from(FLIGHTS), node=st.sampled_from(NODES))
    def started(self, flight: str, node: str) -> None:
        heard = self.flights.started(flight, node)
        if flight not in self.away:
            assert heard is Heard.STALE
        else:
            first = self.node.setdefault(flight, node)
            assert (heard is Heard.TWICE) == (first != node)

    @rule(flight=st.sampled_from(FLIGHTS), node=st.sampled_from(NODES))
    def ended(self, flight: str, node: str) -> None:
        heard = self.flights.said(flight, node)
        assert (heard is Heard.STALE) == (flight not in self.away)
        if heard is Heard.OURS:
            assert self.node.get(flight, node) == node
            assert self.flights.end(flight)
            self.over(flight)
        else:
            assert self.node.get(flight) != node or flight not in self.away

    @rule(flight=st.sampled_from(FLIGHTS))
    def redelivered(self, flight: str) -> None:
        heard = self.flights.redelivered(flight)
        if heard is Heard.RESEND:
            self.sends[flight] += 1
        elif heard is Heard.STALE and flight in self.away:
            self.happen([self.flights.too_often(flight)])

    @rule(node=st.sampled_from(NODES), running=st.frozensets(st.sampled_from(FLIGHTS)))
    def answers(self, node: str, running: frozenset[str]) -> None:
        self.happen(self.flights.here(Here(node, node, 2, running), self.now))
        for flight in running & self.away:
            self.node.setdefault(flight, self.flights.node_of(flight))

    @rule(node=st.sampled_from(NODES))
    def leaves(self, node: str) -> None:
        self.happen(self.flights.left(node))

    @rule(up=st.booleans())
    def link(self, up: bool) -> None:
        self.flights.link(up, self.now)

    @rule(seconds=st.sampled_from((0.5, 1.0, 2.0, 40.0)), waiting=st.sampled_from((None, 0, 1)))
    def look(self, seconds: float, waiting: int | None) -> None:
        self.now += seconds
        self.happen(self.flights.look(self.now, waiting))

    @precondition(lambda self: self.away)
    @rule()
    def silence_for_long(self) -> None:
        """Everything ends when nothing is heard for long enough; nothing waits for ever."""
        self.flights.link(True, self.now)
        for flight in self.away:
            self.flights.sent(flight, self.now)
        for _ in range(200):
            self.now += 1
            events = self.flights.look(self.now, 0)
            self.happen(events)
            for event in events:
                self.flights.sent(event.id, self.now)
        assert not self.away

    @invariant()
    def nothing_is_sent_for_ever(self) -> None:
        assert set(self.away) == {flight for flight in FLIGHTS if flight in self.flights}
        assert all(number <= 4 for number in self.sends.values())


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
