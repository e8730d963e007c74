"""A broker's password is kept in the system's keyring, and nowhere else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import keyring
import pytest

from core.remote.keys import NOT_KEPT, SERVICE, Keys
from tests.core.clocks import until
from tests.core.remote.keyrings import UNUSABLE, Asking, InMemory, use

BROKER = "amqp://ann@rabbit/v"


@pytest.fixture(autouse=True)
def backend() -> Iterator[InMemory]:
    before = keyring.get_keyring()
    mine = InMemory()
    use(mine)
    yield mine
    use(before)


def test_a_password_is_kept_for_the_next_run_found_and_forgotten(backend: InMemory) -> None:
    async def story() -> None:
        assert await Keys({}).find(BROKER) == ""
        assert await Keys({}).keep(BROKER, "s3cret") == ""
        assert backend.kept == {(SERVICE, BROKER): "s3cret"}
        later = Keys({})
        assert await later.in_full(f"{BROKER}") == "amqp://ann:s3cret@rabbit/v"
        assert await later.in_full("amqp://ann@elsewhere/v") == "amqp://ann@elsewhere/v"
        assert await later.keep(BROKER, "") == ""
        assert backend.kept == {}
        assert await later.in_full(BROKER) == BROKER

    asyncio.run(story())


def test_options_of_the_address_do_not_change_whose_password_it_is(backend: InMemory) -> None:
    async def story() -> None:
        await Keys({}).keep("amqps://ann@rabbit/v?ssl_cert_reqs=none", "s3cret")
        assert await Keys({}).find("amqps://ann@rabbit/v") == "s3cret"

    asyncio.run(story())


@pytest.mark.parametrize("kind", UNUSABLE)
def test_without_a_keyring_it_lasts_for_this_run_and_that_is_said(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    use(UNUSABLE[kind]())

    async def story() -> None:
        keys = Keys({})
        with caplog.at_level(logging.DEBUG):
            assert await keys.find(BROKER) == ""
            assert await keys.keep(BROKER, "s3cret") == NOT_KEPT
            assert await keys.find(BROKER) == "s3cret"
            assert await keys.keep(BROKER, "") == ""
            assert await keys.find(BROKER) == ""
            assert await Keys({}).find(BROKER) == ""
        assert "The keyring cannot be used" in caplog.text
        assert "s3cret" not in caplog.text

    asyncio.run(story())


def test_the_variable_gives_a_password_where_no_keyring_does(caplog: pytest.LogCaptureFixture) -> None:
    use(UNUSABLE["none"]())

    async def story() -> None:
        keys = Keys({"IMAGEQUEUE_BROKER": "amqp://ann:s3cret@rabbit/v"})
        assert await keys.in_full(BROKER) == "amqp://ann:s3cret@rabbit/v"
        assert await keys.find("amqp://bob@rabbit/v") == ""
        assert await Keys({"IMAGEQUEUE_BROKER": "http://ann:s3cret@x"}).find(BROKER) == ""
        assert "IMAGEQUEUE_BROKER: The URL of the broker begins with" in caplog.text
        assert "s3cret" not in caplog.text

    asyncio.run(story())


def test_a_keyring_that_waits_for_its_user_holds_up_nothing() -> None:
    """Neither the loop, nor another wish, nor the end of the program."""
    slow = Asking()
    slow.kept[SERVICE, BROKER] = "old"
    use(slow)

    async def story() -> None:
        keys = Keys({})
        asked = asyncio.ensure_future(keys.find(BROKER))
        await until(slow.asked.is_set)
        kept = asyncio.ensure_future(keys.keep(BROKER, "typed"))
        await asyncio.sleep(0)
        assert await keys.find(BROKER) == "typed"
        assert not asked.done()
        slow.opened.set()
        assert await asked == "typed"
        assert await kept == ""

    asyncio.run(story())
