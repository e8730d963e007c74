"""Name templates: what may stand in them, what is refused, and how they are filled in."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from core.errors import BadName, BadRecipe

TEMPLATE_FIELDS: Final = (
    *("stem", "ext", "width", "height", "output", "index"),
    *("date", "time", "camera"),
)
"""What a name template may hold between braces.

`stem`: the source's name without its suffix. `ext`: the source's suffix without the dot. `width`, `height`:
of the output, pixels. `output`: the output's name. `index`: the source's place in its batch, from 1; with a
width, `{index:04}`, it is led by zeros. `date`, `time`: when the image was taken by its EXIF, or else when
its file was changed, as 2026-11-25 and 10-31-05, or as a pattern says: `{date:%Y-%m}`. `camera`: the model.
What is not known is the word `UNKNOWN`. The output's own suffix is always added. A `/` makes folders below
the target folder.
"""

UNKNOWN: Final = "unknown"
"""What stands for a date that cannot be told, a camera that is not named, and a folder without a name."""

_PATTERNS: Final = {"date": "%Y-%m-%d", "time": "%H-%M-%S"}
_DIRECTIVE: Final = re.compile(r"%(.?)", re.DOTALL)
_DIRECTIVES: Final = "YymdHMSj"  # those of `strftime` that are numbers alone: no language has a part in them
_WIDTH: Final = re.compile(r"0(?:[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or a time in a template, which is formatted by the pattern that stands there."""

    at: datetime | None
    pattern: str  # where the template has none

    def __format__(self, pattern: str) -> str:
        return UNKNOWN if self.at is None else self.at.strftime(pattern or self.pattern)


def moments(at: datetime | None) -> dict[str, Moment]:
    """Return what `{date}` and `{time}` stand for."""
    return {name: Moment(at, pattern) for name, pattern in _PATTERNS.items()}


@lru_cache(maxsize=256)
def fields_of(template: str) -> frozenset[str]:
    """Return the names of the fields in a template that was checked."""
    return frozenset(field for _, field, _, _ in string.Formatter().parse(template) if field is not None)


def filled(template: str, values: Mapping[str, object]) -> str:
    """Return a checked template with its values; a folder that comes out empty is `UNKNOWN`."""
    text = template.format_map(values)
    if "/" not in template:
        return text
    *folders, name = text.split("/")
    return "/".join([*(one.strip() or UNKNOWN for one in folders), name])


def check_template(template: object) -> None:
    """Raise BadRecipe for a name template that cannot be read, BadName for one that leaves the folder."""
    if not isinstance(template, str) or not template.strip():
        raise BadRecipe(f"outputs.template takes a name such as {{stem}}-{{output}}, not {template!r}.")
    if any(sign in "\\\x7f" or sign < " " for sign in template):
        raise BadName(f"outputs.template {template!r} holds a sign that no name can have.")
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise BadRecipe(f"outputs.template {template!r} cannot be read: {error}.") from error
    shape = ""
    for literal, field, spec, conversion in parts:
        shape += literal
        if field is None:
            continue
        if field not in TEMPLATE_FIELDS or conversion:
            known = ", ".join(f"{{{one}}}" for one in TEMPLATE_FIELDS)
            raise BadRecipe(f"outputs.template takes {known}, not {{{field}}}.")
        if spec:
            _check_spec(field, spec)
        shape += _DIRECTIVE.sub("0", spec) if spec and field in _PATTERNS else "x"
    if any(one.strip() in ("", ".", "..") for one in shape.split("/")):
        raise BadName(
            f"outputs.template {template!r} leaves the target folder, or has a folder without a name."
        )


def _check_spec(field: str, spec: str) -> None:
    if field == "index":
        if not _WIDTH.fullmatch(spec):
            raise BadRecipe(
                f"outputs.template takes {{index:04}}, with a width from 01 to 012, not {{index:{spec}}}."
            )
        return
    if field not in _PATTERNS:
        raise BadRecipe(f"outputs.template takes {{{field}}} as it is, not {{{field}:{spec}}}.")
    wrong = [sign for sign in _DIRECTIVE.findall(spec) if not sign or sign not in _DIRECTIVES]
    rest = _DIRECTIVE.sub("", spec)
    if wrong or any(sign in ':*?"<>|{}' or not sign.isprintable() for sign in rest):
        known = ", ".join(f"%{one}" for one in _DIRECTIVES)
        raise BadRecipe(
            f"outputs.template takes a pattern such as {{{field}:%Y-%m}}, of {known} and signs that a name "
            f"can have, not {{{field}:{spec}}}."
        )


def regex_of(field: str, spec: str | None) -> str:
    """Return a regular expression for what a field of a checked template can have become."""
    if field in _PATTERNS:
        parts = re.split(r"(%.)", spec or _PATTERNS[field])
        pattern = "".join(r"\d+" if one.startswith("%") else re.escape(one) for one in parts)
        return f"(?:{pattern}|{UNKNOWN})"
    return {"ext": "[^./]*", "camera": "[^/]+"}.get(field, r"\d+")
