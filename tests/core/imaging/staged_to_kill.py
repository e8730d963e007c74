"""Stages an attempt, or finishes one that is staged, and dies at the n-th step, as a kill would.

Usage: python -m tests.core.imaging.staged_to_kill FOLDER stage|finish out|"in place"
For n = 1, 2, 3 … it does the work on `FOLDER/n` in a process that ends before its n-th step, until one comes
to its end; that one's number is printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.executor import Done, Task
from core.imaging.handover import for_the_last_part, manifest_on_its_way
from core.imaging.staging import finish_staged, needed, stage
from core.operations import Thumbnail
from core.recipe import Output, Recipe
from tests.core.imaging.pictures import encoded, photo
from tests.core.imaging.replacing_to_kill import RECIPE, die_at

TWO = Recipe("r", (Output("small", (Thumbnail(20),)), Output("big", (Thumbnail(60),))))


def task_in(base: Path, way: str) -> Task:
    recipe = RECIPE if way == "in place" else TWO.with_folder(base / "out")
    data = base / "data"
    return Task(
        1, 1, str(base / "in" / "a.jpg"), recipe.to_json(), temp_tag="store-1-1",
        receipt=str(data / "0.json"), memory=str(data / "made.sqlite3"),
    )  # fmt: skip


def handover_in(base: Path) -> Path:
    """Where it is kept what the last part was handed over."""
    return base / "handover"


def main(folder: Path, part: str, way: str) -> None:
    import send2trash  # before the steps are counted

    assert send2trash
    content = encoded(photo(120, 90), "JPEG", quality=90)
    for number in range(1, 500):
        base = folder / str(number)
        for name in ("in", "data"):
            (base / name).mkdir(parents=True)
        task = task_in(base, way)
        Path(task.source).write_bytes(content)
        child = os.fork()
        if child == 0:
            work: Callable[..., object] = stage
            first = needed(task, lambda _: None)
            if part == "finish":
                made = stage(task, lambda _: None)
                assert isinstance(first, Done)
                assert isinstance(made, Done)
                manifest = manifest_on_its_way(made.handover)
                task = replace(task, handover=for_the_last_part(first.handover, manifest))
                handover_in(base).write_text(task.handover)
                work = finish_staged
            die_at(number)
            work(task, lambda _: None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            print(number)
            return
    raise SystemExit("it never came to its end")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
