"""Opens the window, or passes the paths on to the one that is open."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from core.cli.given import USAGE, given_paths
from core.cli.terminal import Printer
from core.owner import send_to_owner
from core.settings import data_folder

_MOST: Final = 4_000_000  # characters of the paths in one message
_WITHOUT: Final = "The same queue runs in a terminal: imagequeue run PATH..."


def open_window(options: argparse.Namespace, printer: Printer) -> int:
    """Open the window with the paths added; returns its exit status, 0 when another window took the paths."""
    data_dir = data_folder(options.data_dir)
    paths = given_paths(options)
    message: dict[str, object] = {"do": "open"}
    recipe = options.recipe or ""
    if recipe:
        from core.cli.recipes import given_recipe

        given_recipe(recipe, data_dir)  # refused here, where it was asked for
        if recipe.lower().endswith(".toml"):
            recipe = str(Path(recipe).absolute())
        message["recipe"] = recipe
    token = os.environ.get("XDG_ACTIVATION_TOKEN")
    if token:  # lets the other window come to the front under Wayland
        message["token"] = token
    reply = None
    for part in parts_of(paths):
        reply = send_to_owner(data_dir, message | {"paths": part})
        if reply is None or not reply.get("ok"):
            break  # there is none, and this process opens it; or it refuses
    if reply is not None:
        if reply.get("ok"):
            return 0
        printer.complain(f"imagequeue: {reply.get('sentence')}")
        return USAGE
    if _no_display():
        printer.complain(f"imagequeue: There is no display to open a window on. {_WITHOUT}")
        return USAGE
    from gui.app import main

    try:
        return int(main(data_dir, paths, recipe))
    except ImportError as error:
        if error.name is not None and error.name.partition(".")[0] not in ("PySide6", "shiboken6", "qasync"):
            raise
        printer.complain(f"imagequeue: The window needs {error.name or 'PySide6'}: {error}. {_WITHOUT}")
        return USAGE


def parts_of(paths: Sequence[str]) -> Iterator[list[str]]:
    """Yield the paths in parts that each fit into a message; one part of nothing for none."""
    part, size = list[str](), 0
    for path in paths:
        if part and size + len(path) > _MOST:
            yield part
            part, size = [], 0
        part.append(path)
        size += len(path)
    yield part


def _no_display() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    return not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
