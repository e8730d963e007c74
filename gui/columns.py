"""The columns of the table: what each is called, shows, and sorts by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from core.job import Job, JobState
from core.status import SortKey
from gui import words


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    key: str  # stable: the kept layout names it
    _title: str
    width: int  # in widths of a digit; the messages take what is left over, too
    sort: SortKey
    text: Callable[[Job], str]
    right: bool = False  # aligned right, with digits of equal width
    shown: bool = True  # before the user has chosen
    _tip: str = ""

    @property
    def title(self) -> str:
        """What the header says."""
        return QCoreApplication.translate("columns", self._title)

    @property
    def tip(self) -> str:
        """What the header explains."""
        return QCoreApplication.translate("columns", self._tip) if self._tip else self.title


def _message(job: Job) -> str:
    if job.error is not None and job.state in (JobState.FAILED, JobState.RETRYING, JobState.QUEUED):
        return words.without_name(words.said(job.error.message), words.name_of(job.source))
    if job.state is JobState.RUNNING and job.machine:
        return words.on_machine(job.machine)
    return words.said(job.reason)


def _T(text: str) -> str:  # noqa: N802 - marks a text for translation
    return str(QT_TRANSLATE_NOOP("columns", text))


def _by_model(_job: Job) -> str:
    raise NotImplementedError("the model knows it: it changes while the job does not")


COLUMNS: Final[tuple[Column, ...]] = (
    Column(
        "place", _T("#"), 6, SortKey.ORDER, _by_model,
        right=True, _tip=_T("Place in the queue. Sorted by it, images can be dragged to another place."),
    ),
    Column("preview", _T("Preview"), 7, SortKey.ADDED, lambda _: "", _tip=_T("What the image looks like")),
    Column("name", _T("Name"), 24, SortKey.NAME, lambda job: words.name_of(job.source)),
    Column("folder", _T("Folder"), 26, SortKey.FOLDER, lambda job: words.folder_of(job.source), shown=False),
    Column("state", _T("State"), 17, SortKey.STATE, lambda job: words.state(job.state)),
    Column(
        "priority", _T("Priority"), 9, SortKey.PRIORITY, lambda job: words.priority(job.priority),
        _tip=_T("Higher ones run first"),
    ),
    Column(
        "message", _T("Message"), 16, SortKey.ERROR, _message,
        _tip=_T("Why it failed, waits or was skipped, and which other machine works on it"),
    ),
    Column(
        "before", _T("Before"), 9, SortKey.SOURCE_BYTES, lambda job: words.size(job.source_bytes),
        right=True, _tip=_T("Size of the source"),
    ),
    Column(
        "after", _T("After"), 9, SortKey.OUTPUT_BYTES, lambda job: words.size(job.output_bytes),
        right=True, _tip=_T("Size of all outputs together"),
    ),
    Column(
        "saved", _T("Saved"), 7, SortKey.SAVED, lambda job: words.saved(job.source_bytes, job.output_bytes),
        right=True, _tip=_T("How much smaller the outputs are than the source"),
    ),
    Column(
        "dimensions", _T("Dimensions"), 15, SortKey.DIMENSIONS,
        lambda job: words.dimensions(job.width, job.height), right=True, shown=False,
        _tip=_T("Width and height of the source, pixels"),
    ),
    Column(
        "recipe", _T("Recipe"), 22, SortKey.RECIPE, lambda job: words.recipe(job.recipe_name),
        shown=False,
    ),
    Column(
        "attempts", _T("Attempts"), 10, SortKey.ATTEMPTS, words.attempts,
        right=True, shown=False, _tip=_T("Attempts so far, of those that it may have"),
    ),
    Column(
        "due", _T("Retry in"), 10, SortKey.DUE, _by_model,
        right=True, shown=False, _tip=_T("Time left until it is tried again"),
    ),
    Column(
        "seconds", _T("Took"), 9, SortKey.SECONDS, lambda job: words.seconds(job.seconds),
        right=True, shown=False, _tip=_T("How long the last attempt took"),
    ),
    Column(
        "added", _T("Added"), 18, SortKey.ADDED, lambda job: words.moment(job.added_at),
        right=True, shown=False,
    ),
)  # fmt: skip

PLACES: Final = {column.key: place for place, column in enumerate(COLUMNS)}
QUEUE_PLACE: Final = PLACES["place"]
PREVIEW: Final = PLACES["preview"]
NAME: Final = PLACES["name"]
STATE: Final = PLACES["state"]
PRIORITY: Final = PLACES["priority"]
MESSAGE: Final = PLACES["message"]
DUE: Final = PLACES["due"]
