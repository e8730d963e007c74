"""What a machine has said is not lost with the broker, though not all of it is on the broker's disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kombu import Connection, Consumer, Queue

from core.remote.address import parse_address
from core.remote.engine import make_app
from core.remote.post import Post
from tests.brokers import Broker, broker_in

REPLIES = "imagequeue.replies.of-a-test"


@contextmanager
def ear(broker: Broker) -> Iterator[Connection]:
    url, _ = parse_address(broker.url).for_kombu()
    with Connection(url) as line:
        Queue(REPLIES, durable=True)(line.channel()).declare()
        yield line


def heard(broker: Broker, number: int) -> list[dict[str, Any]]:
    """So many replies, as they come; they are acknowledged."""
    found: list[dict[str, Any]] = []

    def hear(body: dict[str, Any], message: Any) -> None:
        assert body["node"] == "1@attic"
        found.extend(body["replies"])
        message.ack()

    deadline = time.monotonic() + 30
    with (
        ear(broker) as line,
        Consumer(line, [Queue(REPLIES, durable=True)], callbacks=[hear], accept=["json"]),
    ):
        while len(found) < number:
            assert time.monotonic() < deadline, found
            line.drain_events(timeout=30)
    return found


def test_g3_ends_that_were_told_to_who_listens_are_told_again_when_the_broker_died(tmp_path: Path) -> None:
    told: list[str] = []

    def tell(reply: dict[str, Any], lasting: bool) -> None:
        """Send it, and wait until the broker has it: what comes meanwhile would share its message."""
        number = len(told)
        post(REPLIES, reply, lambda: told.append("told"), lasting=lasting)
        deadline = time.monotonic() + 30
        while len(told) == number:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    with broker_in("rabbitmq", tmp_path / "broker") as broker:
        with ear(broker):
            pass  # there is a queue
        post = Post(make_app(parse_address(broker.url)), "1@attic")
        tell({"kind": "here"}, lasting=False)
        tell({"kind": "ended", "id": "a"}, lasting=False)
        tell({"kind": "ended", "id": "as bytes", "made": {"contents": []}}, lasting=False)
        tell({"kind": "ended", "id": "b"}, lasting=True)
        broker.kill()
        broker.start()
        assert [reply["id"] for reply in heard(broker, 3)] == ["as bytes", "b", "a"]
        tell({"kind": "ended", "id": "c"}, lasting=False)
        assert heard(broker, 1) == [{"kind": "ended", "id": "c"}]
        post.close()
