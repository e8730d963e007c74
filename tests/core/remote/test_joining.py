"""The queue follows the broker and the shared folders of the settings, with the password that is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from core.live_settings import apply_settings
from core.remote.joining import Joining
from core.remote.keys import Keys
from core.remote.shared_folder import SharedFolder
from core.settings import Settings
from core.slots import ProcessSlots
from tests.core.bench import opened
from tests.core.clocks import until


class Told:
    """Notes what broker is to be used."""

    def __init__(self) -> None:
        self.brokers: list[tuple[str, dict[str, str]]] = []

    async def set_broker(self, url: str, shared: Mapping[str, str]) -> None:
        self.brokers.append((url, dict(shared)))


class SlowKeys(Keys):
    """Answers when it is let."""

    def __init__(self) -> None:
        super().__init__({})
        self.may: dict[str, asyncio.Event] = {}

    async def find(self, broker: str) -> str:
        await self.may.setdefault(broker, asyncio.Event()).wait()
        return "s3cret"


def test_a_change_takes_effect_at_once_and_what_is_the_same_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        keys, told = Keys({"IMAGEQUEUE_BROKER": "amqp://ann:s3cret@rabbit"}), Told()
        joining = Joining(told, keys)
        async with opened(tmp_path) as bench:
            slots = ProcessSlots(memory_limit=None)
            old = Settings()
            for new in (
                Settings(broker="amqp://ann@rabbit"),
                Settings(broker="amqp://ann@rabbit", aging_minutes=3),
                Settings(broker="amqp://ann@rabbit", shared=(SharedFolder("p", "/mnt/p"),)),
                Settings(),
            ):
                await apply_settings(bench.queue, slots, old, new, joining)
                old = new
        whole = "amqp://ann:s3cret@rabbit/"
        assert told.brokers == [(whole, {}), (whole, {"p": "/mnt/p"}), ("", {})]

    asyncio.run(story())


def test_a_slow_keyring_does_not_bring_back_what_was_chosen_before() -> None:
    async def story() -> None:
        keys, told = SlowKeys(), Told()
        joining = Joining(told, keys)
        first = asyncio.ensure_future(joining.follow(Settings(broker="redis://one")))
        second = asyncio.ensure_future(joining.follow(Settings(broker="redis://two")))
        await until(lambda: len(keys.may) == 2)
        keys.may["redis://two/"].set()
        await second
        keys.may["redis://one/"].set()
        await first
        assert told.brokers == [("redis://:s3cret@two/", {})]

    asyncio.run(story())
