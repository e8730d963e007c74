"""What stands in the table's place while there is nothing in it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gui.theme import SPACE, icon

_PICTURE = 72  # pixels at 100 %


class EmptyState(QWidget):
    """A picture, what to do, and the buttons that do it."""

    def __init__(
        self, name: str, picture: str, title: str, hint: str, actions: list[QAction], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._name = picture
        self._picture = QLabel(self)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._heading = heading = QLabel(self)
        heading.setObjectName(f"{name}Title")
        font = heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        heading.setFont(font)
        heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = text = QLabel(self)
        text.setObjectName(f"{name}Hint")
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE)
        buttons.addStretch()
        for action in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setObjectName(f"{name}-{action.objectName()}")
            buttons.addWidget(button)
        buttons.addStretch()
        column = QVBoxLayout(self)
        column.setSpacing(2 * SPACE)
        column.addStretch(2)
        column.addWidget(self._picture)
        column.addWidget(heading)
        column.addWidget(text)
        column.addLayout(buttons)
        column.addStretch(3)
        self.say(title, hint)
        self._draw()

    def say(self, title: str, hint: str, picture: str = "") -> None:
        """Show these words, and another picture."""
        self._heading.setText(title)
        self._text.setText(hint)
        if picture and picture != self._name:
            self._name = picture
            self._draw()

    def _draw(self) -> None:
        self._picture.setPixmap(icon(self._name).pixmap(_PICTURE, _PICTURE))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Draw the picture anew when the colours change."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()
