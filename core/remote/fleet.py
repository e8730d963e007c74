"""The machines behind one broker, as their owner sees them: what is sent to them, and what comes of it.

`core.remote.flights` knows what is away and what silence means, `core.remote.line` brings the messages; here
the two meet, on the loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from core.errors import MachineLost
from core.executor import Done, Failed, Outcome, Stopped
from core.job import JobError
from core.remote.cluster import Cluster, Link
from core.remote.flights import Event, Flights, Heard, Here, Limits, Lost, Resend, Returned
from core.remote.line import Ears, Line
from core.remote.orders import PROTOCOL, Order
from core.wire import BadMessage, outcome_from_wire, progress_from_wire

log = logging.getLogger(__name__)

_LOOK_EVERY: Final = 0.5  # seconds
_CALM: Final = 1.5  # seconds of silence after which a broker has given out what it kept for us
_LONGEST_TICKET: Final = 1_000  # characters
_OTHER_VERSION: Final = "It has another version of Image Queue, and is given nothing."


@dataclass(frozen=True, slots=True)
class Made:
    """A machine has made it: what `core.imaging.delivery.unpacked` takes."""

    message: Mapping[str, Any]
    ticket: str = ""  # that went with its order


@dataclass(frozen=True, slots=True)
class NotMade:
    """A machine cannot run it, and says why; another one, or this one, may."""

    sentence: str


Homecoming: TypeAlias = Made | NotMade | Outcome
"""How a flight ended; `Stopped` when it is as if it had not been."""


@dataclass(slots=True, eq=False)
class _Away:
    order: Order
    home: asyncio.Future[Homecoming]
    taken: Callable[[str], None]
    progress: Callable[[float], None]


@dataclass(slots=True, eq=False)
class _Delivery:
    """A message with replies; the broker may forget it when all ends in it are kept elsewhere."""

    message: Any
    open: set[str] = field(default_factory=set)


class Fleet:
    """The machines behind one broker, from `start` to `close`.

    changed: is called on the loop when the slots, the machines or the link have changed. stale: gets what a
    machine has made of an attempt that is over.
    """

    def __init__(
        self, url: str, reply_to: str, limits: Limits, ask_every: float,
        changed: Callable[[], None], stale: Callable[[list[Mapping[str, Any]]], None],
    ) -> None:  # fmt: skip
        self.reply_to = reply_to
        self.link, self.sentence = Link.CONNECTING, ""
        self._changed = changed
        self._stale = stale
        self._flights = Flights(limits)
        ears = Ears(self._on_link, self._on_waiting, self._on_replies)
        self._line = Line(url, reply_to, ears, ask_every)
        self._waiting: int | None = None
        self._heard = 0.0  # when anything of an attempt was said last, or the link has changed
        self._away: dict[str, _Away] = {}
        self._deliveries: dict[str, _Delivery] = {}
        self._awaited: dict[str, asyncio.Future[Homecoming]] = {}
        self._left: set[str] = set()  # flights of which nothing is heard any more
        self._shared: frozenset[str] = frozenset()
        self._ticking: asyncio.Task[None] | None = None

    def start(self, tokens: Mapping[str, list[str]]) -> None:
        """Begin to connect; tokens: what machines are to find in the shared folders, by their names."""
        self._shared = frozenset(tokens)
        self._line.set_tokens(tokens)
        self._line.start()
        self._ticking = asyncio.create_task(self._tick(), name="machines")

    async def close(self) -> None:
        """Give up what is away, as if it had not been, and end the line."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait([self._ticking])
        for flight in list(self._away):
            self.end(flight)
        await self._line.close()

    # -- what is known ------------------------------------------------------------------------------------

    def slots(self, share: str = "") -> int:
        """Return the slots that can be given something; of those machines alone that have a shared folder."""
        return self._flights.slots(time.monotonic(), share)

    def cluster(self) -> Cluster:
        """Return how it stands."""
        return Cluster(self.link, self.sentence, self._flights.machines(time.monotonic()))

    # -- attempts -----------------------------------------------------------------------------------------

    async def fly(
        self, flight: str, order: Order, taken: Callable[[str], None], progress: Callable[[float], None]
    ) -> Homecoming:
        """Send an attempt away, and return what comes of it.

        taken: is told the name of the machine that has begun it. If the caller is cancelled, it is given up.
        """
        self.kept(flight)  # that it was not made in another way has had its effect
        away = _Away(order, asyncio.get_running_loop().create_future(), taken, progress)
        self._away[flight] = away
        self._flights.send(flight)
        self._line.send(flight, order)
        try:
            return await away.home
        finally:
            if self._away.get(flight) is away:
                self.end(flight)

    def end(self, flight: str) -> None:
        """Give up what is away, as if it had not been; who has it is told, and is not waited for."""
        if flight in self._away:
            self._line.end(flight)
            self._come_home(flight, Stopped())

    def leave(self, flight: str) -> bool:
        """Leave what a machine has begun to it, and what it says of it to the next run of the app.

        Returns whether a machine has begun it, or made it.
        """
        begun = bool(self._flights.node_of(flight)) if flight in self._away else flight in self._deliveries
        if not begun:
            return False
        self._deliveries.pop(flight, None)
        self._left.add(flight)
        self._come_home(flight, Stopped())
        return True

    def kept(self, flight: str) -> None:
        """Hear that the end of an attempt is kept: the broker may forget what it brought of it."""
        delivery = self._deliveries.pop(flight, None)
        if delivery is not None:
            delivery.open.discard(flight)
            if not delivery.open:
                self._line.acknowledge(delivery.message)

    async def drain(self, flights: Iterable[str], seconds: float) -> dict[str, Made]:
        """Return what was made for attempts of an earlier run, as far as it comes within this time.

        The others are given up. What is returned is to be `kept` afterwards.
        """
        loop = asyncio.get_running_loop()
        self._awaited = {flight: loop.create_future() for flight in flights}
        await self._calm(self._awaited.values(), seconds)
        awaited, self._awaited = self._awaited, {}
        for flight, future in awaited.items():
            if not future.done():
                self._line.end(flight)
        ended = {flight: future.result() for flight, future in awaited.items() if future.done()}
        for flight, home in ended.items():
            if not isinstance(home, Made):
                self.kept(flight)
        return {flight: home for flight, home in ended.items() if isinstance(home, Made)}

    async def _calm(self, futures: Iterable[asyncio.Future[Homecoming]], seconds: float) -> None:
        """Wait until these are there, or the broker has had nothing more to say for a while."""
        until = time.monotonic() + seconds
        pending = set(futures)
        while pending and time.monotonic() < until and self.link is not Link.REFUSED:
            _, pending = await asyncio.wait(pending, timeout=_CALM / 10)
            if self.link is Link.CONNECTED and time.monotonic() - self._heard > _CALM:
                break

    def _come_home(self, flight: str, home: Homecoming) -> None:
        """End a flight: whatever is said of it from here on is stale."""
        self._flights.end(flight)
        away = self._away.pop(flight, None)
        if away is not None and not away.home.done():
            away.home.set_result(home)

    def _happen(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case Lost(flight, sentence):
                    log.warning("An attempt (%s) was lost: %s", flight, sentence)
                    self._line.end(flight)
                    error = JobError(MachineLost.code, sentence, MachineLost.retryable)
                    self._come_home(flight, Failed(error))
                case Returned(flight):
                    self._line.end(flight)
                    self._come_home(flight, Stopped())
                case Resend(flight):
                    self._send_again(flight)

    def _send_again(self, flight: str) -> None:
        away = self._away.get(flight)
        if away is not None:
            self._line.send(flight, away.order)

    # -- what is heard ------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            for flight, at in self._line.sent():
                self._flights.sent(flight, at)
            self._happen(self._flights.look(time.monotonic(), self._waiting))
            self._changed()

    def _on_link(self, link: Link, sentence: str) -> None:
        self.link, self.sentence, self._heard = link, sentence, time.monotonic()
        self._flights.link(link is Link.CONNECTED, time.monotonic())
        if link is not Link.CONNECTED:
            self._waiting = None
        self._changed()

    def _on_waiting(self, waiting: int) -> None:
        self._waiting = waiting

    def _on_replies(self, node: str, replies: list[Any], message: Any) -> None:
        if any(isinstance(reply, dict) and reply.get("kind") != "here" for reply in replies):
            self._heard = time.monotonic()
        delivery = _Delivery(message)
        stale: list[Mapping[str, Any]] = []
        for reply in replies:
            try:
                self._on_reply(node, reply, delivery, stale)
            except (BadMessage, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
                log.warning("%.200s said what is no reply: %r", node, error)
        if stale:
            self._stale(stale)
        if not delivery.open:
            self._line.acknowledge(message)

    def _on_reply(
        self, node: str, reply: dict[str, Any], delivery: _Delivery, stale: list[Mapping[str, Any]]
    ) -> None:
        kind = reply["kind"]
        if reply.get("id") in self._left:
            delivery.open.add(str(reply["id"]))  # for ever: it is for the next run of the app
        elif kind == "here":
            self._happen(self._flights.here(_here(node, reply, self._shared), time.monotonic()))
            self._changed()
        elif kind == "left":
            self._happen(self._flights.left(node))
            self._changed()
        elif kind == "started":
            self._on_started(str(reply["id"]), node)
        elif kind == "redelivered":
            self._on_redelivered(str(reply["id"]))
        else:
            self._on_said(str(reply["id"]), node, reply, delivery, stale)

    def _on_started(self, flight: str, node: str) -> None:
        match self._flights.started(flight, node):
            case Heard.TAKEN | Heard.ALREADY:  # it may have said before that it runs
                self._away[flight].taken(self._flights.name_of(node))
            case Heard.TWICE:
                self._line.end(flight, node)
            case Heard.STALE if flight not in self._awaited:
                self._line.end(flight, node)

    def _on_redelivered(self, flight: str) -> None:
        known = flight in self._flights
        match self._flights.redelivered(flight):
            case Heard.RESEND:
                self._send_again(flight)
            case Heard.STALE if known:
                self._happen([self._flights.too_often(flight)])

    def _on_said(
        self, flight: str, node: str, reply: dict[str, Any], delivery: _Delivery,
        stale: list[Mapping[str, Any]],
    ) -> None:  # fmt: skip
        awaited = self._awaited.get(flight)
        if awaited is not None:
            home = _homecoming(reply)
            if home is not None and not awaited.done():
                awaited.set_result(home)
                self._keep(flight, delivery)
            return
        if flight in self._deliveries and flight not in self._away:  # it came before the broker was lost
            self._keep(flight, delivery)
            return
        heard = self._flights.said(flight, node)
        if heard is not Heard.OURS:
            if reply["kind"] == "ended" and heard is Heard.STALE:
                stale.append(reply)
            return
        away = self._away[flight]
        if reply["kind"] == "progress":
            fraction = progress_from_wire({"progress": reply["fraction"]})
            if fraction is not None:
                away.progress(fraction)
            return
        away.taken(self._flights.name_of(node))
        home = _homecoming(reply)
        if home is not None:
            self._keep(flight, delivery)
            self._come_home(flight, home)

    def _keep(self, flight: str, delivery: _Delivery) -> None:
        self.kept(flight)  # what was said of it before has had its effect
        delivery.open.add(flight)
        self._deliveries[flight] = delivery


def _homecoming(reply: dict[str, Any]) -> Homecoming | None:
    """Return what a reply says of the end; None when it is of something else. Raises BadMessage."""
    match reply["kind"]:
        case "returned":
            return Stopped()
        case "not_carried":
            return NotMade(str(reply["sentence"])[:1_000])
        case "ended":
            outcome = outcome_from_wire(reply["outcome"])
            match reply:
                case _ if not isinstance(outcome, Done):
                    return outcome
                case {"made": dict(made), "ticket": str(ticket)} if len(ticket) <= _LONGEST_TICKET:
                    return Made(made, ticket)
            raise BadMessage(f"it made {reply!r:.200}")
    return None


def _here(node: str, reply: dict[str, Any], shared: frozenset[str]) -> Here:
    """Return what a machine says of itself. Raises KeyError, TypeError or ValueError.

    It has no slots until it has said of each shared folder whether it is the same there.
    """
    slots, folders = int(reply["slots"]), {str(name): str(one) for name, one in reply["folders"].items()}
    if shared - folders.keys():
        slots = 0
    if reply["protocol"] != PROTOCOL:
        slots, folders = 0, {"": _OTHER_VERSION}
    return Here(
        node, str(reply["name"])[:100], min(max(slots, 0), 1_000), frozenset(map(str, reply["running"])),
        int(reply["done"]), float(reply["rate"]), str(reply["version"])[:40], folders,
    )  # fmt: skip
