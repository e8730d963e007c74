"""Does with the queue what other starts of the app ask of its owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from core.errors import BadUsage
from core.failures import retry_failed
from core.job import ENDED, JobState
from core.owner import Reply, Request
from core.queue import TaskQueue
from core.status import JobQuery

CLEARED: Final = frozenset({JobState.DONE, JobState.SKIPPED, JobState.CANCELLED})
"""The states that are cleared when none is named."""

HOLDABLE: Final = frozenset({JobState.QUEUED, JobState.RETRYING})
"""The states that are held when no job is named."""

_PATIENCE: Final = 60.0  # seconds that the loop may take for a request
_CHUNK: Final = 2_000  # jobs that are changed in one go, so that others have their turn


async def fulfil(queue: TaskQueue, message: Request) -> Reply:
    """Do what a request asks for.

    It is "retry", "cancel", "hold", "release" or "remove" with "ids", or "clear" with "states".
    For retry, ids of null means all that failed but those that crash the decoder, which "crashing" in the
    reply counts; for hold and release all that wait or are held; for clear, states of null means done,
    skipped and cancelled. "import" takes the jobs of a "file" in, with "maps" and "missing"; see
    core.transfer. The reply's "count" tells how many jobs changed. Raises BadUsage for a request that is none
    of these, and what `take_in_file` raises.
    """
    match message.get("do"):
        case "retry":
            ids = _ids(message.get("ids"))
            if ids is None:
                count, crashing = await retry_failed(queue)
                return {"ok": True, "count": count, "crashing": crashing}
            return await _in_chunks(queue.retry, ids)
        case "cancel":
            ids = _ids(message.get("ids"))
            if ids is None:
                raise BadUsage("A request to cancel names the jobs.")
            return await _in_chunks(queue.cancel, ids)
        case "hold" | "release" as do:
            ids = _ids(message.get("ids"))
            if ids is None:
                states = HOLDABLE if do == "hold" else frozenset({JobState.HELD})
                ids = list(await queue.find(JobQuery(states=states)))
            return await _in_chunks(queue.hold if do == "hold" else queue.release, ids)
        case "remove":
            ids = _ids(message.get("ids"))
            if ids is None:
                raise BadUsage("A request to remove names the jobs.")
            return await _in_chunks(queue.remove, ids)
        case "import":
            return await _import(queue, message)
        case "clear":
            states = _states(message.get("states"))
            return await _in_chunks(queue.remove, list(await queue.find(JobQuery(states=states))))
        case other:
            raise BadUsage(f"Nothing is known of a request to {other!r}.")


async def _import(queue: TaskQueue, message: Request) -> Reply:
    from core.transfer.mapping import PathMap
    from core.transfer.taking import Missing, take_in_file

    file, maps, missing = message.get("file"), message.get("maps"), message.get("missing")
    try:
        if not isinstance(file, str) or not isinstance(maps, list):
            raise TypeError
        taken = await take_in_file(
            queue, Path(file), [PathMap(str(old), str(new)) for old, new in maps], Missing(str(missing))
        )
    except (TypeError, ValueError):
        raise BadUsage("A request to import names a file, maps of two paths, and what is missing.") from None
    accepted = taken.accepted
    return {
        "ok": True, "count": len(accepted.ids), "duplicates": accepted.duplicates, "left_out": taken.left_out,
    }  # fmt: skip


def in_loop(
    loop: asyncio.AbstractEventLoop, answer: Callable[[Request], Coroutine[Any, Any, Reply]]
) -> Callable[[Request], Reply]:
    """Return a function for `Owner.serve` that awaits each answer on the loop, from the caller's thread."""

    def on_message(message: Request) -> Reply:
        coroutine = answer(message)
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:  # the loop is closed
            coroutine.close()
            return {"ok": False, "code": "closing", "sentence": "Image Queue is just closing."}
        return future.result(timeout=_PATIENCE)

    return on_message


async def _in_chunks(change: Callable[[list[int]], Coroutine[Any, Any, int]], ids: list[int]) -> Reply:
    count = 0
    for start in range(0, len(ids), _CHUNK):
        count += await change(ids[start : start + _CHUNK])
    return {"ok": True, "count": count}


def _ids(value: object) -> list[int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(type(one) is int for one in value):
        raise BadUsage("The ids of a request are a list of whole numbers.")
    return value


def _states(value: object) -> frozenset[JobState]:
    if value is None:
        return CLEARED
    try:
        states = frozenset(JobState(one) for one in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise BadUsage("The states of a request are a list of states.") from None
    if not states <= ENDED:
        raise BadUsage("Only jobs that have ended are cleared.")
    return states
