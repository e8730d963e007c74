"""Lets Qt paint in the window's own thread alone."""

from __future__ import annotations

import os
from typing import Final

from PySide6.QtGui import QColor, QImage, QPainter

_NO_POOL: Final = "QT_NO_GUI_THREADPOOL"


def paint_in_one_thread() -> None:
    """Keep Qt from sharing what it fills out to a pool of threads; to be called before anything is painted.

    Each rounded shape is large enough for it, and the window then waits for those threads, which wait for
    processors that the workers have: of one frame some fifteen times.

    Qt looks for the variable once, when it first fills something. It is gone after that, as viewers and
    commands that are started from here would take it over.
    """
    if _NO_POOL in os.environ:
        return
    os.environ[_NO_POOL] = "1"
    picture = QImage(200, 200, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(0, 0, 0, 40))
    painter.drawEllipse(picture.rect())
    painter.end()
    del os.environ[_NO_POOL]
