"""Keeps a picture that was pasted or dropped, and has no file of its own."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from core.errors import BadUsage, from_os_error
from core.intake.foreign import Loose
from core.links.address import safe_name
from core.links.kept import pictures_folder
from core.whole_file import write_whole
from gui.mime import Picture

_naming = threading.Lock()  # two that are pasted within a second get two names


def keep_picture(picture: Picture, data_dir: Path) -> Path:
    """Write the picture into the data folder, and return its path; for any thread.

    What came as the bytes of a file stays as it is, a bitmap becomes a PNG file. Raises BadUsage for what is
    no picture, or what `from_os_error` gives.
    """
    if isinstance(picture, Loose):
        problem = picture.problem()
        if problem:
            raise BadUsage(problem)
        content, name = picture.content, safe_name(picture.name) or _name_now(picture.suffix())
    else:
        content, name = _png_of(picture), _name_now(".png")
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 (a name alone)
    folder = pictures_folder(data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _naming:
            number = 1
            while (path := folder / f"{stem}{f' ({number})' if number > 1 else ''}{suffix}").exists():
                number += 1
            write_whole(path, content)
    except OSError as error:
        raise from_os_error(error, writing=True) from error
    return path


def _name_now(suffix: str) -> str:
    return time.strftime("picture %Y-%m-%d %H.%M.%S") + suffix


def _png_of(image: QImage) -> bytes:
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if image.isNull() or not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # its stub wants bytes
        raise BadUsage("The picture that was copied cannot be read.")
    return bytes(content.data())
