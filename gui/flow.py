"""A layout that puts what does not fit into one row into the next."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget, QWidgetItem


class FlowLayout(QLayout):
    """Rows of widgets, each as wide as the layout: what is left over is shared by their stretch."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setContentsMargins(0, 0, 0, 0)
        self._items: list[tuple[QLayoutItem, int]] = []

    def add(self, widget: QWidget, stretch: int) -> None:
        """Put a widget at the end."""
        self.addChildWidget(widget)
        self._items.append((QWidgetItem(widget), stretch))
        self.invalidate()

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802
        """Put an item at the end."""
        self._items.append((item, 1))

    def count(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """Return an item, or None beyond the last."""
        return self._items[index][0] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """Remove and return an item, or None beyond the last."""
        return self._items.pop(index)[0] if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802
        """Take width that is left over, and no height."""
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Return that a narrow layout is higher."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Return the height of all rows in this width."""
        rows = self._rows(width)
        return sum(map(_height, rows)) + self.spacing() * max(0, len(rows) - 1)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the size of one row with everything in it."""
        width = sum(item.sizeHint().width() for item, _ in self._items)
        return QSize(width + self.spacing() * max(0, len(self._items) - 1), _height(self._items))

    def minimumSize(self) -> QSize:  # noqa: N802
        """Return the size of the largest widget."""
        sizes = [item.minimumSize() for item, _ in self._items]
        return QSize(max((one.width() for one in sizes), default=0), _height(self._items))

    def setGeometry(self, box: QRect) -> None:  # noqa: N802
        """Place all rows, in the direction of reading."""
        super().setGeometry(box)
        parent = self.parentWidget()
        mirrored = parent is not None and parent.isRightToLeft()
        top = box.top()
        for row in self._rows(box.width()):
            spare = box.width() - self._width(row)
            stretch = sum(stretch for _, stretch in row) or 1
            left, high = box.left(), _height(row)
            for item, share in row:
                width = max(item.sizeHint().width() + spare * share // stretch, item.minimumSize().width())
                x = box.right() + 1 - (left - box.left()) - width if mirrored else left
                item.setGeometry(QRect(x, top, width, high))
                left += width + self.spacing()
            top += high + self.spacing()

    def _rows(self, width: int) -> list[list[tuple[QLayoutItem, int]]]:
        rows: list[list[tuple[QLayoutItem, int]]] = []
        for one in self._items:
            if rows and self._width([*rows[-1], one]) <= width:
                rows[-1].append(one)
            else:
                rows.append([one])
        return rows

    def _width(self, row: list[tuple[QLayoutItem, int]]) -> int:
        return sum(item.sizeHint().width() for item, _ in row) + self.spacing() * (len(row) - 1)


def _height(row: list[tuple[QLayoutItem, int]]) -> int:
    return max((item.sizeHint().height() for item, _ in row), default=0)
