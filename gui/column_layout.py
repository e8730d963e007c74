"""The columns' order, widths and visibility, kept by their names so that other versions can read them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Final

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QHeaderView

from gui.columns import COLUMNS, PLACES

_WIDEST: Final = 10_000  # pixels; what a file says beyond is no width


def default_layout(header: QHeaderView, digit: int) -> None:
    """Show the columns in their first order, widths and visibility; `digit` is one's width in pixels."""
    for number, column in enumerate(COLUMNS):
        header.moveSection(header.visualIndex(number), number)
        header.setSectionHidden(number, not column.shown)
        header.resizeSection(number, max(column.width * digit, header.sectionSizeHint(number)))


def saved_layout(header: QHeaderView) -> QByteArray:
    """Return the columns as JSON from left to right: name, width in pixels (0 if hidden), whether shown."""
    order = sorted(range(len(COLUMNS)), key=header.visualIndex)
    columns = [[COLUMNS[one].key, header.sectionSize(one), not header.isSectionHidden(one)] for one in order]
    sort = header.sortIndicatorSection()
    kept: dict[str, object] = {"columns": columns}
    if 0 <= sort < len(COLUMNS):
        kept["sort"] = COLUMNS[sort].key
        kept["descending"] = header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
    return QByteArray(json.dumps(kept).encode())


def restore_layout(header: QHeaderView, saved: QByteArray) -> None:
    """Take over a saved layout as far as it names columns that there are.

    A column that it does not name, as it was added since, goes to where it stands by default. What is no
    layout changes nothing.
    """
    kept = _read(saved)
    named = {key: (width, shown) for key, width, shown in kept if key in PLACES}
    if not named:
        return
    order = list(named)
    for number, column in enumerate(COLUMNS):
        if column.key not in named:
            before = COLUMNS[number - 1].key if number else None
            order.insert(order.index(before) + 1 if before in order else 0, column.key)
    for visual, key in enumerate(order):
        header.moveSection(header.visualIndex(PLACES[key]), visual)
    for key, (width, shown) in named.items():
        header.setSectionHidden(PLACES[key], not shown)
        if 0 < width <= _WIDEST:
            header.resizeSection(PLACES[key], width)
    if header.hiddenSectionCount() == len(COLUMNS):
        header.setSectionHidden(PLACES["name"], False)
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        values = json.loads(bytes(saved.data()))
        orders = Qt.SortOrder
        header.setSortIndicator(
            PLACES[values["sort"]], orders.DescendingOrder if values["descending"] else orders.AscendingOrder
        )


def _read(saved: QByteArray) -> list[tuple[str, int, bool]]:
    try:
        return [
            (str(key), int(width), bool(shown))
            for key, width, shown in json.loads(bytes(saved.data()))["columns"]
        ]
    except (ValueError, TypeError, KeyError):
        return []
