"""Retries, cancels, holds, releases, clears jobs: by the process that runs the queue, or else here."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Final

from core.cli.reading import reading
from core.cli.terminal import Printer, json_line
from core.errors import BadUsage, QueueInUse, error_of
from core.executor import InProcess, Outcome, Task
from core.owner import Owner, Reply, Request, send_to_owner
from core.owner_requests import fulfil
from core.queue import TaskQueue
from core.settings import data_folder

_DONE: Final = {
    "retry": "queued again", "cancel": "cancelled", "clear": "cleared", "hold": "held", "release": "released",
}  # fmt: skip
_ANSWER: Final = 60.0  # seconds that a process may take for the jobs of a whole queue


def change(options: argparse.Namespace, printer: Printer) -> int:
    """Do one of these commands; returns 0, or 1 when some of the named jobs could not be changed.

    Raises BadUsage for an id that is not in the queue; then nothing is changed.
    """
    data_dir = data_folder(options.data_dir)
    command: str = options.command
    ids: list[int] = list(dict.fromkeys(getattr(options, "ids", ())))
    with reading(data_dir) as reader:
        if reader is None:
            if ids:
                raise BadUsage(f"There is no job {ids[0]}: the queue is empty.")
            if options.json:
                printer.out(json_line({"changed": 0, "left_crashing": 0}))
            else:
                printer.tell("The queue is empty.")
            return 0
        known = {job.id for job in reader.jobs(ids)}
    unknown = [str(job) for job in ids if job not in known]
    if unknown:
        raise BadUsage(f"There is no job {', '.join(unknown[:10])}; nothing was changed.")
    reply, owned = ask_owner(data_dir, _message(options, ids))
    check_reply(reply)
    count = int(str(reply.get("count")))
    crashing = int(str(reply.get("crashing", 0)))
    ended = 0 if count >= len(ids) else 1
    if options.json:
        printer.out(json_line({"changed": count, "left_crashing": crashing}))
        return ended
    by = " by the process that has the queue open" if owned else ""
    wanted = f"{count:,} of {len(ids):,} jobs" if len(ids) > count else f"{count:,} job{'s' * (count != 1)}"
    printer.tell(f"{wanted} {_DONE[command]}{by}.")
    if crashing:
        printer.complain(
            f"Left in failed, as their files crash the decoder: {crashing:,}. "
            "To try one again all the same, name its ID."
        )
    if command in ("retry", "release") and count and not owned:
        printer.tell("To run them: imagequeue run")
    return ended


def check_reply(reply: Reply, before: str = "") -> None:
    """Raise what a reply says that went wrong, its sentence after `before`."""
    if not reply.get("ok"):
        raise error_of(str(reply.get("code")), before + str(reply.get("sentence")))


def _message(options: argparse.Namespace, ids: list[int]) -> Request:
    if options.command == "clear":
        return {"do": "clear", "states": options.state}
    return {"do": options.command, "ids": ids or None}


def ask_owner(data_dir: Path, message: Request) -> tuple[Reply, bool]:
    """Return the reply to a request, and whether another process gave it; else it is fulfilled here."""
    for last in (False, True):
        reply = send_to_owner(data_dir, message, _ANSWER)
        if reply is not None:
            return reply, True
        try:
            owner = Owner.acquire(data_dir)
        except QueueInUse:  # one came in between: it is to be asked
            if last:
                raise
            continue
        with owner:
            return asyncio.run(_fulfil_here(data_dir, message)), False
    raise AssertionError("unreachable")


async def _fulfil_here(data_dir: Path, message: Request) -> Reply:
    queue = TaskQueue(data_dir, InProcess(_never), concurrency=1)
    try:
        await queue.open()
        return await fulfil(queue, message)
    finally:
        await queue.close(0)


async def _never(task: Task) -> Outcome:
    raise AssertionError(f"the queue was not started, and gave out job {task.job_id}")
