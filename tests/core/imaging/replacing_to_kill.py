"""Replaces an original and dies at the n-th step, as a kill would: for the tests of what is left then.

Usage: python -m tests.core.imaging.replacing_to_kill FOLDER SUFFIX ATTEMPT
For n = 1, 2, 3 … it does the work on `FOLDER/n/photo.SUFFIX` in a process that ends before its n-th step,
until one comes to its end; that one's number is printed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from core.executor import Task
from core.imaging.process import process
from core.operations import Thumbnail
from core.recipe import Output, Recipe

STEPS = ("open", "chmod", "fsync", "link", "unlink", "rename", "replace", "close", "ftruncate")
RECIPE = Recipe("r", (Output("o", (Thumbnail(20),), "jpeg"),), replace_original=True)


def task_in(folder: Path, suffix: str, attempt: int) -> Task:
    return Task(
        1, attempt, str(folder / f"photo.{suffix}"), RECIPE.to_json(), temp_tag=f"store-1-{attempt}",
        receipt=str(folder / "data" / "0.json"), memory=str(folder / "data" / "made.sqlite3"),
    )  # fmt: skip


def die_at(number: int) -> None:
    """Let this process end before the n-th call that changes a file."""
    calls = 0

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls == number:
                os._exit(9)
            return real(*given, **options)

        return call

    for name in STEPS:
        setattr(os, name, dying(getattr(os, name)))


def main(folder: Path, suffix: str, attempt: int) -> None:
    import send2trash  # before the steps are counted

    assert send2trash
    original = (folder / f"photo.{suffix}").read_bytes()
    for number in range(1, 500):
        case = folder / str(number)
        (case / "data").mkdir(parents=True)
        task = task_in(case, suffix, attempt)
        Path(task.source).write_bytes(original)
        child = os.fork()
        if child == 0:
            die_at(number)
            process(task, lambda _: None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) == 0:
            print(number)
            return
    raise SystemExit("it never came to its end")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
