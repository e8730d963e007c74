"""Lets a change of the settings take effect in a queue that runs."""

from __future__ import annotations

from typing import Protocol

from core.queue import TaskQueue
from core.remote.joining import Joining
from core.settings import Settings


class LimitsMemory(Protocol):
    """What the queue runs on."""

    def set_memory_limit(self, limit: int | None) -> None:
        """Change the bytes that tasks may take; None for no limit."""


async def apply_settings(
    queue: TaskQueue, slots: LimitsMemory, old: Settings, new: Settings, joining: Joining | None = None
) -> None:
    """Bring an open queue, and the slots that it runs on, from the old settings to the new ones.

    Images that are being worked on keep the limits that they began with. joining: what brings the queue to
    other machines; their broker and the shared folders change at once. Raises a member of the error family
    when the store cannot be written.
    """
    queue.set_timeout(new.timeout or None)
    slots.set_memory_limit(new.memory_limit)
    if joining is not None and (new.broker, new.shared) != (old.broker, old.shared):
        await joining.follow(new)
    if new.workers != old.workers:
        await queue.set_concurrency(new.workers)
    if new.aging != old.aging:
        await queue.set_aging(new.aging)
