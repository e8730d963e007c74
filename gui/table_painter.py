"""Paints the rows of the table in one go.

Qt's own way asks the model seven questions for each cell, each from outside Python: a screenful is a thousand
turns that the window has to wait for while other threads take in images. Here it is one.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPalette
from PySide6.QtWidgets import QTableView

from core.job import Job
from gui.columns import COLUMNS, MESSAGE, PREVIEW, STATE
from gui.queue_model import QueueModel
from gui.row_dragging import RowDragging
from gui.theme import SPACE, state_colours, state_picture

_ICON: Final = 14  # pixels at 100 %
_BAR: Final = 70  # of 255: how much of the bar's colour there is
_GAP: Final = SPACE // 2  # pixels between a cell's edge and its text
_LEFT: Final = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value)
_RIGHT: Final = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)


class TablePainter:
    """Paints what of a table of jobs is visible: selection, stripes, texts, and states as pills and bars."""

    def __init__(self, view: QTableView, model: QueueModel, dragging: RowDragging) -> None:
        self._view = view
        self._dragging = dragging
        self._model = model
        self._plain = QFont()
        self._numbers = QFont()

    def paint(self, area: QRect) -> None:
        """Paint the cells that touch an area of the viewport."""
        view = self._view
        first, last = view.rowAt(area.top()), view.rowAt(area.bottom())
        if first < 0:
            return
        if last < 0:
            last = self._model.rowCount() - 1
        self._plain = view.font()
        self._numbers = QFont(self._plain)
        self._numbers.setFeature(QFont.Tag("tnum"), 1)  # digits of one width
        self._metrics = QFontMetrics(self._plain)
        header = view.horizontalHeader()
        columns = [
            (place, view.columnViewportPosition(place), view.columnWidth(place))
            for place in range(len(COLUMNS))
            if not header.isSectionHidden(place)
        ]
        columns = [one for one in columns if one[1] + one[2] > area.left() and one[1] <= area.right()]
        painter = QPainter(view.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, chosen = view.viewport().width(), view.selectionModel()
        for row in range(first, last + 1):
            box = QRect(0, view.rowViewportPosition(row), width, view.rowHeight(row))
            self._paint_row(painter, row, box, columns, chosen.isSelected(self._model.index(row, 0)))
        current = view.currentIndex()
        if view.hasFocus() and current.isValid() and first <= current.row() <= last:
            self._paint_focus(painter, current.row(), width)
        if self._dragging.line is not None:
            self._paint_drop_line(painter, self._dragging.line, width)
        painter.end()

    def _paint_row(
        self, painter: QPainter, row: int, box: QRect, columns: list[tuple[int, int, int]], selected: bool
    ) -> None:
        palette, role = self._view.palette(), QPalette.ColorRole
        ground = role.Highlight if selected else role.AlternateBase if row % 2 else role.Base
        painter.fillRect(box, palette.color(ground))
        job = self._model.job_at(row)
        if job is None:
            return
        ink = palette.color(role.HighlightedText if selected else role.Text)
        for place, left, width in columns:
            cell = QRect(left, box.top(), width, box.height())
            if place == PREVIEW:
                self._paint_preview(painter, job, cell)
            elif place == STATE:
                self._paint_state(painter, job, cell)
            elif text := self._model.text(job, place):
                painter.setPen(ink)
                self._paint_text(painter, text, place, cell.adjusted(_GAP, 0, -_GAP, 0))

    def _paint_preview(self, painter: QPainter, job: Job, cell: QRect) -> None:
        picture = self._model.thumbnails.of(job)
        if picture is None:
            return
        room = QSizeF(cell.width() - 2 * _GAP, cell.height() - 4)
        size = QSizeF(picture.size()).scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, 0, size.width(), size.height())
        place.moveCenter(QRectF(cell).center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(place, picture, QRectF(picture.rect()))

    def _paint_text(self, painter: QPainter, text: str, place: int, cell: QRect) -> None:
        right = COLUMNS[place].right
        painter.setFont(self._numbers if right else self._plain)
        if self._metrics.horizontalAdvance(text) > cell.width():
            # A name is known by its end, a sentence by its beginning.
            cut = Qt.TextElideMode.ElideRight if place == MESSAGE else Qt.TextElideMode.ElideMiddle
            text = self._metrics.elidedText(text, cut, cell.width())
        painter.drawText(cell, _RIGHT if right else _LEFT, text)

    def _paint_state(self, painter: QPainter, job: Job, cell: QRect) -> None:
        ink, ground = state_colours(job.state)
        word, fraction = self._model.state_text(job), self._model.fraction(job)
        box = QRectF(cell).adjusted(_GAP, 3, -_GAP, -3)
        if fraction is None:
            wanted = _ICON + self._metrics.horizontalAdvance(word) + 2.5 * SPACE
            wanted = min(box.width(), wanted)
            box.setLeft(box.right() - wanted) if self._mirrored() else box.setWidth(wanted)
        pill = QPainterPath()
        pill.addRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.fillPath(pill, ground)
        if fraction is not None:
            self._paint_bar(painter, pill, box, fraction)
        near = SPACE * 0.75
        side = box.right() - near - _ICON if self._mirrored() else box.left() + near
        icon_box = QRectF(side, box.center().y() - _ICON / 2, _ICON, _ICON)
        ratio = self._view.devicePixelRatioF()
        painter.drawPixmap(icon_box.toRect().topLeft(), state_picture(job.state, _ICON, ratio))
        painter.setPen(ink)
        painter.setFont(self._plain)
        words = box.adjusted(SPACE + _ICON, 0, -_GAP, 0)
        if self._mirrored():
            words = box.adjusted(_GAP, 0, -SPACE - _ICON, 0)
        text = self._metrics.elidedText(word, Qt.TextElideMode.ElideRight, int(words.width()) + 1)
        painter.drawText(words.toRect(), _LEFT, text)

    def _mirrored(self) -> bool:
        """Return whether the table is read from right to left."""
        return self._view.isRightToLeft()

    def _paint_bar(self, painter: QPainter, pill: QPainterPath, box: QRectF, fraction: float) -> None:
        colour = bar_colour(self._view.palette())
        done = QRectF(box)
        long = box.width() * max(0.0, min(fraction, 1.0))
        done.setLeft(box.right() - long) if self._mirrored() else done.setWidth(long)
        painter.save()
        painter.setClipPath(pill)
        painter.fillRect(done, colour)
        painter.restore()

    def _paint_focus(self, painter: QPainter, row: int, width: int) -> None:
        view = self._view
        frame = QRect(0, view.rowViewportPosition(row), width - 1, view.rowHeight(row) - 1)
        painter.setPen(focus_ink(view.palette(), selected=view.selectionModel().isRowSelected(row)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)

    def _paint_drop_line(self, painter: QPainter, row: int, width: int) -> None:
        view, last = self._view, self._model.rowCount() - 1
        top = view.rowViewportPosition(min(row, last)) + (view.rowHeight(last) if row > last else 0)
        painter.fillRect(0, top - 2, width, 3, view.palette().color(QPalette.ColorRole.Highlight))


def bar_colour(palette: QPalette) -> QColor:
    """Return the colour of what is done, which is laid over the ground of a running job's pill."""
    colour = QColor(palette.color(QPalette.ColorRole.Highlight))
    colour.setAlpha(_BAR)
    return colour


def focus_ink(palette: QPalette, *, selected: bool) -> QColor:
    """Return the colour of the frame around the current row."""
    role = QPalette.ColorRole
    return palette.color(role.HighlightedText if selected else role.Text)
