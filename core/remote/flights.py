"""Which attempts are away, on which machine, and what silence means; no broker, no clock, no thread.

Everything that is heard goes in with the time at which it was heard, by a clock that only rises; what is to
be done about it comes out. An attempt that is not in here is over: whatever is still said of it changes
nothing. That is the fence which keeps a machine that was frozen, and comes back, from doing harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, TypeAlias

from core.remote.cluster import Machine

_KEPT: Final = 60.0  # seconds that a machine which is not heard of any more stays in the list
_MISSES: Final = 2  # answers in a row that do not name an attempt, after which it is lost
_MOST_SENDS: Final = 4  # times that an attempt is sent, after which it costs one
_JUMP: Final = 3.0  # seconds between two looks, beyond which it was us who did not listen


@dataclass(frozen=True, slots=True)
class Limits:
    """How long is waited for what, in seconds."""

    gone: float = 10.0  # until a machine that is not heard of is gone
    resend: float = 5.0  # until what no free machine has begun is sent once more
    away: float = 120.0  # until attempts are given up, as the broker does not come back


@dataclass(frozen=True, slots=True)
class Here:
    """What a machine answers when it is asked who is there."""

    node: str  # unique to one start of one worker
    name: str  # of the machine, for people
    slots: int
    running: frozenset[str]  # the ids of the attempts that it has, of all queues
    done: int = 0
    rate: float = 0.0
    version: str = ""
    folders: Mapping[str, str] = field(default_factory=dict)  # as in `Machine`; what is not checked yet lacks


@dataclass(frozen=True, slots=True)
class Lost:
    """The attempt has ended with its machine, and counts."""

    id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Returned:
    """Nobody has begun the attempt, or whoever had it gave it back: it is as if it had not been."""

    id: str


@dataclass(frozen=True, slots=True)
class Resend:
    """The attempt is to be sent once more, under the same id."""

    id: str


Event: TypeAlias = Lost | Returned | Resend


class Heard(Enum):
    """What a reply means."""

    STALE = auto()  # nothing: the attempt is over
    TAKEN = auto()  # a machine has begun it
    ALREADY = auto()  # that is known
    TWICE = auto()  # another machine has it already: this one is to leave it
    OURS = auto()  # it is of the machine that has the attempt
    RESEND = auto()  # it is to be sent once more


@dataclass(slots=True)
class _Flight:
    sent: float | None = None  # when the broker had it; None while it is on its way there
    sends: int = 1
    node: str = ""  # that has begun it
    misses: int = 0


@dataclass(slots=True)
class _Node:
    here: Here
    heard: float


class Flights:
    """The attempts that are away, and the machines that have them."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._flights: dict[str, _Flight] = {}
        self._nodes: dict[str, _Node] = {}
        self._names: dict[str, str] = {}  # of nodes, as they are shown, also of those that are gone
        self._looked: float | None = None
        self._up = False
        self._since = 0.0  # when the broker was lost, or found

    def __contains__(self, flight: str) -> bool:
        return flight in self._flights

    def __len__(self) -> int:
        return len(self._flights)

    # -- what we do ---------------------------------------------------------------------------------------

    def send(self, flight: str) -> None:
        """Note that an attempt is on its way to the broker."""
        assert flight not in self._flights, "an attempt has one flight"
        self._flights[flight] = _Flight()

    def sent(self, flight: str, now: float) -> None:
        """Note that the broker has it."""
        found = self._flights.get(flight)
        if found is not None:
            found.sent = now

    def end(self, flight: str) -> bool:
        """Forget an attempt, which is over by this; return whether it was away."""
        return self._flights.pop(flight, None) is not None

    def node_of(self, flight: str) -> str:
        """Return the node that has begun an attempt; "" for none that is known."""
        found = self._flights.get(flight)
        return "" if found is None else found.node

    # -- what is heard ------------------------------------------------------------------------------------

    def started(self, flight: str, node: str) -> Heard:
        """Hear that a node has begun an attempt."""
        found = self._flights.get(flight)
        if found is None:
            return Heard.STALE
        if found.node:
            return Heard.ALREADY if found.node == node else Heard.TWICE
        found.node, found.misses = node, 0
        return Heard.TAKEN

    def said(self, flight: str, node: str) -> Heard:
        """Hear anything else of a node about an attempt; the first one to speak of it has begun it."""
        heard = self.started(flight, node)
        return Heard.OURS if heard in (Heard.TAKEN, Heard.ALREADY) else heard

    def redelivered(self, flight: str) -> Heard:
        """Hear that the broker gave out an attempt a second time, which nobody then ran.

        The machine that had it has lost the broker, or has ended. If it had begun, its next answer tells, or
        its silence.
        """
        found = self._flights.get(flight)
        if found is None:
            return Heard.STALE
        return Heard.ALREADY if found.node else self._again(found)

    def here(self, answer: Here, now: float) -> list[Event]:
        """Hear who is there. Answers and replies of one node come in the order in which it gave them.

        So what it neither names nor has told the end of, it has lost.
        """
        if answer.node not in self._nodes:
            self._drop_silent(answer.name, now)
            self._names.setdefault(answer.node, self._free_name(answer.name))
        self._nodes[answer.node] = _Node(answer, now)
        events: list[Event] = []
        for flight, found in list(self._flights.items()):
            if found.node != answer.node:
                if not found.node and flight in answer.running:
                    found.node = answer.node  # its word that it has begun was lost
                continue
            found.misses = 0 if flight in answer.running else found.misses + 1
            if found.misses >= _MISSES:
                events.append(
                    self._lose(flight, f"{self.name_of(answer.node)} does not know of it any more.")
                )
        return events

    def left(self, node: str) -> list[Event]:
        """Hear that a machine ends in order: what it had, it has given back or has told the end of."""
        self._nodes.pop(node, None)
        return [
            self._lose(flight, f"{self.name_of(node)} was shut down.")
            for flight, found in list(self._flights.items())
            if found.node == node
        ]

    def link(self, up: bool, now: float) -> None:
        """Hear that the broker is reached, or is not."""
        if up != self._up:
            self._up, self._since = up, now
            for node in self._nodes.values():
                node.heard = max(node.heard, now) if up else node.heard  # all get the time to be heard again
            for flight in self._flights.values():  # and to tell once more what the broker may have lost
                flight.sent = max(flight.sent, now) if up and flight.sent is not None else flight.sent

    def look(self, now: float, waiting: int | None) -> list[Event]:
        """Say what the silence since the last look means; to be called about once a second.

        waiting: how many attempts the broker keeps for whoever is free; None when that is not known.
        """
        gap = 0.0 if self._looked is None else now - self._looked
        self._looked = now
        if gap > _JUMP:  # this machine slept, or its loop was held up: nobody else is to blame
            self._since += gap
            for node in self._nodes.values():
                node.heard += gap
            for flight in self._flights.values():
                flight.sent = None if flight.sent is None else flight.sent + gap
        if not self._up:
            return self._given_up(now)
        for name in [name for name, node in self._nodes.items() if now - node.heard > _KEPT]:
            del self._nodes[name]
            self._names.pop(name, None)
        return self._gone(now) + self._not_begun(now, waiting)

    def _given_up(self, now: float) -> list[Event]:
        if now - self._since < self._limits.away:
            return []
        return [
            self._lose(flight, "The broker did not come back in time.")
            if found.node
            else self._return(flight)
            for flight, found in list(self._flights.items())
        ]

    def _gone(self, now: float) -> list[Event]:
        there = {node.here.node for node in self._there(now)}
        return [
            self._lose(
                flight, f"{self.name_of(found.node)} was not heard of for {self._limits.gone:g} seconds."
            )
            for flight, found in list(self._flights.items())
            if found.node and found.node not in there and now - self._since > self._limits.gone
        ]

    def _not_begun(self, now: float, waiting: int | None) -> list[Event]:
        idle = [
            (flight, found)
            for flight, found in self._flights.items()
            if not found.node and found.sent is not None and now - found.sent > self._limits.resend
        ]
        if not idle:
            return []
        if not self._there(now):
            if now - self._since <= self._limits.gone:
                return []  # the broker has just come back, and the machines with it
            return [self._return(flight) for flight, _ in idle]
        begun = sum(1 for found in self._flights.values() if found.node)
        if waiting != 0 or begun >= self.slots(now):
            return []  # it is there, and its turn will come
        events: list[Event] = []
        for flight, found in idle:
            if self._again(found) is Heard.RESEND:
                events.append(Resend(flight))
            else:
                events.append(self._lose(flight, "No machine began it, however often it was sent."))
        return events

    def _again(self, found: _Flight) -> Heard:
        if found.sends >= _MOST_SENDS:
            return Heard.STALE
        found.sends, found.sent = found.sends + 1, None
        return Heard.RESEND

    def too_often(self, flight: str) -> Lost:
        """End an attempt that was given out again and again; it counts: it may be what ends the machines."""
        return self._lose(flight, "The machines that the broker gave it to ended, again and again.")

    def _lose(self, flight: str, sentence: str) -> Lost:
        del self._flights[flight]
        return Lost(flight, sentence)

    def _return(self, flight: str) -> Returned:
        del self._flights[flight]
        return Returned(flight)

    # -- what is known ------------------------------------------------------------------------------------

    def _there(self, now: float) -> list[_Node]:
        return [node for node in self._nodes.values() if now - node.heard <= self._limits.gone]

    def slots(self, now: float, share: str = "") -> int:
        """Return the slots of the machines that are there; of those alone that have a shared folder."""
        if not self._up:
            return 0
        return sum(
            node.here.slots for node in self._there(now) if not share or node.here.folders.get(share) == ""
        )

    def name_of(self, node: str) -> str:
        """Return the name of a machine, for people."""
        return self._names.get(node) or node.rpartition("@")[2] or "The machine"

    def machines(self, now: float) -> tuple[Machine, ...]:
        """Return the machines that were heard of in the last minute, by name."""
        listed = [
            Machine(
                self.name_of(node.here.node), node.here.slots, len(node.here.running), node.here.done,
                node.here.rate, max(now - node.heard, 0.0), node.here.version, node.here.folders,
            )
            for node in self._nodes.values()
        ]  # fmt: skip
        return tuple(sorted(listed, key=lambda machine: machine.name))

    def _drop_silent(self, name: str, now: float) -> None:
        """Forget a machine that is gone when one of its name comes: it is the same one, started anew."""
        for node, known in list(self._nodes.items()):
            if self._names.get(node) == name and now - known.heard > self._limits.gone:
                del self._nodes[node], self._names[node]

    def _free_name(self, name: str) -> str:
        taken = {self._names.get(node) for node in self._nodes}
        return next(one for one in _numbered(name) if one not in taken)


def _numbered(name: str) -> Iterable[str]:
    yield name
    number = 2
    while True:
        yield f"{name} {number}"
        number += 1
