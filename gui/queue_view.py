"""The table of jobs."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from PySide6.QtCore import (
    QByteArray,
    QItemSelection,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from core.job import ENDED
from gui.column_layout import default_layout, restore_layout, saved_layout
from gui.columns import COLUMNS, MESSAGE, NAME, PREVIEW, QUEUE_PLACE
from gui.queue_model import QueueModel
from gui.relocation import Kept, Relocation
from gui.row_dragging import RowDragging
from gui.table_painter import TablePainter
from gui.theme import SPACE


class QueueView(QTableView):
    """Shows the model; keeps selection, focus and scroll while rows come and go."""

    selection_settled = Signal()
    """The selection changed, or what is selected did."""

    menu_wanted = Signal(QPoint)
    """The context menu is asked for, at this point of the screen."""

    moved = Signal(object, object)
    """Jobs are to go to another place of the queue: their ids, and the id of the one that they are to stand
    before, or None for the end."""

    opened = Signal(int)
    """A job was asked to be opened: its id."""

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setObjectName("queueTable")
        self.setAccessibleName(self.tr("Images in the queue"))
        self.setModel(model)
        self._selected: array[int] | None = None  # the ids of the selected jobs; None when it is not known
        self._dragged = False  # since the mouse button was pressed
        self.dragging = RowDragging(self)
        self.dragging.dropped.connect(self._drop_before)
        self._painter = TablePainter(self, model, self.dragging)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)  # Tab enters and leaves the table
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._set_up_headers()
        model.kept = self._kept
        model.relocating.connect(self._let_go)
        model.relocated.connect(self._relocate)
        model.busy = lambda: bool(QGuiApplication.mouseButtons())
        self.customContextMenuRequested.connect(
            lambda point: self.menu_wanted.emit(self.viewport().mapToGlobal(point))
        )
        self.doubleClicked.connect(lambda index: self.opened.emit(self._model.id_at(index.row())))
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.selectionModel().currentChanged.connect(lambda index, _: self._keep_to_names(index))
        # Qt paints one cell anew, and the frame of the current job goes along its row.
        self.selectionModel().currentRowChanged.connect(lambda *_: self.viewport().update())

    def _set_up_headers(self) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 2 * SPACE)
        header = self.horizontalHeader()
        header.setObjectName("queueHeader")
        header.setSectionsMovable(True)
        # Qt paints the titles of selected columns otherwise, and to know them looks at each cell of a column.
        header.setSelectionModel(QItemSelectionModel(self._model, header))
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.sectionResized.connect(lambda place, *_: self._fill() if place != MESSAGE else None)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._header_menu)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.restore_default_layout()

    # -- dragging -------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let what is selected already be dragged; from other rows on, the mouse selects."""
        row = self.rowAt(event.position().toPoint().y())
        self._dragged = False
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        self.setDragEnabled(plain and row >= 0 and self.selectionModel().isRowSelected(row))
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Leave the selection as it is after a drag, until the button is pressed again."""
        if not self._dragged:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Leave the selection as it is after a drag; without one, a click selects the row alone."""
        if self._dragged:
            self._dragged = False
            self.setState(QAbstractItemView.State.NoState)
            return
        super().mouseReleaseEvent(event)

    def startDrag(self, supportedActions: Qt.DropAction) -> None:  # noqa: ARG002, N802, N803 (Qt's names)
        """Drag the selected rows; Qt's own way would look at each cell of them."""
        self._dragged = True
        self.dragging.start(len(self.selected_ids()), self._model.query)

    def _drop_before(self, row: int) -> None:
        """Tell that the selected jobs are to stand before a row, or before the next one that stays."""
        for part in sorted(self.selectionModel().selection().toList(), key=QItemSelectionRange.top):
            if part.top() <= row <= part.bottom():
                row = part.bottom() + 1
        target = self._model.id_at(row) if row < self._model.rowCount() else None
        known = None if target is None else self._model.cached(target)
        if known is not None and known.state in ENDED:  # what has ended stands behind the queue
            target = None
        self.moved.emit(self.selected_ids(), target)

    # -- selection ------------------------------------------------------------------------------------------

    def selected_ids(self) -> array[int]:
        """Return the ids of the selected jobs, from top to bottom."""
        if self._selected is None:
            ids = array("q")
            for part in sorted(self.selectionModel().selection().toList(), key=QItemSelectionRange.top):
                ids.extend(self._model.ids_between(part.top(), part.bottom()))
            self._selected = ids
        return self._selected[:]

    def _on_selection(self) -> None:
        self._selected = None
        self.selection_settled.emit()

    def _keep_to_names(self, index: QModelIndex) -> None:
        """Let the name be the current cell, wherever the row was clicked: it says the row as one sentence."""
        if index.isValid() and index.column() != NAME:
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(self._model.index(index.row(), NAME), flags.NoUpdate)

    def _kept(self) -> Kept:
        """Return what is to be found again when rows have moved."""
        current = self.currentIndex()
        anchors: Sequence[int] = ()
        if self.verticalScrollBar().value() > 0:  # at the top, the top stays in view
            anchors = self._model.visible_ids()
        return Kept(
            self.selected_ids(), self._model.id_at(current.row()) if current.isValid() else None, anchors
        )

    def _let_go(self) -> None:
        """Forget the selection without a word, as it is about to be made anew: Qt would compare both."""
        self.selectionModel().reset()

    def _relocate(self, kept: Kept, move: Relocation) -> None:
        last = len(COLUMNS) - 1
        chosen = QItemSelection()
        for top, bottom in move.selected:
            chosen.append(QItemSelectionRange(self._model.index(top, 0), self._model.index(bottom, last)))
        flags = QItemSelectionModel.SelectionFlag
        self._selected = None
        self.selectionModel().select(chosen, flags.Select)
        if not move.selected:
            self.selection_settled.emit()
        if move.current is not None:
            self.setAutoScroll(False)  # the current row may be far off what is looked at
            self.selectionModel().setCurrentIndex(self._model.index(move.current, NAME), flags.NoUpdate)
            self.setAutoScroll(True)
        if move.anchor is not None and move.anchor_row is not None and kept.anchors:
            row = max(0, move.anchor_row - move.anchor)
            self.scrollTo(self._model.index(row, 0), QAbstractItemView.ScrollHint.PositionAtTop)

    def _tell_visible(self) -> None:
        self._model.places.want(not self.isColumnHidden(QUEUE_PLACE))
        first = self.rowAt(0)
        last = self.rowAt(self.viewport().height() - 1)
        self._model.set_visible(max(first, 0), last if last >= 0 else self._model.rowCount() - 1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Tell the model which rows are on screen, and paint them."""
        self._tell_visible()
        self._painter.paint(event.rect())

    def moveCursor(  # noqa: N802
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        """Move by rows, which are chosen as a whole: Home and End go to the first and the last one."""
        current, moves = self.currentIndex(), QAbstractItemView.CursorAction
        last, bar = self._model.rowCount() - 1, self.horizontalScrollBar()
        match action:
            case moves.MoveHome:
                return self._model.index(0, max(0, current.column()))
            case moves.MoveEnd:
                return self._model.index(last, max(0, current.column()))
            case moves.MoveLeft | moves.MoveRight:
                bar.setValue(bar.value() + bar.singleStep() * (1 if action is moves.MoveRight else -1))
                return current
        return super().moveCursor(action, modifiers)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Open the current job with Enter; leave other keys to the table."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self._model.id_at(self.currentIndex().row()))
            return
        super().keyPressEvent(event)

    # -- columns --------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Let the columns fill the table."""
        super().resizeEvent(event)
        self._fill()

    def _fill(self) -> None:
        """Give the messages what the other columns leave over, and never less than makes sense."""
        header = self.horizontalHeader()
        if not header.isSectionHidden(MESSAGE):
            spare = self.viewport().width() - header.length()
            least = COLUMNS[MESSAGE].width * self.fontMetrics().horizontalAdvance("0")
            header.resizeSection(MESSAGE, max(least, header.sectionSize(MESSAGE) + spare))

    def restore_default_layout(self) -> None:
        """Show the columns in their first order, widths and visibility."""
        default_layout(self.horizontalHeader(), self.fontMetrics().horizontalAdvance("0"))
        self._fill()

    def save_layout(self) -> QByteArray:
        """Return the columns' order, widths, visibility and sorting."""
        return saved_layout(self.horizontalHeader())

    def restore_layout(self, saved: QByteArray) -> None:
        """Take over a saved layout, also one of a version that had other columns."""
        restore_layout(self.horizontalHeader(), saved)
        self._fill()

    def header_actions(self, menu: QMenu) -> None:
        """Fill a menu with the choice of columns."""
        menu.clear()
        header = self.horizontalHeader()
        shown = len(COLUMNS) - header.hiddenSectionCount()
        for number, column in enumerate(COLUMNS):
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(not header.isSectionHidden(number))
            action.setEnabled(header.isSectionHidden(number) or shown > 1)  # never the last one
            action.toggled.connect(lambda on, n=number: self._show_column(n, on))
        menu.addSeparator()
        menu.addAction(self.tr("Fit widths to contents"), self._fit)
        menu.addAction(self.tr("Restore default columns"), self.restore_default_layout)

    def sort_actions(self, menu: QMenu) -> None:
        """Fill a menu with the columns to sort by, which the header offers to the mouse alone."""
        menu.clear()
        header = self.horizontalHeader()
        chosen, order = header.sortIndicatorSection(), header.sortIndicatorOrder()
        columns = [(place, column.title) for place, column in enumerate(COLUMNS) if place != PREVIEW]
        for place, title in [(-1, self.tr("The order in which they were added")), *columns]:
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(place == chosen)
            action.triggered.connect(lambda _, n=place: self.sortByColumn(n, order))
        menu.addSeparator()
        for title, way in (
            (self.tr("Rising"), Qt.SortOrder.AscendingOrder),
            (self.tr("Falling"), Qt.SortOrder.DescendingOrder),
        ):
            action = menu.addAction(title)
            action.setCheckable(True)
            action.setChecked(way is order)
            action.setEnabled(chosen >= 0)
            action.triggered.connect(lambda _, way=way: self.sortByColumn(chosen, way))

    def _show_column(self, number: int, shown: bool) -> None:
        self.horizontalHeader().setSectionHidden(number, not shown)
        self._fill()

    def _fit(self) -> None:
        header = self.horizontalHeader()
        header.setResizeContentsPrecision(50)  # rows on screen, not a million
        self.resizeColumnsToContents()

    def _header_menu(self, point: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.header_actions(menu)
        menu.popup(self.horizontalHeader().mapToGlobal(point))
