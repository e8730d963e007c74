"""Keeps how the window looks and what is chosen in it: soon after each change, so that no end can lose it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QEvent, QObject, QSettings, QSize
from PySide6.QtWidgets import QMainWindow, QSplitter

from core.errors import from_os_error
from core.settings import Settings
from core.whole_file import write_whole
from gui.actions import Actions
from gui.hints import Hints
from gui.queue_view import QueueView
from gui.recipe_bar import RecipeBar
from gui.state_tabs import StateTabs
from gui.tasks import Tasks
from gui.theme import theme_signals
from gui.throttle import Throttle

_REST: Final = 400  # milliseconds in which changes gather to be written together


class WindowState(QObject):
    """Restores the window, and writes its state and the settings in a thread whenever one of them changes."""

    def __init__(
        self,
        window: QMainWindow,
        splitter: QSplitter,
        view: QueueView,
        tabs: StateTabs,
        actions: Actions,
        recipe_bar: RecipeBar,
        hints: Hints,
        settings: Callable[[], Settings],
        data_dir: Path,
        tasks: Tasks,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._splitter = splitter
        self._view = view
        self._tabs = tabs
        self._actions = actions
        self._recipe_bar = recipe_bar
        self._hints = hints
        self._settings = settings
        self._data_dir = data_dir
        self._tasks = tasks
        self._path = data_dir / "window.ini"
        self._kept = settings()
        self._ended = False
        self._thread = ThreadPoolExecutor(1, "window-state")  # one, so that the last write comes last
        self._soon = Throttle(self._start_writing, _REST, self)

    def restore(self) -> None:
        """Give the window the state in which it was left, and begin to hear of changes."""
        kept, window = QSettings(str(self._path), QSettings.Format.IniFormat), self._window
        geometry = _bytes(kept.value("geometry"))
        if geometry.isEmpty() or not window.restoreGeometry(geometry):
            window.resize(QSize(1280, 760).boundedTo(window.screen().availableSize()))
        splitter, columns = _bytes(kept.value("splitter")), _bytes(kept.value("columns"))
        if not splitter.isEmpty():
            self._splitter.restoreState(splitter)
        if not columns.isEmpty():
            self._view.restore_layout(columns)
        details = bool(kept.value("details", defaultValue=True, type=bool))
        self._actions.details.setChecked(details)
        self._tabs.choose(str(kept.value("tab", "all")))
        self._hints.seen = frozenset(str(kept.value("hints", "")).split())
        schemes = self._actions.schemes
        schemes.get(str(kept.value("scheme", "system")), schemes["system"]).setChecked(True)
        self._listen()

    def _listen(self) -> None:
        header = self._view.horizontalHeader()
        for signal in (
            self._recipe_bar.changed, self._actions.details.toggled, self._tabs.currentChanged,
            theme_signals().changed, self._splitter.splitterMoved, header.sectionMoved, header.sectionResized,
            header.sortIndicatorChanged, self._hints.seen_changed,
        ):  # fmt: skip
            signal.connect(self.keep_soon)
        self._window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Hear that the window was moved or has another size."""
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.WindowStateChange):
            self.keep_soon()
        return super().eventFilter(watched, event)

    def keep_soon(self) -> None:
        """Write all before long, as something of it has changed."""
        if not self._ended:
            self._soon.ask_later()

    def _start_writing(self) -> None:
        self._tasks.start(self.write())

    async def write(self) -> None:
        """Write all as it is now; returns when it is on disk. Raises a member of the error family."""
        values, settings = self._values(), self._settings()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, values, settings)

    def end(self) -> None:
        """Hear of no more changes."""
        self._ended = True
        self._soon.stop()

    async def close(self) -> None:
        """Write all a last time, and let the thread go. Raises a member of the error family."""
        try:
            await self.write()
        finally:
            self._thread.shutdown(wait=False)

    def _values(self) -> dict[str, str]:
        """Return what is kept, as lines of an INI file hold it."""
        return {
            "geometry": _text(self._window.saveGeometry()),
            "splitter": _text(self._splitter.saveState()),
            "columns": _text(self._view.save_layout()),
            "details": "true" if self._actions.details.isChecked() else "false",
            "tab": self._tabs.current(),
            "scheme": theme_signals().scheme,
            "hints": " ".join(sorted(self._hints.seen)),
        }

    def _write(self, values: dict[str, str], settings: Settings) -> None:
        if settings != self._kept:
            settings.save(self._data_dir)
            self._kept = settings
        lines = ["[General]", *(f"{name}={value}" for name, value in values.items()), ""]
        try:
            write_whole(self._path, "\n".join(lines).encode())
        except OSError as error:
            raise from_os_error(error, writing=True) from error


def _text(state: QByteArray) -> str:
    return bytes(state.toBase64().data()).decode()


def _bytes(value: object) -> QByteArray:
    """Return a state as it was kept: in base 64, or by an earlier version as it is."""
    if isinstance(value, str):
        return QByteArray.fromBase64(value.encode())
    return value if isinstance(value, QByteArray) else QByteArray()
