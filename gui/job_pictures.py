"""The pictures of one job: its image and what was made of it, with what the metadata of both say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QImage, QPalette, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from core.job import Job, JobError
from core.links.address import is_link
from core.looks import Look, Looks
from gui import words
from gui.comparison import Comparison, image_of
from gui.tasks import Tasks
from gui.theme import SPACE

_REST: Final = 120  # milliseconds that a job is selected before its files are looked at
_TALLEST: Final = 320  # pixels at 100 %
_LOWEST: Final = 140

Shown = tuple[str, str]  # the paths of a source and of the output that it is compared with; "" for none


class JobPictures(QWidget):
    """Compares the source with its largest output; of a job that has made nothing it shows the source.

    The files are read by a worker of its own, after the selection has rested; the newest wish alone counts.
    """

    def __init__(self, looks: Looks, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobPictures")
        self._looks = looks
        self._tasks = tasks
        self._wish: Shown = ("", "")
        self._said = False  # whether the job has an error of its own, which is said above
        self._loading: asyncio.Task[Any] | None = None
        self._image = QImage()
        self.comparison = Comparison(self)
        self.alone = QLabel(self)
        self.alone.setObjectName("jobPictureAlone")
        self.alone.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.alone.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.trouble = QLabel(self)
        self.trouble.setObjectName("jobPictureTrouble")
        self.trouble.setWordWrap(True)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.trouble.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.facts = QLabel(self)
        self.facts.setObjectName("jobMetadata")
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE)
        self._parts: tuple[QWidget, ...] = (self.comparison, self.alone, self.trouble, self.facts)
        for part in self._parts:
            column.addWidget(part)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._start)
        self._show_nothing()

    def show_job(self, job: Job | None) -> None:
        """Show the files of a job, or nothing; those that are shown already stay."""
        self._said = job is not None and job.error is not None
        wish = ("", "") if job is None else _files_of(job)
        if wish == self._wish:
            return
        self._wish = wish
        self._looks.forget()
        self._rest.stop()
        if wish == ("", ""):
            self._show_nothing()
            return
        self.comparison.set_outdated(True)
        self._rest.start()

    def end(self) -> None:
        """Look at nothing more."""
        self._wish = ("", "")
        self._rest.stop()
        if self._loading is not None:
            self._loading.cancel()

    def _start(self) -> None:
        self._loading = self._tasks.start(self._load(self._wish))

    async def _load(self, wish: Shown) -> None:
        found: list[Look | JobError | None] = []
        images: list[QImage] = []
        for path in wish:
            look = await self._looks.large(path) if path else None
            if wish != self._wish:
                return
            found.append(look)
            picture = look.picture if isinstance(look, Look) else None
            images.append(await asyncio.to_thread(image_of, picture) if picture is not None else QImage())
        if wish == self._wish:
            self._show(found[0], found[1], images[0], images[1])

    def _show(
        self, before: Look | JobError | None, after: Look | JobError | None, image: QImage, made: QImage
    ) -> None:
        self._show_nothing()
        if isinstance(before, Look) and isinstance(after, Look):
            self.comparison.show_images(image, made, QSize(after.width, after.height))
            self.comparison.show()
        elif isinstance(before, Look) or isinstance(after, Look):
            self._image = made if image.isNull() else image
            self._scale()
            self.alone.show()
        for one in (before, after):
            if isinstance(one, JobError) and not self._said:
                self.trouble.setText(words.said(one.message))
                self.trouble.show()
                break
        facts = [one.facts if isinstance(one, Look) else {} for one in (before, after)]
        self.facts.setText(self._table(facts[0], facts[1]))
        self.facts.setVisible(any(facts))
        self.setVisible(any(not one.isHidden() for one in self._parts))

    def _show_nothing(self) -> None:
        self.comparison.clear()
        self._image = QImage()
        for part in self._parts:
            part.hide()
        self.hide()  # an empty one would take room

    def _scale(self) -> None:
        if self._image.isNull():
            return
        ratio = self.devicePixelRatioF()
        room = QSize(max(self.width(), 120), _TALLEST) * ratio
        size = self._image.size()
        if size.width() > room.width() or size.height() > room.height():
            size = size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        smooth = Qt.TransformationMode.SmoothTransformation
        pixmap = QPixmap.fromImage(self._image.scaled(size, Qt.AspectRatioMode.KeepAspectRatio, smooth))
        pixmap.setDevicePixelRatio(ratio)
        self.alone.setPixmap(pixmap)
        self.alone.setAccessibleName(self.tr("Picture of the image"))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fit the pictures in anew: as high as a photo across the pane is."""
        super().resizeEvent(event)
        self.comparison.setFixedHeight(min(_TALLEST, max(_LOWEST, round(0.75 * self.width()))))
        self._scale()

    def _table(self, before: Mapping[str, str], after: Mapping[str, str]) -> str:
        """Return the metadata of both as a table; what is gone is said by a dash."""
        names = {
            "format": self.tr("Format"), "frames": self.tr("Frames"), "profile": self.tr("Colours"),
            "camera": self.tr("Camera"), "lens": self.tr("Lens"), "taken": self.tr("Taken"),
            "exposure": self.tr("Exposure"), "author": self.tr("Author"), "copyright": self.tr("Copyright"),
            "place": self.tr("Place"), "blocks": self.tr("Metadata"),
        }  # fmt: skip
        head = ("", self.tr("Before"), self.tr("After")) if after else ()
        rows = ["".join(f"<th align='left'>{escape(one)}&nbsp;&nbsp;</th>" for one in head)]
        for key, name in names.items():
            values = (before.get(key, ""), after.get(key, ""))
            if not any(values):
                continue
            cells = [self.tr("is known") if key == "place" and one else words.shown(one) for one in values]
            if after:
                cells = [one or "–" for one in cells]
            rows.append(
                f"<td>{escape(name)}&nbsp;&nbsp;</td>"
                + "".join(f"<td>{escape(one)}&nbsp;&nbsp;</td>" for one in cells if one)
            )
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows if row) + "</table>"


def _files_of(job: Job) -> Shown:
    source = "" if is_link(job.source) else job.source
    if not job.outputs:
        return source, ""
    return source, max(job.outputs, key=lambda one: one.width * one.height).path
