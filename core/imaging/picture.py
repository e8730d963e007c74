"""Makes the finished picture of one output from the loaded image: its shape, its colours, its marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from PIL import Image

from core.errors import CannotEncode
from core.formats import Format
from core.imaging.colour import REDUCED, laid_on, mode_of, space_of, to_eight, to_profile, to_srgb
from core.imaging.effects import Effect, needs_eight, needs_srgb
from core.imaging.encode import takes_alpha, takes_mode
from core.imaging.plan import Apply, Plan, Size, Step, Trim, parted, plan
from core.imaging.profiles import display_p3, goal_of
from core.imaging.transform import perform
from core.recipe import Colour, Output, Recipe


@dataclass(frozen=True)
class Picture:
    """The pixels of an output, and what they mean."""

    image: Image.Image
    icc: bytes | None  # the profile that its colours are in; None for sRGB
    converted: bool = False  # whether its colours were brought to sRGB from another profile
    notes: tuple[str, ...] = field(default=())


def made_of(
    base: Image.Image,
    planned: Plan,
    full: Size,
    icc: bytes | None,
    chosen: Format,
    output: Output,
    recipe: Recipe,
) -> Picture:
    """Return the picture that an output is to have, without transparency where its format has none.

    base: in a mode of `colour.scalable`, perhaps smaller than `full`. icc: the profile of its colours. They
    are converted once: before the first step that puts colours in, or else at the end, when there are fewest
    pixels. Raises CannotEncode where the format cannot hold the colours.
    """
    goal = goal_of(output.operations, recipe)
    first, rest = parted(planned.steps)
    image = perform(base, first, full, background=recipe.background, fast=recipe.fast)
    picture = Picture(image, icc)
    if rest:
        effects = tuple(_effects(rest, image.size))
        picture, goal = _ready(picture, effects, goal)
        before = Colour.SRGB if isinstance(goal, bytes) and mode_of(goal) != "RGB" else goal
        picture = _coloured(picture, before, chosen, output, recipe)
        painted = perform(
            picture.image,
            rest,
            image.size,
            background=recipe.background,
            fast=recipe.fast,
            icc=picture.icc,
        )
        picture = replace(picture, image=painted)
        if before is not goal:
            picture = _coloured(picture, goal, chosen, output, recipe)
    else:
        picture = _coloured(picture, goal, chosen, output, recipe)
    if takes_alpha(chosen, output):
        return picture
    return replace(picture, image=laid_on(picture.image, recipe.background, picture.icc))


def _effects(steps: Sequence[Step], size: Size) -> Iterator[Effect]:
    for step in steps:
        if isinstance(step, Apply):
            yield step.effect
        elif isinstance(step, Trim):
            yield from _effects(plan(step.rest, size).steps, size)


def _ready(
    picture: Picture, effects: Sequence[Effect], goal: Colour | bytes
) -> tuple[Picture, Colour | bytes]:
    """Return the picture in samples that the steps can be performed on, and the colours it can end in."""
    image, icc = picture.image, picture.icc
    if image.mode == "I;16" and (icc is not None or any(needs_eight(one) for one in effects)):
        picture = replace(picture, image=to_eight(image), notes=(*picture.notes, REDUCED))
    unfit = icc is not None and image.mode != "CMYK" and space_of(icc) not in ("RGB ", "sRGB")
    if image.mode == "CMYK":
        unfit = any(needs_srgb(one) for one in effects)
    if any(type(one).do == "grey" for one in effects) or (unfit and goal is Colour.KEEP):
        goal = Colour.SRGB
    return picture, goal


def _coloured(
    picture: Picture, goal: Colour | bytes, chosen: Format, output: Output, recipe: Recipe
) -> Picture:
    """Return the picture with its colours as the goal says, in a mode that the format takes."""
    image, icc, notes = picture.image, picture.icc, picture.notes
    if goal == display_p3() and image.mode in ("L", "LA", "I;16"):
        goal = Colour.SRGB  # grey is the same in both, and stays grey
    if image.mode == "I;16" and (isinstance(goal, bytes) or not takes_mode(chosen, output, "I;16")):
        image = to_eight(image)
        notes = (*notes, REDUCED)
    if not chosen.keeps("ICC") and (isinstance(goal, bytes) or (goal is Colour.KEEP and icc is not None)):
        goal = Colour.SRGB
        notes = (*notes, f"Its colours were converted to sRGB: {chosen.spoken} holds no colour profile.")
    if isinstance(goal, bytes):
        mode = mode_of(goal)
        if mode is None or not (takes_mode(chosen, output, mode) or mode == "L"):
            raise CannotEncode(f"{chosen.spoken} cannot hold the {mode} colours of the profile.")
        if mode == "CMYK":
            image = laid_on(image, recipe.background, icc)
        image, more = to_profile(image, icc, goal)
        return Picture(image, goal, False, notes + more)
    if image.mode == "I;16" or (goal is Colour.KEEP and takes_mode(chosen, output, _opaque(image.mode))):
        return replace(picture, image=image, notes=notes)
    image, more = to_srgb(image, icc)
    return Picture(image, None, icc is not None or picture.converted, notes + more)


def _opaque(mode: str) -> str:
    return mode[:-1] if mode in ("LA", "RGBA") else mode
