"""Paints the cells that are more than a name: the state as a pill or a bar, and sentences."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from core.job import Job
from gui.queue_model import FRACTION_ROLE, JOB_ROLE
from gui.theme import SPACE, state_colours, state_icon

_ICON = 14  # pixels at 100 %


class SentenceDelegate(QStyledItemDelegate):
    """Paints sentences, which are cut at their end; names are cut in the middle."""

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Elide at the right."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class StateDelegate(QStyledItemDelegate):
    """Paints the column of states."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint the cell's ground as the style does, and the pill on it."""
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        job = index.data(JOB_ROLE)
        if not isinstance(job, Job):
            return
        text_colour, ground = state_colours(job.state)
        word = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        fraction = index.data(FRACTION_ROLE)
        metrics = QFontMetrics(option.font)
        box = QRectF(option.rect).adjusted(SPACE / 2, 3, -SPACE / 2, -3)
        wanted = _ICON + metrics.horizontalAdvance(word) + 2.5 * SPACE
        if fraction is None:
            box.setWidth(min(box.width(), wanted))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pill = QPainterPath()
        pill.addRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.fillPath(pill, ground)
        if fraction is not None:
            self._paint_bar(painter, pill, box, fraction, option.palette)
        icon_box = QRectF(box.left() + SPACE * 0.75, box.center().y() - _ICON / 2, _ICON, _ICON)
        state_icon(job.state).paint(painter, icon_box.toRect())
        painter.setPen(text_colour)
        painter.setFont(option.font)
        words = box.adjusted(SPACE + _ICON, 0, -SPACE / 2, 0)
        painter.drawText(
            words,
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            metrics.elidedText(word, Qt.TextElideMode.ElideRight, int(words.width())),
        )
        painter.restore()

    @staticmethod
    def _paint_bar(
        painter: QPainter, pill: QPainterPath, box: QRectF, fraction: float, palette: QPalette
    ) -> None:
        colour = QColor(palette.color(QPalette.ColorRole.Highlight))
        colour.setAlpha(70)
        painter.save()
        painter.setClipPath(pill)
        done = QRectF(box)
        done.setWidth(box.width() * max(0.0, min(fraction, 1.0)))
        painter.fillRect(done, colour)
        painter.restore()

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the room that the longest pill needs."""
        hint: QSize = super().sizeHint(option, index)
        return QSize(hint.width() + _ICON + 3 * SPACE, hint.height())
