"""Texts that are no language: of twice the length, or in letters that run from right to left."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTranslator

# What must stay as it is: fields of a format, marks of rich text, the patterns of a filter.
_KEPT: Final = re.compile(r"\{[^}]*\}|<[^>]*>|&\w+;|\*\S*|%\w|\n")
_ARABIC: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyz",
    "ابتثجحخدذرزسشصضطظعغفقكلمنه",
)


def twice(text: str) -> str:
    """Return a text of twice the length, as German often has for English."""
    return f"{text} {text.replace('&', '').rstrip('…:')}{text[-1] if text[-1:] in '…:' else ''}"


def mirrored(text: str) -> str:
    """Return a text of the same length in Arabic letters; it means nothing."""
    text = text.replace("&", "")
    parts, at = [], 0
    for kept in _KEPT.finditer(text):
        parts += [text[at : kept.start()].lower().translate(_ARABIC), kept.group()]
        at = kept.end()
    return "".join(parts) + text[at:].lower().translate(_ARABIC)


class Pseudo(QTranslator):
    """Translates every text of the window into one that is no language."""

    def __init__(self, made: Callable[[str], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._made = made

    def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
        return False

    def translate(
        self, context: str, source: str, disambiguation: str | None = None, number: int = -1
    ) -> str | None:
        # Not the names of keys, the direction of the layout, and Qt's own texts with places for numbers.
        if context in ("QShortcut", "QGuiApplication") or "%1" in source:
            return None  # Qt asks its own, where "" would be a translation
        return self._made(source) if source else source
