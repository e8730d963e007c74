"""The parts of a recipe as a tree: outputs with their operations, switched on and off, moved by drag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QDragEnterEvent, QDragMoveEvent, QDropEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem, QWidget

from core.recipe import Output
from core.recipe.draft import Part, Place, Problem
from gui.recipes import labels
from gui.theme import SPACE, icon, theme_signals

_PLACE: Final = Qt.ItemDataRole.UserRole
_ICON: Final = 16  # pixels at 100 %


class Outline(QTreeWidget):
    """What a recipe is made of. It shows a draft and says what is wished; it changes nothing by itself."""

    chosen = Signal(object)  # the place of the part that is looked at now
    switched = Signal(object, bool)  # the place of a part, and whether it is on
    moved = Signal(object, object)  # the place of a part, and the one that it is dragged to, counted before
    removed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipeOutline")
        self.setAccessibleName(self.tr("Outputs and operations"))
        self.setHeaderHidden(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setExpandsOnDoubleClick(False)
        self.setItemsExpandable(False)
        self.setRootIsDecorated(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.header().setStretchLastSection(True)
        self.setIconSize(QSize(_ICON, _ICON))
        self._filling = False
        self._shown: dict[Place, tuple[Part, Problem | None, bool]] = {}
        theme_signals().changed.connect(self._forget)  # the icons have other colours then
        self.currentItemChanged.connect(self._on_current)
        self.itemChanged.connect(self._on_changed)

    def show_draft(self, draft: Part, problems: Sequence[Problem], chosen: Place, *, editable: bool) -> None:
        """Show a draft, with one of its parts chosen."""
        wrong = {one.path: one for one in problems}
        self._filling = True
        self.setDragEnabled(editable)
        places = [path for path, _ in draft.each()]
        if places != self._places():
            self.clear()
            self._shown = {}
            items: dict[Place, QTreeWidgetItem] = {}
            for path in places:
                item = QTreeWidgetItem()
                item.setData(0, _PLACE, path)
                item.setSizeHint(0, QSize(0, self.fontMetrics().height() + SPACE))
                items[path] = item
                if len(path) < 2:  # the settings for all stand beside the outputs
                    self.addTopLevelItem(item)
                else:
                    items[path[:-1]].addChild(item)
            self.expandAll()
        for path, part in draft.each():
            shown = (part, wrong.get(path), editable)
            if self._shown.get(path) != shown:
                self._shown[path] = shown
                self._fill(self.item_at(path), path, part, wrong.get(path), editable=editable)
        self.setCurrentItem(self.item_at(chosen))
        self._filling = False

    def _forget(self) -> None:
        self._shown = {}

    def _fill(
        self, item: QTreeWidgetItem, path: Place, part: Part, problem: Problem | None, *, editable: bool
    ) -> None:
        name = str(part.value("name") or "") if part.kind is Output else ""
        heading, said = name or labels.title(part.kind), labels.summary(part)
        text = f"{heading} · {said}" if said else heading
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if path:
            if editable:
                flags |= Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsDragEnabled
            item.setCheckState(0, Qt.CheckState.Checked if part.on else Qt.CheckState.Unchecked)
        if editable:
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        item.setFlags(flags)
        item.setText(0, text)
        item.setIcon(0, icon("warning") if problem is not None else QIcon())
        tip = labels.sentence(part, problem.field, problem.sentence) if problem is not None else text
        item.setToolTip(0, tip)
        font = item.font(0)
        font.setBold(len(path) < 2)
        font.setStrikeOut(not part.on)
        item.setFont(0, font)
        spoken = text if part.on else self.tr("{0}, switched off").format(text)
        spoken = f"{spoken}. {tip}" if problem is not None else spoken
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, spoken)

    def item_at(self, path: Place) -> QTreeWidgetItem:
        """Return the item of a part."""
        found = self.topLevelItem(0 if not path else path[0] + 1)
        if found is not None and len(path) == 2:
            found = found.child(path[1])
        assert found is not None, path
        return found

    def _places(self) -> list[Place]:
        found: list[Place] = []
        for number in range(self.topLevelItemCount()):
            found.append(() if not number else (number - 1,))
            top = self.topLevelItem(number)
            if top is not None:
                found += [(number - 1, place) for place in range(top.childCount())]
        return found

    # -- what is wished -------------------------------------------------------------------------------------

    def current_place(self) -> Place:
        """Return the place of the part that is chosen."""
        item = self.currentItem()
        return () if item is None else _place_of(item)

    def _on_current(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and not self._filling:
            self.chosen.emit(_place_of(item))

    def _on_changed(self, item: QTreeWidgetItem) -> None:
        if not self._filling:
            self.switched.emit(_place_of(item), item.checkState(0) is Qt.CheckState.Checked)

    def startDrag(self, actions: Qt.DropAction) -> None:  # noqa: ARG002, N802
        """Drag the chosen part. It is copied as far as Qt knows, which would take away what is moved."""
        item = self.currentItem()
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsDragEnabled:
            return
        drag = QDrag(self)
        drag.setMimeData(self.mimeData([item]))
        drag.setPixmap(self.viewport().grab(self.visualItemRect(item)))
        drag.setHotSpot(QPoint(2 * SPACE, SPACE))
        drag.exec(Qt.DropAction.CopyAction)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take what is dragged within here alone."""
        if event.source() is self:
            super().dragEnterEvent(event)
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        """Show where it would land."""
        if event.source() is self:
            super().dragMoveEvent(event)
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Say where a part was dragged to; nothing is moved here."""
        source, item = self.current_place(), self.itemAt(event.position().toPoint())
        target = self._target(source, item, event.position().toPoint())
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if source and target is not None:
            self.moved.emit(source, target)

    def _target(self, source: Place, item: QTreeWidgetItem | None, point: QPoint) -> Place | None:
        """Return the place that a drop means: outputs among outputs, operations within any output."""
        outputs = self.topLevelItemCount() - 1
        over = _place_of(item) if item is not None else (outputs - 1,)
        middle = self.visualItemRect(item).center().y() if item is not None else -1
        below = point.y() > middle
        if len(source) == 1:
            if not over:
                return (0,)
            return (over[0] + 1,) if below or len(over) == 2 else (over[0],)
        if not over:
            return None
        if len(over) == 1:
            top = self.topLevelItem(over[0] + 1)
            return (over[0], 0 if item is not None or top is None else top.childCount())
        return (over[0], over[1] + 1) if below else over

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Move the chosen part with Alt and the arrow keys, remove it with Delete."""
        source = self.current_place()
        up, down = Qt.Key.Key_Up, Qt.Key.Key_Down
        if source and event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in (up, down):
            target = self.neighbour(source, -1 if event.key() == up else 1)
            if target is not None:
                self.moved.emit(source, target)
            return
        if source and event.key() == Qt.Key.Key_Delete:
            self.removed.emit(source)
            return
        super().keyPressEvent(event)

    def neighbour(self, source: Place, by: int) -> Place | None:
        """Return where a part comes to stand one place up (-1) or down (1), in the next output at the end."""
        above, place = source[:-1], source[-1]
        item = self.item_at(source).parent()
        count = item.childCount() if item is not None else self.topLevelItemCount() - 1
        if 0 <= place + by < count:
            return (*above, place + by + (by > 0))
        if len(source) == 2 and 0 <= source[0] + by < self.topLevelItemCount() - 1:
            other = self.item_at((source[0] + by,))
            return (source[0] + by, other.childCount() if by < 0 else 0)
        return None


def _place_of(item: QTreeWidgetItem) -> Place:
    return tuple(item.data(0, _PLACE) or ())
