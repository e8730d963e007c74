"""The whole window takes files, in every state, as copies; the zone gives the priority."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QWidget

from core.job import Priority
from gui.drop_area import DropArea

# Qt 6.12 has other constructors for events that a test makes; these are in all versions.
pytestmark = pytest.mark.filterwarnings("ignore:Function. 'QDrag:DeprecationWarning")

BOTH = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot: object) -> QWidget:
    made = QWidget()
    made.resize(900, 600)
    qtbot.addWidget(made)  # type: ignore[attr-defined]
    made.show()
    return made


@pytest.fixture
def area(window: QWidget) -> DropArea:
    return DropArea(window)


def files(*paths: str) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return mime


def enter(window: QWidget, mime: QMimeData, point: QPoint) -> QDragEnterEvent:
    event = QDragEnterEvent(point, BOTH, mime, LEFT, NONE)
    event.setDropAction(Qt.DropAction.MoveAction)  # as a file manager wishes within one disk
    QApplication.sendEvent(window, event)
    return event


def drop(window: QWidget, mime: QMimeData, point: QPoint) -> QDropEvent:
    event = QDropEvent(point.toPointF(), BOTH, mime, LEFT, NONE)
    event.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(window, event)
    return event


@pytest.mark.parametrize(
    ("place", "priority"),
    [(0.2, Priority.HIGH), (0.5, Priority.NORMAL), (0.8, Priority.LOW), (0.001, Priority.NORMAL)],
)
def test_the_zone_gives_the_priority_and_anywhere_else_is_normal(
    window: QWidget, area: DropArea, place: float, priority: Priority
) -> None:
    dropped: list[tuple[list[str], int]] = []
    area.dropped.connect(lambda paths, number: dropped.append((paths, number)))
    mime, point = files("/photos/a.jpg", "/photos"), QPoint(int(900 * place), 300)
    enter(window, mime, point)
    assert area.isVisible()
    event = drop(window, mime, point)
    assert dropped == [(["/photos/a.jpg", "/photos"], int(priority))]
    assert event.dropAction() is Qt.DropAction.CopyAction
    assert not area.isVisible()


def test_a_drop_is_a_copy_and_never_a_move_which_could_delete_the_source(
    window: QWidget, area: DropArea
) -> None:
    event = enter(window, files("/photos/a.jpg"), QPoint(450, 300))
    assert event.isAccepted()
    assert event.dropAction() is Qt.DropAction.CopyAction


def test_what_holds_no_file_is_refused(window: QWidget, area: DropArea) -> None:
    mime = QMimeData()
    mime.setText("just some words")
    assert not enter(window, mime, QPoint(450, 300)).isAccepted()
    assert not area.isVisible()


def test_the_zones_say_what_a_drop_would_do(window: QWidget, area: DropArea) -> None:
    mime = files(*(f"/{number}.jpg" for number in range(12)))
    enter(window, mime, QPoint(150, 300))
    texts = {priority: zone.text() for priority, zone in area._zones.items()}
    assert texts[Priority.HIGH] == "Add 12 items here"
    assert texts[Priority.LOW] == "runs when nothing else waits"
    move = QDragMoveEvent(QPoint(750, 300), BOTH, mime, LEFT, NONE)
    QApplication.sendEvent(window, move)
    assert area._zones[Priority.LOW].text() == "Add 12 items here"
    area.grab()  # paints


def test_a_drag_that_leaves_takes_the_zones_away(window: QWidget, area: DropArea) -> None:
    enter(window, files("/a.jpg"), QPoint(450, 300))
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not area.isVisible()


def test_g13_a_drop_reads_what_was_read_when_the_drag_came_in(window: QWidget, area: DropArea) -> None:
    """The other program may be gone by then, and asking it again would make the window wait."""
    dropped: list[list[str]] = []
    area.dropped.connect(lambda paths, _: dropped.append(paths))
    enter(window, files("/a.jpg"), QPoint(450, 300))
    drop(window, QMimeData(), QPoint(450, 300))
    assert dropped == [["/a.jpg"]]


def test_a_picture_without_a_link_is_dropped_as_itself(window: QWidget, area: DropArea) -> None:
    dropped: list[tuple[list[QImage], int]] = []
    area.pictures_dropped.connect(lambda images, number: dropped.append((images, number)))
    mime = QMimeData()
    mime.setImageData(QImage(8, 6, QImage.Format.Format_RGB32))
    assert enter(window, mime, QPoint(450, 300)).isAccepted()
    assert area._zones[Priority.NORMAL].text() == "Add 1 item here"
    drop(window, mime, QPoint(450, 300))
    (((image,), priority),) = dropped
    assert (image.width(), image.height(), priority) == (8, 6, 0)
