"""Says what became of the paths that were added."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

from core.intake.adding import AddSummary
from gui import words

_SAID: Final = 3  # archives whose outputs' folder is named


def _tr(text: str) -> str:
    return QCoreApplication.translate("added", text)


def summary_sentence(summary: AddSummary) -> str:
    """Return a summary for people: "Added 214, 3 were here already, 2 are not images."."""
    if not any(
        (
            summary.added,
            summary.duplicates,
            summary.results_count,
            summary.not_images_count,
            summary.left_out_count,
            summary.unreadable_count,
            summary.cancelled,
        )
    ):
        return _tr("No images were found.")
    parts = [_tr("Added {0}").format(words.number(summary.added))]
    for number, one, many in (
        (summary.duplicates, _tr("1 was here already"), _tr("{n} were here already")),
        (
            summary.results_count,
            _tr("1 was made by this recipe and is left out"),
            _tr("{n} were made by this recipe and are left out"),
        ),
        (summary.not_images_count, _tr("1 is not an image"), _tr("{n} are not images")),
        (summary.left_out_count, _tr("1 is left out"), _tr("{n} are left out")),
        (summary.unreadable_count, _tr("1 could not be read"), _tr("{n} could not be read")),
    ):
        if number:
            parts.append(words.count(number, one, many))
    if summary.cancelled:
        parts.append(_tr("then stopped"))
    sentences = [_tr("{0}.").format(_tr(", ").join(parts))]
    if summary.numbered:
        sentences.append(
            words.count(
                summary.numbered,
                _tr("1 could have the name of another and gets a number."),
                _tr("{n} could have the name of another and get a number."),
            )
        )
    for what, folder in summary.homes[:_SAID]:
        text = (
            _tr("What is made of {0} goes to {1}, as there is no original to replace.")
            if summary.without_original
            else _tr("What is made of {0} goes to {1}.")
        )
        sentences.append(
            text.format(words.shown(_tr("links") if what == "links" else what), words.shown(folder))
        )
    return " ".join(sentences)
