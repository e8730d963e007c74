"""Opens the window, or passes the paths on to the one that is open."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from core.cli.given import USAGE, given_paths
from core.cli.terminal import Printer
from core.owner import send_to_owner
from core.settings import data_folder

_WITHOUT = "The same queue runs in a terminal: imagequeue run PATH..."


def open_window(options: argparse.Namespace, printer: Printer) -> int:
    """Open the window with the paths added; returns its exit status, 0 when another window took the paths."""
    data_dir = data_folder(options.data_dir)
    paths = given_paths(options)
    message: dict[str, object] = {"do": "open", "paths": paths}
    recipe = options.recipe or ""
    if recipe:
        from core.cli.recipes import recipe_named

        recipe_named(recipe)  # refused here, where it was asked for
        if recipe.lower().endswith(".toml"):
            recipe = str(Path(recipe).absolute())
        message["recipe"] = recipe
    reply = send_to_owner(data_dir, message)
    if reply is not None:
        if reply.get("ok"):
            return 0
        printer.complain(f"imagequeue: {reply.get('sentence')}")
        return USAGE
    if _no_display():
        printer.complain(f"imagequeue: There is no display to open a window on. {_WITHOUT}")
        return USAGE
    try:
        from gui.app import main
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] not in ("PySide6", "shiboken6", "qasync"):
            raise
        printer.complain(f"imagequeue: The window needs {error.name or 'PySide6'}: {error}. {_WITHOUT}")
        return USAGE
    return int(main(data_dir, paths, recipe))


def _no_display() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    return not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
