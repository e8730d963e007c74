"""The list of what would be made of images, and what it comes to in all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from core.dry_run import Foreseen, Totals, Would
from core.job import JobState
from gui import words
from gui.theme import icon

_SIGNS: Final = {
    Would.WRITE: f"state-{JobState.DONE}",
    Would.SKIP: f"state-{JobState.SKIPPED}",
    Would.FAIL: f"state-{JobState.FAILED}",
}
Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()


class ForeseenModel(QAbstractTableModel):
    """The lines of the list; it only grows, or is emptied."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._lines: list[tuple[Would, tuple[str, ...]]] = []

    def add(self, lines: Sequence[tuple[Would, tuple[str, ...]]]) -> None:
        """Add lines at the end."""
        if lines:
            self.beginInsertRows(QModelIndex(), len(self._lines), len(self._lines) + len(lines) - 1)
            self._lines += lines
            self.endInsertRows()

    def clear(self) -> None:
        """Remove all lines."""
        self.beginResetModel()
        self._lines = []
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Return the number of lines."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: ARG002, N802
        """Return the number of columns."""
        return 5

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows."""
        would, texts = self._lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return words.tip(texts[index.column()]) or None
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return icon(_SIGNS[would])
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (2, 3):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            return ", ".join(filter(None, texts))
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        """Return the title of a column."""
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return (
            self.tr("Would"), self.tr("File"), self.tr("Pixels"), self.tr("About"), self.tr("Of, or why"),
        )[section]  # fmt: skip


def lines_of(row: Foreseen) -> list[tuple[Would, tuple[str, ...]]]:
    """Return the lines for one source: one for each file, or one that says why there is none."""
    source = words.shown_path(row.source)
    if row.would is not Would.WRITE or not row.files:
        verb = {
            Would.SKIP: words.tr("skip"), Would.FAIL: words.tr("fail"), Would.WRITE: words.tr("download"),
        }[row.would]  # fmt: skip
        why = row.reason if row.error is None else row.error.message
        return [(row.would, (verb, source, "", "", words.said(why)))]
    return [
        (
            row.would,
            (
                words.tr("replace") if one.replaces else words.tr("write"),
                words.shown_path(one.path),
                f"{one.width} × {one.height}",
                words.size(one.bytes),
                f"{source}  {words.said(row.reason)}".rstrip(),
            ),
        )
        for one in row.files
    ]


def totals_sentence(totals: Totals) -> str:
    """Return what a run would do in all."""
    said = words.tr("{0} new files, {1} replaced, of {2}; {3} skipped, {4} failed.").format(
        words.number(totals.files), words.number(totals.replaced), words.images(totals.write),
        words.number(totals.skip), words.number(totals.fail),
    )  # fmt: skip
    if totals.bytes:
        said += " " + words.tr("Together about {0}").format(words.size(totals.bytes))
        if totals.margin:
            said += words.tr(", give or take {0}").format(words.size(totals.margin))
        if totals.sampled:
            said += words.tr(", as {0} made in memory tell").format(words.images(totals.sampled))
        said += "."
    return said
