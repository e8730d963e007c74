"""Says numbers, sizes, times and states the way people read them."""

from __future__ import annotations

import os
import re
from datetime import datetime
from html import escape
from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QLocale, Qt
from PySide6.QtGui import QGuiApplication

from core.gathered import SUFFIX
from core.job import Attempt, AttemptEnd, Job, JobState, Priority
from core.links.address import is_link, link_name
from gui.language import RECIPES
from gui.sentences import in_language

_KEY: Final = re.compile(r"\(&\w\)|&(?!&)")


def _T(text: str) -> str:  # noqa: N802 - marks a text for translation
    return str(QT_TRANSLATE_NOOP("words", text))


_UNITS: Final = (_T("kB"), _T("MB"), _T("GB"), _T("TB"))


def tr(text: str) -> str:
    """Translate a text that belongs to no single widget."""
    return QCoreApplication.translate("words", text)


def number(value: int) -> str:
    """Return "1,234", parted as the language does."""
    return figure(f"{value:,}")


def figure(text: str) -> str:
    """Return a number that was written as in English, "1,234.5", with the signs that the language has."""
    locale = QLocale()
    return text.translate({ord(","): locale.groupSeparator(), ord("."): locale.decimalPoint()})


def plain(text: str) -> str:
    """Return a label without the mark of its key, and without the sign that something follows.

    Where letters have no keys the mark stands behind: "文件(&F)…".
    """
    return _KEY.sub("", text).rstrip("…:：\u00a0 ")


def inside(text: str) -> str:
    """Return a label fit to stand inside a sentence: in small letters, where nouns are written so."""
    return text if QLocale().language() == QLocale.Language.German else text.lower()


def count(value: int, one: str, many: str) -> str:
    """Return "1 image" or "1,234 images" from two translated texts, of which `many` holds {n}."""
    return one.format(n=value) if value == 1 else many.format(n=number(value))


def images(value: int) -> str:
    """Return "1 image" or "1,234 images"."""
    return count(value, tr("1 image"), tr("{n} images"))


def size(number: int | None) -> str:
    """Return a number of bytes as "3.1 MB" (units of 1,000, as file managers show them)."""
    if number is None:
        return ""
    value, sign = float(abs(number)), "-" if number < 0 else ""
    if value < 1000:
        return f"{sign}{value:.0f} {tr('B')}"
    value, place = value / 1000, 0
    while value >= 999.5 and place + 1 < len(_UNITS):
        value, place = value / 1000, place + 1
    unit = QCoreApplication.translate("words", _UNITS[place])
    digits = 1 if value < 99.95 else 0
    return f"{sign}{figure(f'{value:.{digits}f}')} {unit}"


def saved(before: int | None, after: int | None) -> str:
    """Return how much smaller the outputs are than the source: "72 %"; "−12 %" when they are larger."""
    if not before or after is None:
        return ""
    percent = round(100 * (before - after) / before)
    return f"{percent} %".replace("-", "\u2212")


def seconds(number: float | None) -> str:
    """Return how long something took: "0.32 s", "14 s", "3 min 05 s", "2 h 10 min"."""
    if number is None:
        return ""
    if number < 0.995:
        return tr("{n} s").format(n=figure(f"{number:.2f}"))
    if number < 9.95:
        return tr("{n} s").format(n=figure(f"{number:.1f}"))
    whole = round(number)
    if whole < 60:
        return tr("{n} s").format(n=whole)
    if whole < 3600:
        return tr("{m} min {s} s").format(m=whole // 60, s=f"{whole % 60:02}")
    return tr("{h} h {m} min").format(h=whole // 3600, m=f"{whole % 3600 // 60:02}")


def time_left(number: float) -> str:
    """Return a time to wait for, as coarse as it is uncertain."""
    if number < 10:
        return tr("a few seconds left")
    if number < 60:
        return tr("about {n} s left").format(n=5 * round(number / 5))
    if number < 3600:
        return tr("about {n} min left").format(n=round(number / 60))
    whole = round(number / 600) * 10
    return tr("about {h} h {m:02} min left").format(h=whole // 60, m=whole % 60)


def countdown(number: float) -> str:
    """Return a time until something happens: "9 s", "1:14", "2 h 10 min"."""
    whole = max(0, round(number))
    if whole < 60:
        return tr("{n} s").format(n=whole)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return seconds(number)


def moment(stamp: float | None) -> str:
    """Return a time, in seconds since the epoch, as local date and time; of today the time alone."""
    if stamp is None:
        return ""
    local = datetime.fromtimestamp(stamp).astimezone()
    if local.date() == datetime.now().astimezone().date():
        return f"{local:%H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M}"


def dimensions(width: int | None, height: int | None) -> str:
    """Return "4000 × 3000" pixels."""
    return f"{width} × {height}" if width and height else ""


def priority(number: int) -> str:
    """Return the window's word for a priority, or the number when it has none."""
    match number:
        case Priority.HIGH:
            return tr("High")
        case Priority.NORMAL:
            return tr("Normal")
        case Priority.LOW:
            return tr("Low")
    return f"{number:+d}"


def state(value: JobState) -> str:
    """Return the window's word for a state."""
    return {
        JobState.QUEUED: tr("Queued"),
        JobState.RUNNING: tr("Running"),
        JobState.RETRYING: tr("Retrying"),
        JobState.HELD: tr("Held"),
        JobState.DONE: tr("Done"),
        JobState.SKIPPED: tr("Skipped"),
        JobState.FAILED: tr("Failed"),
        JobState.CANCELLED: tr("Cancelled"),
    }[value]


def attempt_end(value: AttemptEnd) -> str:
    """Return the window's word for how an attempt ended."""
    return {
        AttemptEnd.RUNNING: tr("Running"),
        AttemptEnd.DONE: tr("Done"),
        AttemptEnd.SKIPPED: tr("Skipped"),
        AttemptEnd.FAILED: tr("Failed"),
        AttemptEnd.CANCELLED: tr("Cancelled"),
        AttemptEnd.INTERRUPTED: tr("Interrupted"),
    }[value]


def attempts(job: Job) -> str:
    """Return "2 of 4"; nothing before the first attempt."""
    return tr("{n} of {most}").format(n=job.attempts, most=job.max_retries + 1) if job.attempts else ""


def on_machine(name: str) -> str:
    """Return "On darkroom": which other machine works on an image."""
    return tr("On {0}").format(shown(name))


def worker(attempt: Attempt) -> str:
    """Return what ran an attempt: another machine, by its name, or a worker of this computer."""
    if attempt.machine:
        return shown(attempt.machine)
    return tr("This computer, {0}").format(attempt.worker + 1)


def name_of(path: str) -> str:
    """Return the last part of a path or a link, fit to be shown; of a list, what is made of it."""
    if path.endswith(SUFFIX):
        stem = os.path.basename(path).removesuffix(SUFFIX)  # noqa: PTH119
        return tr("{name} (several images)").format(name=shown(stem))
    return shown(link_name(path) if is_link(path) else os.path.basename(path))  # noqa: PTH119 (many a second)


def without_name(sentence: str, name: str) -> str:
    """Return a sentence without the name that it begins with, for a row that shows the name already."""
    rest = sentence.removeprefix(f"{name} ")
    if rest == sentence:
        return sentence
    rest = rest.removeprefix(tr("is "))
    return rest[:1].upper() + rest[1:]


def folder_of(path: str) -> str:
    """Return the folder of a path, fit to be shown; the home folder as ~."""
    folder = os.path.dirname(path)  # noqa: PTH120
    home = os.path.expanduser("~")  # noqa: PTH111 (text alone: nothing is looked up on a disk)
    if home not in ("", "/") and (folder == home or folder.startswith(home + os.sep)):
        folder = "~" + folder[len(home) :]
    return shown_path(folder)


def shown_path(text: str) -> str:
    """Return a path or link fit to be shown; among words that run from right to left it runs as ever.

    Without the mark at its start (https://unicode.org/reports/tr9/) its first slash would stand at its end.
    """
    mark = "\u200e" if QGuiApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft else ""
    return f"{mark}{shown(text)}"


def tip(text: str) -> str:
    """Return a text for a tool tip, which would take a name that looks like markup for markup."""
    return f"<span>{escape(text)}</span>" if "<" in text or "&lt;" in text else text


def recipe(text: str) -> str:
    """Return the name or the description of a recipe, fit to be shown; translated of a built-in one."""
    return shown(QCoreApplication.translate(RECIPES, text) if text else "")


def said(sentence: str) -> str:
    """Return a sentence that the core made in the language of the window, fit to be shown."""
    return shown(in_language(sentence))


def shown(text: str) -> str:
    """Return a text with a sign in place of what no font can show: names of files may hold any bytes."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
