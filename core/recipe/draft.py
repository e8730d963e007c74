"""A recipe while it is edited: any values in any order, some switched off, some not right yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import tomli_w

from core.errors import BadRecipe, ImageQueueError
from core.formats import format_named
from core.operations import KINDS, Operation, operation_from_mapping, operation_to_mapping
from core.recipe.files import OFF, parse_toml, read_tables
from core.recipe.values import Output, Recipe, output_from_mapping, plain

Kind: TypeAlias = type[Recipe] | type[Output] | type[Operation]
"""What a part of a draft becomes."""

Place: TypeAlias = tuple[int, ...]
"""Where a part stands: () is the recipe, (0,) its first output, (0, 2) the third operation of that."""

_PARTS: Final = {Recipe: "outputs", Output: "operations"}
_BEHIND_FORMAT: Final = 4  # fields of an output that come before the options of its format
_FIELD: Final = re.compile(r"[a-z-]+\.([a-z_]+)|([a-z_]+) takes ")


@dataclass(frozen=True)
class Part:
    """A recipe, an output or an operation as it is being written.

    `values` has its fields by their names; one that is at its default is not among them. It is never changed.
    """

    kind: Kind
    values: Mapping[str, object] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()  # the outputs of a recipe, the operations of an output
    on: bool = True  # what is off is kept, and nothing is made of it

    def value(self, name: str) -> object:
        """Return the value of a field; its default, or None, where it has none of its own."""
        return self.values.get(name, default_of(self.kind, name))

    def with_value(self, name: str, value: object) -> Part:
        """Return this part with another value of a field; None, or the default, takes it away."""
        values = {key: one for key, one in self.values.items() if key != name}
        if value is not None and value != default_of(self.kind, name):
            values[name] = str(value) if isinstance(value, StrEnum) else value
        return replace(self, values=values)

    def with_format(self, name: str | None) -> Part:
        """Return this output in another format, without the options that this does not take."""
        chosen = format_named(name) if name is not None else None
        changed = self.with_value("format", name)
        if chosen is None:
            return changed
        options = [one.name for one in fields(Output)[_BEHIND_FORMAT:]]
        kept = {key: one for key, one in changed.values.items() if key not in options or chosen.takes(key)}
        return replace(changed, values=kept)

    def at(self, path: Place) -> Part:
        """Return the part at a place. Raises IndexError."""
        return self if not path else self.parts[path[0]].at(path[1:])

    def changed(self, path: Place, part: Part) -> Part:
        """Return this with another part at a place."""
        if not path:
            return part
        first = path[0]
        inner = self.parts[first].changed(path[1:], part)
        return replace(self, parts=(*self.parts[:first], inner, *self.parts[first + 1 :]))

    def added(self, path: Place, part: Part) -> Part:
        """Return this with one more part, before the one that is at a place now, or as the last there."""
        above, place = self.at(path[:-1]), path[-1]
        parts = (*above.parts[:place], part, *above.parts[place:])
        return self.changed(path[:-1], replace(above, parts=parts))

    def without(self, path: Place) -> Part:
        """Return this without the part at a place."""
        above, place = self.at(path[:-1]), path[-1]
        parts = (*above.parts[:place], *above.parts[place + 1 :])
        return self.changed(path[:-1], replace(above, parts=parts))

    def moved(self, path: Place, to: Place) -> tuple[Part, Place]:
        """Return this with a part at another place, counted before it is moved, and where that is then.

        Outputs stay outputs of the recipe, and operations go to any output.
        """
        part = self.at(path)
        taken = self.without(path)
        if path[:-1] == to[:-1] and to[-1] > path[-1]:
            to = (*to[:-1], to[-1] - 1)
        return taken.added(to, part), to

    def each(self) -> Iterator[tuple[Place, Part]]:
        """Yield every part with its place, from the recipe down."""
        yield (), self
        for place, part in enumerate(self.parts):
            yield from (((place, *path), one) for path, one in part.each())


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a part cannot be as it is."""

    path: Place
    field: str  # the name of the field; "" when it is not one alone
    sentence: str


def default_of(kind: Kind, name: str) -> object:
    """Return the default of a field; None for one that has to be given."""
    found = next(one.default for one in fields(kind) if one.name == name)
    if found is MISSING:
        return None
    return str(found) if isinstance(found, StrEnum) else found


def draft_of(recipe: Recipe) -> Part:
    """Return a recipe as a draft."""
    outputs = []
    for output in recipe.outputs:
        steps = tuple(_part(type(one), operation_to_mapping(one)) for one in output.operations)
        outputs.append(replace(_part(Output, plain(output)), parts=steps))
    return replace(_part(Recipe, plain(recipe)), parts=tuple(outputs))


def _part(kind: Kind, values: Mapping[str, object]) -> Part:
    part = Part(kind)
    for one in fields(kind):
        if one.name in values and one.name != _PARTS.get(kind):
            part = part.with_value(one.name, values[one.name])
    return part


# -- what a draft becomes -----------------------------------------------------------------------------------


def recipe_of(draft: Part) -> Recipe:
    """Return the recipe that a draft describes, of what is switched on. Raises BadRecipe or BadName."""
    outputs = [one for one in draft.parts if one.on]
    if not outputs:
        raise BadRecipe("outputs takes one at least that is switched on.")
    return Recipe.from_mapping({**draft.values, "outputs": [_output_values(one) for one in outputs]})


def _output_values(output: Part) -> dict[str, object]:
    return {**output.values, "operations": [_step_values(one) for one in output.parts if one.on]}


def _step_values(step: Part) -> dict[str, object]:
    return {"do": _word(step), **step.values}


def _word(step: Part) -> str:
    return next(word for word, kind in KINDS.items() if kind is step.kind)


def problems_of(draft: Part) -> list[Problem]:
    """Return what keeps a draft from being a recipe, one for each part at most; what is off has none."""
    found: list[Problem] = []
    for number, output in enumerate(draft.parts):
        if not output.on:
            continue
        before = len(found)
        for place, step in enumerate(output.parts):
            if step.on:
                values = _step_values(step)
                _try(found, (number, place), step.kind, partial(operation_from_mapping, values))
        # Where its operations are not right yet, what it says itself may be.
        whole = output if len(found) == before else replace(output, parts=())
        _try(found, (number,), Output, partial(output_from_mapping, _output_values(whole)))
    if found:
        draft = replace(draft, parts=(Part(Output, {"name": "output"}),))
    before = len(found)
    _try(found, (), Recipe, partial(recipe_of, draft))
    return [*found[:before], *(_at_output(one, draft) for one in found[before:])]


def _at_output(problem: Problem, draft: Part) -> Problem:
    """Return a problem of a recipe at the output that it is of, where that can be told."""
    on = [number for number, one in enumerate(draft.parts) if one.on]
    names = [str(draft.parts[number].value("name")).casefold() for number in on]
    for number, name in zip(on, names, strict=True):
        if name in names[: on.index(number)]:
            return replace(problem, path=(number,), field="name")
    if problem.sentence.startswith("outputs.template") and on:
        return replace(problem, path=(on[-1],), field="template")
    return problem


def _try(found: list[Problem], path: Place, kind: Kind, make: Callable[[], object]) -> None:
    try:
        make()
    except ImageQueueError as error:
        sentence = str(error)
        match = _FIELD.match(sentence)
        name = (match[1] or match[2]) if match is not None else ""
        known = [one.name for one in fields(kind)]
        found.append(Problem(path, name if name in known else "", sentence))


# -- TOML ---------------------------------------------------------------------------------------------------


def draft_toml(draft: Part) -> str:
    """Return a draft as TOML that `read_draft` reads; for a recipe file what is off is not there."""
    outputs = []
    for output in draft.parts:
        steps = [_step_values(one) | _off(one) for one in output.parts]
        values = dict(output.values) | _off(output)
        outputs.append(values | {"operations": steps} if steps else values)
    return tomli_w.dumps({**draft.values, "outputs": outputs})


def _off(part: Part) -> dict[str, object]:
    return {} if part.on else {OFF: True}


def read_draft(text: str, *, beside: Path | None = None) -> Part:
    """Return the draft in a TOML text. Raises BadRecipe for what is no recipe, off parts apart."""
    parse_toml(text, beside=beside)  # which checks all that is on
    values = read_tables(text, beside=beside)
    listed = values.pop("outputs", None)
    outputs = [_read_output(one) for one in listed] if isinstance(listed, list) else []
    return replace(_read_part(Recipe, values), parts=tuple(outputs))


def _read_output(values: object) -> Part:
    rest = dict(_table(values, "outputs"))
    listed = rest.pop("operations", [])
    if not isinstance(listed, list):
        raise BadRecipe(f"outputs.operations takes a list of tables, not {listed!r}.")
    return replace(_read_part(Output, rest), parts=tuple(_read_step(one) for one in listed))


def _read_step(values: object) -> Part:
    rest = dict(_table(values, "outputs.operations"))
    word = rest.pop("do", None)
    if not isinstance(word, str) or word not in KINDS:
        raise BadRecipe(f"operations.do takes one of {', '.join(KINDS)}, not {word!r}.")
    return _read_part(KINDS[word], rest)


def _read_part(kind: Kind, values: Mapping[str, object]) -> Part:
    known = [one.name for one in fields(kind)]
    for name in values:
        if name not in known and name not in (OFF, "version"):
            raise BadRecipe(f"There is no field {name!r}; there are {', '.join(known)}.")
    return replace(_part(kind, values), on=not values.get(OFF, False))


def _table(values: object, what: str) -> dict[str, object]:
    if not isinstance(values, dict):
        raise BadRecipe(f"{what} takes tables, not {values!r}.")
    return values
