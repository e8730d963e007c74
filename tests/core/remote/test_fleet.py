"""What a machine says while the app is being closed is heard by the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kombu import Connection
from redis import Redis

from core.executor import Done, Stopped
from core.remote.address import parse_address
from core.remote.cluster import Link
from core.remote.fleet import Fleet, Made, NotMade
from core.remote.flights import Limits
from core.remote.mended import mend_redis
from core.wire import outcome_to_wire
from tests.brokers import BROKERS, Broker, broker_in
from tests.core.remote.scene import until

REPLIES = "imagequeue.replies.of-a-test"


@asynccontextmanager
async def fleet_at(broker: Broker) -> AsyncIterator[Fleet]:
    fleet = Fleet(broker.url, REPLIES, Limits(), 0.25, lambda: None, lambda _: None)
    fleet.start({})
    try:
        yield fleet
    finally:
        await fleet.close()


def say(broker: Broker, *replies: dict[str, object]) -> None:
    mend_redis()
    url, _ = parse_address(broker.url).for_kombu()
    options = {"confirm_publish": True} if broker.kind == "rabbitmq" else {}
    with (
        Connection(url, transport_options=options) as line,
        line.Producer(serializer="json") as producer,
    ):
        producer.publish({"node": "1@attic", "replies": list(replies)}, routing_key=REPLIES, exchange="")


@pytest.mark.parametrize("kind", BROKERS)
def test_g6_what_comes_of_an_attempt_that_was_left_is_given_to_the_next_run_of_the_app(
    kind: str, tmp_path: Path
) -> None:
    ended = {"outcome": outcome_to_wire(Done()), "made": {"manifest": 1}, "ticket": "as it was"}

    async def story() -> None:
        with broker_in(kind, tmp_path / "broker") as broker:
            async with fleet_at(broker) as fleet:
                await until(lambda: fleet.link is Link.CONNECTED, "the broker")
                began: list[str] = []
                flights = {
                    flight: asyncio.create_task(fleet.fly(flight, {}, began.append, lambda _: None))
                    for flight in ("stays", "waits", "ends")
                }
                await asyncio.sleep(0)
                assert not fleet.leave("stays"), "no machine has begun it"
                say(broker, {"kind": "started", "id": "stays"}, {"kind": "started", "id": "ends"})
                await until(lambda: len(began) == 2, "both have begun")
                assert fleet.leave("stays")
                assert not fleet.leave("waits")
                assert await flights["stays"] == Stopped()
                say(
                    broker,
                    {"kind": "ended", "id": "stays", **ended},
                    {"kind": "ended", "id": "ends", **ended},
                )
                assert await flights["ends"] == Made({"manifest": 1}, "as it was")  # so it has heard of both
                made = asyncio.create_task(fleet.fly("made", {}, began.append, lambda _: None))
                await asyncio.sleep(0)
                say(broker, {"kind": "ended", "id": "made", **ended})
                assert await made == Made({"manifest": 1}, "as it was")
                assert fleet.leave("made"), "it is not published yet"
                fleet.kept("ends")
            assert await flights["waits"] == Stopped()
            async with fleet_at(broker) as fleet:
                found = await fleet.drain(["stays", "waits", "made"], 20)
                assert found == dict.fromkeys(("stays", "made"), Made({"manifest": 1}, "as it was"))
                for flight in found:
                    fleet.kept(flight)
                await until(lambda: not fleet._line._acknowledged, "it is acknowledged")
            async with fleet_at(broker) as fleet:
                assert await fleet.drain(["stays", "made"], 1) == {}

    asyncio.run(story())


@pytest.mark.parametrize("kind", BROKERS)
def test_g15_a_message_that_nobody_can_read_is_dropped_and_the_next_is_heard(
    kind: str, tmp_path: Path
) -> None:
    async def story() -> None:
        with broker_in(kind, tmp_path / "broker") as broker:
            async with fleet_at(broker) as fleet:
                await until(lambda: fleet.link is Link.CONNECTED, "the broker")
                links: list[Link] = []
                fleet._changed = lambda: links.append(fleet.link)
                away = asyncio.create_task(fleet.fly("a", {}, lambda _: None, lambda _: None))
                await asyncio.sleep(0)
                for body in (b"{", b"[" * 100_000, b"1" * 5_000, b"\xff\xfe"):
                    say_raw(broker, body, "application/json")
                say_raw(broker, b"cos\nsystem\n(S'true'\ntR.", "application/x-python-serialize")
                say_raw(broker, b'{"node": "1@attic", "replies": 5}', "application/json")
                say(broker, {"kind": "here", "slots": 1e999, "folders": {}}, {"kind": "ended", "id": "a"})
                say(broker, {"kind": "ended", "id": "a", "outcome": outcome_to_wire(Done()), "made": 5})
                say(broker, {"kind": "not_carried", "id": "a", "sentence": "No."})
                async with asyncio.timeout(20):
                    assert await away == NotMade("No.")
                assert set(links) <= {Link.CONNECTED}
                fleet.kept("a")
            async with fleet_at(broker) as fleet:
                assert await fleet.drain(["a"], 1) == {}, "all of it is acknowledged"

    asyncio.run(story())


def say_raw(broker: Broker, body: bytes, content_type: str) -> None:
    mend_redis()
    url, _ = parse_address(broker.url).for_kombu()
    with Connection(url) as line, line.Producer() as producer:
        producer.publish(
            body, routing_key=REPLIES, exchange="", content_type=content_type, content_encoding="utf-8"
        )


def cut(broker: Broker) -> None:
    """End all connections to it."""
    if broker.kind == "redis":
        Redis.from_url(broker.url).client_kill_filter(_type="normal", skipme=True)
    else:
        broker.kill()
        broker.start()


@pytest.mark.parametrize("kind", BROKERS)
def test_g6_what_was_delivered_by_a_connection_that_is_lost_is_neither_lost_nor_kept_for_ever(
    kind: str, tmp_path: Path
) -> None:
    ended = {"outcome": outcome_to_wire(Done()), "made": {}, "ticket": ""}

    async def story() -> None:
        with broker_in(kind, tmp_path / "broker") as broker:
            async with fleet_at(broker) as fleet:
                await until(lambda: fleet.link is Link.CONNECTED, "the broker")
                for flight in ("a", "b"):
                    away = asyncio.create_task(fleet.fly(flight, {}, lambda _: None, lambda _: None))
                    await asyncio.sleep(0)
                    say(broker, {"kind": "ended", "id": flight, **ended})
                    assert await away == Made({}, "")
                before = dict(fleet._deliveries)
                await asyncio.to_thread(cut, broker)
                await until(
                    lambda: all(fleet._deliveries[flight] is not one for flight, one in before.items()),
                    "both come again",
                )
                fleet.kept("a")  # and the app dies before it has kept the other
            async with fleet_at(broker) as fleet:
                assert await fleet.drain(["a", "b"], 20) == {"b": Made({}, "")}
                fleet.kept("b")
            if kind == "redis":
                assert not Redis.from_url(broker.url).exists("unacked"), "nothing is kept from all"

    asyncio.run(story())
