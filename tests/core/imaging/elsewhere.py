"""Ways in which an attempt is made on another machine, played on this one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image

from core.executor import Done, Skipped, Task
from core.imaging.delivery import packed, unpacked
from core.imaging.handover import for_the_last_part
from core.imaging.process import process
from core.imaging.staging import finish_staged, needed, stage
from core.operations import Thumbnail
from core.recipe import Output, Recipe
from tests.core.imaging.pictures import encoded, names_in, photo

TWO = Recipe("r", (Output("small", (Thumbnail(20),)), Output("big", (Thumbnail(60),))))
SIZED = Output("o", (Thumbnail(50),), template="{stem}-{width}x{height}-{index}")
JPEG = encoded(photo(120, 90), "JPEG", quality=90)
NOISE = encoded(Image.effect_noise((64, 64), 90).convert("RGB"), "JPEG", quality=20)


def here(task: Task) -> Done | Skipped:
    return process(task, lambda _: None)


def shared(task: Task) -> Done | Skipped:
    """Another machine reaches the source and the target folder by a path of its own, and nothing else."""
    first = needed(task, lambda _: None)
    if not is_wanted(first):
        return first
    base = Path(task.receipt).parent.parent
    way = base.parent / "way"
    if not way.exists():
        way.symlink_to(base)
    recipe = Recipe.from_json(task.recipe)
    target = Path(recipe.folder) if recipe.folder is not None else Path(task.source).parent
    theirs = replace(
        task, source=str(way / Path(task.source).relative_to(base)), receipt="", memory="", below="",
        staging=str(way / (target / task.below if recipe.mirror else target).relative_to(base)),
        recipe=recipe.with_folder("/nowhere").to_json() if recipe.folder else task.recipe,
    )  # fmt: skip
    made = stage(theirs, lambda _: None)
    if isinstance(made, Skipped):
        return made
    message = json.loads(json.dumps(packed(replace(theirs, staging=""), json.loads(made.handover))))
    return finish_staged(brought_home(task, first, message), lambda _: None)


def brought_home(task: Task, first: Done | Skipped, message: object) -> Task:
    """The last part of an attempt, from what the first has found and what came from the other machine."""
    assert isinstance(first, Done)
    return replace(task, handover=for_the_last_part(first.handover, unpacked(message, task)))


def carried(task: Task) -> Done | Skipped:
    """Another machine gets the bytes of the source, and sends those of the outputs."""
    first = needed(task, lambda _: None)
    if not is_wanted(first):
        return first
    there = Path(task.receipt).parents[2] / "there"
    shutil.rmtree(there, ignore_errors=True)
    (there / "out").mkdir(parents=True)
    copy = there / Path(task.source).name
    shutil.copy2(task.source, copy)
    theirs = replace(task, source=str(copy), receipt="", memory="", below="", staging=str(there / "out"))
    made = stage(theirs, lambda _: None)
    assert isinstance(made, Skipped) or names_in(there / "out") == {Path(o.path).name for o in made.outputs}
    if isinstance(made, Skipped):
        return made
    message = json.loads(json.dumps(packed(theirs, json.loads(made.handover))))
    ours = replace(task, staging=str(Path(task.receipt).parent / "came"))
    return finish_staged(brought_home(ours, first, message), lambda _: None)


def is_wanted(outcome: Done | Skipped) -> bool:
    return isinstance(outcome, Done) and bool(outcome.handover)


WAYS = {"shared": shared, "carried": carried}


def task_in(base: Path, name: str, recipe: Recipe, attempt: int = 1, **fields: object) -> Task:
    data = base / "data"
    data.mkdir(exist_ok=True)
    values: dict[str, object] = {
        "temp_tag": f"store-1-{attempt}", "receipt": str(data / "0.json"),
        "memory": str(data / "made.sqlite3"), **fields,
    }  # fmt: skip
    return Task(1, attempt, str(base / name), recipe.to_json(), **values)  # type: ignore[arg-type]


def again(name: str, recipe: Recipe, times: int = 1, **fields: object) -> list[Callable[[Path], Task]]:
    """The same task so many times, each an attempt of a job of its own."""

    def make(base: Path, number: int) -> Task:
        tag = f"store-{fields.get('attempt', 1)}-{number}"
        return task_in(base, name, mended(recipe, base), temp_tag=tag, **fields)  # type: ignore[arg-type]

    return [partial(make, number=number) for number in range(times)]


def mended(recipe: Recipe, base: Path) -> Recipe:
    return recipe.with_folder(base / recipe.folder[1:]) if recipe.folder else recipe


OUT = TWO.with_folder("/out")
