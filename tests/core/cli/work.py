"""What tests of the command line let a job be: its source's name says how it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.errors import CrashesDecoder, DiskFull, NotAnImage
from core.executor import Done, Outcome, Skipped, Task
from core.job import OutputFile


async def by_name(task: Task) -> Outcome:
    """End at once, or never when the source's name begins with "endless"."""
    name = Path(task.source).name
    if name.startswith("bad") or name.endswith(".txt"):
        raise NotAnImage(f"{name} is not an image.")
    if name.startswith("poison"):
        raise CrashesDecoder(f"{name} crashes the decoder.")
    if name.startswith("full"):
        raise DiskFull(f"The disk with {name} is full.")
    if name.startswith("skip"):
        return Skipped("It is there already.")
    if name.startswith("endless"):
        await asyncio.Event().wait()
    return Done((OutputFile(f"{task.source}.out", 10, 2, 3, "thumbnail"),), 20, 4, 6)
