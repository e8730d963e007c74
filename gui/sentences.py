"""Says the core's sentences in the language of the window.

The core knows nothing of Qt: it makes its sentences in English, and the store keeps them so. What they are
made from stands in a list, which is read out of its code: "{0} is empty." By it a sentence is told, and said
in another language with the same values.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from string import Formatter
from typing import Final

from PySide6.QtCore import QCoreApplication

from gui.language import CORE

_LONGEST: Final = 4_000  # characters; what is longer stays as it is
_LEAST: Final = 4  # characters of its own that tell a sentence from any other
_ENDS: Final = re.compile(r"(?<=[.!?]) (?=[A-Z])")


@dataclass(frozen=True, slots=True)
class _Form:
    """What a sentence is made from."""

    source: str  # with {0}, {1} ... for values
    pattern: str  # a regular expression; the few that are looked for are compiled then
    longest: str  # of the parts between the values
    weight: int  # signs of all these parts
    values: bool  # whether there are values


def in_language(sentence: str) -> str:
    """Return a sentence of the core, or a few of them, translated; as it is where that cannot be."""
    return _translated(sentence) if _spoken() else sentence


def prepare() -> None:
    """Read the list of forms in a thread where it will be needed: 10 ms that no sentence has to wait for."""
    if _spoken():
        threading.Thread(target=_forms, name="sentences", daemon=True).start()


def forget() -> None:
    """Forget what was translated, as another language is spoken from now on."""
    _translated.cache_clear()
    _spoken.cache_clear()


@cache
def _spoken() -> bool:
    """Whether there are translations at all: looking for them costs more than to know that."""
    return bool(QCoreApplication.translate(CORE, "language") != "language")


@lru_cache(4096)
def _translated(sentence: str) -> str:
    if len(sentence) > _LONGEST:
        return sentence
    whole = _by_form(sentence)
    if whole is not None:
        return whole
    parts = _ENDS.split(sentence)
    if len(parts) == 1:
        return sentence
    return " ".join(_by_form(part) or part for part in parts)


def _by_form(sentence: str) -> str | None:
    for form in _forms():
        if form.longest in sentence and (found := _compiled(form.pattern).fullmatch(sentence)):
            said = QCoreApplication.translate(CORE, form.source)
            if said == form.source:
                return None
            return said.format(*(_by_form(value) or value for value in found.groups()))
    return None


@cache
def _forms() -> tuple[_Form, ...]:
    """All forms, those that say most themselves first: they are the surest."""
    text = (resources.files("resources") / "translations" / "sentences.txt").read_text("utf-8")
    forms = [_form(line) for line in text.splitlines()]
    return tuple(
        sorted(
            (form for form in forms if form.weight >= _LEAST or not form.values),
            key=lambda form: -form.weight,
        )
    )


def _form(source: str) -> _Form:
    pattern, own = "", []
    for literal, field, _, _ in Formatter().parse(source):
        if literal:
            own.append(literal)
            pattern += re.escape(literal)
        if field is not None:
            pattern += "(.*?)"
    return _Form(source, pattern, max(own, key=len), sum(map(len, own)), "(.*?)" in pattern)


@lru_cache(500)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
