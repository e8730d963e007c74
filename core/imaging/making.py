"""Makes the outputs of a source in memory: one decode, and a way from its pixels to the bytes of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from PIL import Image

from core.executor import Task
from core.formats import PNG
from core.imaging.animation import (
    REDUCED_TO_FIRST,
    Timing,
    check_frames,
    each_frame,
    encode_frames,
    moves,
    plays_of,
)
from core.imaging.colour import REDUCED, scalable
from core.imaging.credits import credited, policy_of
from core.imaging.decode import Source, check_pixels, load
from core.imaging.deep import encode_deep, goes_deep
from core.imaging.drawing import drawn_size, enlarging
from core.imaging.encode import check_sides, encode, in_mode_of, takes_mode
from core.imaging.metadata import Attached, attached_to
from core.imaging.pages import (
    encode_pages,
    first_only,
    holds_pages,
    page_of,
)
from core.imaging.picture import Picture, made_of
from core.imaging.plan import needed_size, plan
from core.imaging.prepared import Work, name_of, refuse_loss
from core.imaging.profiles import goal_of
from core.imaging.publish import Made
from core.imaging.unchanged import bytes_of
from core.imaging.upright import set_upright
from core.recipe import Colour, Recipe

OPENED: Final = 0.05
"""The fraction of the work that is done when a source is open, for progress."""

_DECODED: Final = 0.5
_MADE: Final = 0.95


def make(
    works: Sequence[Work], source: Source, task: Task, recipe: Recipe, report: Callable[[float], None]
) -> tuple[list[Made], list[str]]:
    """Decode once, and make the outputs of an open source from the size that the largest one needs.

    What is drawn is drawn anew for each output. Returns them in the order of `works`, with notes for people;
    nothing is written. Raises a member of the error family for what cannot be decoded or encoded.
    """
    made: list[Made] = []
    said: list[str] = []
    documents = [one for one in works if holds_pages(source, one.format, one.output)]
    for work in [one for one in works if one not in documents]:
        deep = None if work.stays else _make_deep(work, source, task, recipe)
        if deep is None:
            refuse_loss(work, source)
        else:
            made.append(deep[0])
            said += deep[1]
    whole = [one.name for one in made]
    moving = [one for one in works if one.plan.steady and moves(source, one.format, one.output)]
    for work in moving:
        check_frames(source, work.plan.largest, work.output)
    still = [one for one in works if one not in (*moving, *documents) and one.output.name not in whole]
    if source.frames > 1 and still:
        said.append(REDUCED_TO_FIRST)
    if source.pages > 1 and len(documents) < len(works):
        said.append(first_only(source))
    for group in [[work] for work in still] if source.format.drawn else [still] if still else []:
        loaded = _load(group, source, recipe)
        base, notes = scalable(loaded, keep_deep=True)
        if not all(work.stays for work in group):
            said += (*notes, REDUCED) if source.deep else notes
        report(_DECODED + (_MADE - _DECODED) * len(made) / len(works))
        for work in group:
            if work.stays:
                made.append(_copied(work, source, task))
                continue
            if not work.plan.steps and _goes_as_it_is(work, loaded, source, recipe):
                picture = Picture(loaded.copy(), _profile_of(source))
            else:
                picture = _picture_of(work, base, source, recipe)
            one, more = _finish(work, picture, source, task, recipe)
            made.append(one)
            said += more
            report(_DECODED + (_MADE - _DECODED) * len(made) / len(works))
    if moving:
        animated, notes = _make_animations(moving, source, task, recipe, report)
        made += animated
        said += notes
    for work in documents:
        document, notes = _make_document(work, source, task, recipe, report)
        made.append(document)
        said += notes
    order = [one.output.name for one in works]
    return sorted(made, key=lambda one: order.index(one.name)), said


def _make_deep(work: Work, source: Source, task: Task, recipe: Recipe) -> tuple[Made, tuple[str, ...]] | None:
    """Make an output with colours of 16 bits; None where it gets 8."""
    if not goes_deep(source, work.format, work.output, work.plan, recipe):
        return None
    found = encode_deep(source, work.plan, work.format, work.output, recipe)
    if found is None:
        return None
    content, size, notes = found
    name = name_of(work, size, task, source)
    return Made(work.output.name, name, work.format, content, size), notes


def _make_animations(
    works: Sequence[Work], source: Source, task: Task, recipe: Recipe, report: Callable[[float], None]
) -> tuple[list[Made], tuple[str, ...]]:
    """Decode frame by frame, and let each go through the operations of every output."""
    copied = [one for one in works if one.stays]
    works = [one for one in works if not one.stays]
    frames: list[list[Image.Image]] = [[] for _ in works]
    durations: list[int] = []
    pictures: list[Picture] = []
    for base, milliseconds in each_frame(source):
        durations.append(milliseconds)
        pictures = [_picture_of(work, base, source, recipe) for work in works]
        for picture, done in zip(pictures, frames, strict=True):
            done.append(picture.image)
        report(OPENED + (_MADE - OPENED) * len(durations) / (source.frames + 1))
    timing = Timing(tuple(durations), plays_of(source))
    made = [_copied(work, source, task) for work in copied]
    said: tuple[str, ...] = ()
    for work, done, last in zip(works, frames, pictures, strict=True):
        size = done[0].size
        attached, more = _attached(work, last, source, recipe)
        content, notes = encode_frames(done, timing, work.format, work.output, attached)
        name = name_of(work, size, task, source)
        made.append(Made(work.output.name, name, work.format, content, size))
        said += (*last.notes, *more, *notes)
    return made, said


def _make_document(
    work: Work, source: Source, task: Task, recipe: Recipe, report: Callable[[float], None]
) -> tuple[Made, tuple[str, ...]]:
    """Let each page go through the operations of an output, one at a time as the writer comes to it."""
    said: list[str] = []
    operations = work.output.operations
    size, furthest = work.plan.size, 0

    def page(number: int) -> Image.Image:
        nonlocal size, furthest
        with page_of(source, number) as one:
            refuse_loss(work, one)
            drawn = one.format.drawn
            planned = plan(enlarging(operations) if drawn else operations, one.size)
            check_pixels(*(planned.size if drawn else planned.largest), f"Page {number + 1} would need")
            of_page = replace(work, plan=planned)
            base, notes = scalable(_load([of_page], one, recipe), keep_deep=True)
            picture = _picture_of(of_page, base, one, recipe)
            attached, told = _attached(of_page, picture, one, recipe)
            said.extend((*one.notes, *notes, *picture.notes, *told, *([REDUCED] if one.deep else [])))
            check_sides(picture.image, work.format)
            image = in_mode_of(picture.image, work.format)
            if type(image) is not Image.Image:
                image = image.copy()  # an opened file, which is closed before the page is written
        image.info = {} if attached.icc is None else {"icc_profile": attached.icc}
        size = image.size if number == 0 else size
        furthest = max(furthest, number + 1)
        report(OPENED + (_MADE - OPENED) * furthest / source.pages)
        return image

    with page_of(source, 0) as first:
        policy = policy_of(operations, recipe)
        # Photos of different cameras say different things of their density, which means nothing for pages.
        carried = replace(first.carried, dpi=None) if source.gathered else first.carried
        attached, told = attached_to(carried, policy, work.plan.size, icc=None, srgb=True)
        attached, more = credited(attached, operations, work.format)
    content, notes = encode_pages(page, source.pages, work.format, work.output, attached)
    name = name_of(work, size, task, source)
    made = Made(work.output.name, name, work.format, content, size, source.pages)
    return made, (*said, *told, *more, *notes)


def _load(works: Sequence[Work], source: Source, recipe: Recipe) -> Image.Image:
    if source.format.drawn:
        return load(source, drawn_size(works[0].plan, source.size), fast=recipe.fast).copy()
    needed = needed_size([work.plan for work in works], source.size)
    if needed is not None and source.turned:
        needed = needed[1], needed[0]
    return set_upright(load(source, needed, fast=recipe.fast), source.carried.orientation)


def _goes_as_it_is(work: Work, loaded: Image.Image, source: Source, recipe: Recipe) -> bool:
    """Return whether a palette or bitmap can be written as such, which is smaller and loses nothing."""
    if loaded.mode not in ("1", "P") or not takes_mode(work.format, work.output, loaded.mode):
        return False
    if "transparency" in loaded.info and work.format is not PNG:
        return False
    goal = goal_of(work.output.operations, recipe)
    return goal is Colour.KEEP or (goal is Colour.SRGB and source.carried.icc is None)


def _copied(work: Work, source: Source, task: Task) -> Made:
    """Return the output that is its source again; what the source holds was decoded to its end before."""
    name = name_of(work, source.size, task, source)
    return Made(work.output.name, name, work.format, bytes_of(source), source.size)


def _profile_of(source: Source) -> bytes | None:
    return source.carried.icc if source.header.mode not in ("LAB", "I", "F") else None


def _picture_of(work: Work, base: Image.Image, source: Source, recipe: Recipe) -> Picture:
    return made_of(base, work.plan, source.size, _profile_of(source), work.format, work.output, recipe)


def _attached(
    work: Work, picture: Picture, source: Source, recipe: Recipe
) -> tuple[Attached, tuple[str, ...]]:
    """Return what goes along with an output, and notes on what does not."""
    policy = policy_of(work.output.operations, recipe)
    attached, told = attached_to(
        source.carried, policy, picture.image.size, icc=picture.icc, srgb=picture.converted
    )
    attached, more = credited(attached, work.output.operations, work.format)
    return attached, told + more


def _finish(
    work: Work, picture: Picture, source: Source, task: Task, recipe: Recipe
) -> tuple[Made, tuple[str, ...]]:
    """Bring the finished picture into its format, with what goes along with it."""
    attached, more = _attached(work, picture, source, recipe)
    content, size, notes = encode(picture.image, work.format, work.output, attached)
    name = name_of(work, size, task, source)
    made = Made(work.output.name, name, work.format, content, size)
    return made, (*picture.notes, *more, *notes)
