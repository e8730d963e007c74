"""Opens the window, or passes the paths on to the one that is open."""

from __future__ import annotations

import argparse
import os
import sys

from core.cli.given import USAGE, absolute_paths
from core.cli.terminal import Printer
from core.owner import send_to_owner
from core.settings import data_folder

_WITHOUT = "The same queue runs in a terminal: imagequeue run PATH..."


def open_window(options: argparse.Namespace, printer: Printer) -> int:
    """Open the window with the paths added; returns its exit status, 0 when another window took the paths."""
    data_dir = data_folder(options.data_dir)
    paths = absolute_paths(options.paths)
    reply = send_to_owner(data_dir, {"do": "open", "paths": paths})
    if reply is not None:
        if reply.get("ok"):
            return 0
        printer.say(f"imagequeue: {reply.get('sentence')}")
        return USAGE
    if _no_display():
        printer.say(f"imagequeue: There is no display to open a window on. {_WITHOUT}")
        return USAGE
    try:
        from gui.app import main
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] not in ("PySide6", "shiboken6", "qasync"):
            raise
        printer.say(f"imagequeue: The window needs {error.name or 'PySide6'}: {error}. {_WITHOUT}")
        return USAGE
    return int(main(data_dir, paths))


def _no_display() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    return not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
