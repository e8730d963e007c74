"""Keeps a picture that was pasted or dropped, and has no file of its own."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from core.errors import BadUsage, from_os_error
from core.links.kept import pictures_folder
from core.whole_file import write_whole

_naming = threading.Lock()  # two that are pasted within a second get two names


def keep_picture(image: QImage, data_dir: Path) -> Path:
    """Write the picture as a PNG file into the data folder, and return its path; for any thread.

    Raises BadUsage for what is no picture, or what `from_os_error` gives.
    """
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if image.isNull() or not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # its stub wants bytes
        raise BadUsage("The picture that was copied cannot be read.")
    folder = pictures_folder(data_dir)
    stem = time.strftime("picture %Y-%m-%d %H.%M.%S")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _naming:
            number = 1
            while (path := folder / f"{stem}{f' ({number})' if number > 1 else ''}.png").exists():
                number += 1
            write_whole(path, bytes(content.data()))
    except OSError as error:
        raise from_os_error(error, writing=True) from error
    return path
