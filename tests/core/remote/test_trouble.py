"""What keeps a broker from being used is said so that a person knows what to do."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from amqp.exceptions import AccessRefused, NotAllowed
from redis.exceptions import AuthenticationError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from core.remote import trying
from core.remote.address import parse_address
from core.remote.cluster import Link
from core.remote.trouble import trouble
from core.remote.trying import try_broker


def wrapped(outer: Exception, inner: BaseException) -> Exception:
    """An error as a library raises it, around what the system said."""
    outer.__cause__ = inner
    return outer


NO_CERTIFICATE = ssl.SSLCertVerificationError("no")
NO_CERTIFICATE.verify_message = "self-signed certificate"


@pytest.mark.parametrize(
    ("url", "error", "link", "said"),
    [
        ("amqp://r", socket.gaierror(-2, "Name or service not known"), Link.AWAY, "of the name r is known"),
        ("redis://r", wrapped(RedisConnectionError("x"), ConnectionRefusedError(111, "refused")), Link.AWAY,
         "Nothing answers on port 6379 of r"),
        ("amqp://r", TimeoutError("timed out"), Link.AWAY, "did not answer in time on port 5672"),
        ("amqp://r", ConnectionResetError(104, "reset"), Link.AWAY, "may be no RabbitMQ"),
        ("amqp://r", OSError("Server unexpectedly closed connection"), Link.AWAY, "was cut by r"),
        ("amqp://r", OSError(101, "Network is unreachable"), Link.AWAY, "Network is unreachable"),
        ("amqps://r", NO_CERTIFICATE, Link.REFUSED, "r cannot show that it is r: self-signed certificate."),
        ("rediss://r", ssl.SSLError(1, "WRONG_VERSION_NUMBER"), Link.REFUSED, "use redis://, or the port"),
        ("amqps://r?ssl_ca_certs=/x", FileNotFoundError(2, "no"), Link.REFUSED, "file that the URL"),
        ("amqp://ann:s3cret@r", AccessRefused("no", (0, 0)), Link.REFUSED, "not accept this user"),
        ("amqp://r", AccessRefused("no", (0, 0)), Link.REFUSED, "takes guest from its own machine only"),
        ("amqp://localhost", AccessRefused("no", (0, 0)), Link.REFUSED, "not accept this user"),
        ("amqp://r/photos", NotAllowed("no", (10, 40)), Link.REFUSED, "no virtual host photos"),
        ("redis://r", AuthenticationError("HELLO must be"), Link.REFUSED, "r wants a password."),
        ("redis://:s3cret@r", AuthenticationError("invalid"), Link.REFUSED, "not accept this user"),
        ("redis://r/99", ResponseError("DB index is out of range"), Link.REFUSED, "no database 99"),
        ("amqp://r", ValueError("lost amqp://ann:s3cret@r"), Link.AWAY, "ValueError: lost amqp://ann:***@r"),
    ],
)  # fmt: skip
def test_an_error_becomes_a_sentence(url: str, error: Exception, link: Link, said: str) -> None:
    found, sentence = trouble(error, parse_address(url))
    assert found is link
    assert said in sentence
    assert "s3cret" not in sentence


def test_a_connection_that_is_lost_is_no_reason_to_doubt_the_broker() -> None:
    address = parse_address("amqp://r")
    for error in (ConnectionResetError(104, "reset"), OSError("Server unexpectedly closed connection")):
        assert trouble(error, address, was_there=True) == (Link.AWAY, "The connection to r was lost.")
    refused = ConnectionRefusedError(111, "refused")
    assert "Nothing answers" in trouble(refused, address, was_there=True)[1]


def test_a_broker_that_is_not_there_is_known_within_seconds() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        for scheme in ("amqp", "redis", "amqps", "rediss"):
            link, sentence = asyncio.run(try_broker(f"{scheme}://ann:s3cret@127.0.0.1:{port}"))
            assert link is Link.AWAY
            assert sentence.startswith(f"Nothing answers on port {port} of 127.0.0.1")


def test_a_broker_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        link, sentence = asyncio.run(try_broker(f"amqp://127.0.0.1:{port}", seconds=0.05))
        assert (link, "did not answer in time" in sentence) == (Link.AWAY, True)


def test_what_is_installed_is_also_known_once_it_is_in_use() -> None:
    """The modules that celery and kombu put in their own places have no specification."""
    script = (
        "from core.remote.extra import is_installed; before = is_installed()\n"
        "import celery, kombu; print(before, is_installed())"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=True
    )
    assert done.stdout.strip() == "True True"


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trying, "is_installed", lambda: False)
    link, sentence = asyncio.run(try_broker("amqp://rabbit"))
    assert link is Link.MISSING
    assert 'pip install "imagequeue[cluster]"' in sentence
