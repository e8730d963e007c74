"""Works out, before anything is decoded, what the outputs of a recipe are for one source."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.errors import BadName, CannotEncode
from core.executor import Task
from core.formats import JPEG, PNG, Format, format_named
from core.imaging.decode import Source, check_pixels, shown
from core.imaging.drawing import enlarging
from core.imaging.encode import takes_mode
from core.imaging.made import Record
from core.imaging.naming import final_name, fold, target_folder
from core.imaging.original import name_in_place
from core.imaging.plan import Plan, plan
from core.imaging.shot import shot_of
from core.imaging.unchanged import is_unchanged
from core.recipe import Existing, Output, Recipe
from core.recipe.templates import fields_of

_OF_ITS_SIZE: Final = frozenset({"width", "height"})
_OF_ITS_SHOT: Final = frozenset({"date", "time", "camera"})
OF_THE_SOURCE: Final = _OF_ITS_SIZE | _OF_ITS_SHOT
"""The fields of a name that only the source, or what is made of it, can fill."""


@dataclass(frozen=True)
class Work:
    """One output, worked out for one source."""

    output: Output
    format: Format
    plan: Plan
    file_name: str | None  # None while the size that is part of it is not known
    stays: bool  # whether it would be its source again


def prepared(
    task: Task, source: Source, recipe: Recipe, record: Record | None
) -> tuple[str, list[Work], list[str], Recipe]:
    """Return the target folder, the outputs worked out, notes on them, and the recipe to be followed.

    To make again what this recipe left there, and nobody has changed, is to replace it.
    """
    folder = target_folder(task.source, recipe, task.below)
    works, notes = _unlike([_work_out(output, source, task, recipe) for output in recipe.outputs])
    if record is not None and record.again and _are_ours(works, folder, record):
        recipe = recipe.with_existing(Existing.REPLACE)
    return folder, works, notes, recipe


def _work_out(output: Output, source: Source, task: Task, recipe: Recipe) -> Work:
    chosen = _format_of(output, source)
    operations = enlarging(output.operations) if source.format.drawn else output.operations
    planned = plan(operations, source.size)
    largest = planned.size if source.format.drawn else planned.largest
    check_pixels(*largest, f"The output {output.name} of {shown(source.path)} would need")
    stays = is_unchanged(planned, chosen, output, source, recipe)
    if recipe.replace_original:
        return Work(output, chosen, planned, name_in_place(task, output, chosen), stays)
    work = Work(output, chosen, planned, None, stays)
    sized = fields_of(output.template) & _OF_ITS_SIZE
    if sized and (output.max_bytes is not None or not planned.certain):
        return work
    return replace(work, file_name=name_of(work, planned.size, task, source))


def _format_of(output: Output, source: Source) -> Format:
    if output.format is not None:
        chosen = format_named(output.format)
        assert chosen is not None
        return chosen
    if source.format.followed:
        return source.format
    return PNG if source.has_alpha else JPEG


def name_of(work: Work, size: tuple[int, int], task: Task, source: Source) -> str:
    """Return the file name of an output, of this size in pixels where that is still to be known.

    Raises BadName.
    """
    if work.file_name is not None:
        return work.file_name
    width, height = size
    told = fields_of(work.output.template) & _OF_ITS_SHOT
    return final_name(
        task.source, work.output, work.format.suffix, place=task.place, index=task.index,
        width=width, height=height, shot=shot_of(source) if told else None,
    )  # fmt: skip


def _are_ours(works: Sequence[Work], folder: str, record: Record) -> bool:
    """Return whether all files that have the outputs' names are what this recipe left there."""
    ours = {path for path, _, _ in record.files}
    paths = [os.path.join(folder, one.file_name) for one in works if one.file_name is not None]  # noqa: PTH118
    there = [path for path in paths if os.path.lexists(path)]
    return len(paths) == len(works) and ours.issuperset(there) and record.unchanged()


def _unlike(works: Sequence[Work]) -> tuple[list[Work], list[str]]:
    """Return the outputs whose names differ; the same image under one name is made once, with a note.

    Raises BadName when two different images would get one name.
    """
    named: dict[str, Work] = {}
    kept, notes = [], []
    for work in works:
        first = work if work.file_name is None else named.setdefault(fold(work.file_name), work)
        if first is work:
            kept.append(work)
        elif first.plan == work.plan:
            notes.append(f"{work.output.name} is the same as {first.output.name} here, and was made once.")
        else:
            raise BadName(
                f"{first.output.name} and {work.output.name} would both be {work.file_name}; "
                "put {output} into the name template."
            )
    return kept, notes


def refuse_loss(work: Work, source: Source) -> None:
    """Raise CannotEncode where an output that is to be without loss would lose something unseen."""
    if not work.output.lossless:
        return
    mode, name = source.header.mode, work.format.name.upper()
    if source.deep:
        raise CannotEncode(
            f"{shown(source.path)} has colours of more than 8 bits, of which only 8 can be kept."
        )
    if mode.startswith("I;16") and takes_mode(work.format, work.output, "I;16"):
        return
    if mode in ("LAB", "F", "I") or mode.startswith("I;16"):
        raise CannotEncode(f"{shown(source.path)} has samples of a kind that {name} cannot hold exactly.")
    if mode == "CMYK" and not takes_mode(work.format, work.output, "CMYK"):
        raise CannotEncode(f"{shown(source.path)} has CMYK colours, which {name} cannot hold exactly.")


def said_to_be_there(names: Sequence[str], recipe: Recipe) -> str:
    """Return the sentence on files that were there before."""
    first = shown(names[0])
    there = f"{first} is" if len(names) == 1 else f"{first} and {len(names) - 1} more are"
    there = f"{there} there already"
    return f"{there}, and the source is not newer." if recipe.existing is Existing.NEWER else f"{there}."
