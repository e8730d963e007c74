"""What a desktop lacks is missing in silence: without a bus nothing is raised, and nothing is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMainWindow, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from gui.bus import Bus
from gui.desktop import SystemDesktop
from gui.tray import Tray
from tests.conftest import RunOnLoop

# Qt itself connects to what the offscreen platform does not have.
TRAY_WITHOUT_SCREEN = ".*QPlatformNativeInterface::systemTrayWindowChanged.*"


@pytest.fixture(autouse=True)
def _no_bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SESSION", "SYSTEM"):
        monkeypatch.setenv(f"DBUS_{name}_BUS_ADDRESS", f"unix:path={tmp_path}/none")


def test_a_call_on_a_bus_that_is_not_there_gives_nothing() -> None:
    bus = Bus("SESSION")
    assert bus.call(("org.example", "/", "org.example"), "Do").result(10) is None
    bus.emit("/", "org.example", "Happened", "s", ("x",))
    bus.close()


def test_a_desktop_without_a_bus_does_nothing_and_says_so(run_on_qasync: RunOnLoop) -> None:
    async def story() -> None:
        desktop = SystemDesktop()
        assert not await desktop.notify("All images are done", "3 images done.")
        assert await desktop.powers() == frozenset()
        desktop.show_progress(0.5)
        desktop.close()

    run_on_qasync(story())


def test_without_a_tray_there_is_no_icon_and_no_notice_of_it(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    tray = Tray([], window)
    tray.want(True)
    tray.show_progress(0.5)
    assert not tray.visible
    assert not tray.notify("All images are done", "3 images done.")
    tray.end()


@pytest.mark.qt_log_ignore(TRAY_WITHOUT_SCREEN, extend=True)
def test_the_tray_shows_the_window_and_follows_the_preference(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = QMainWindow()
    window.setWindowTitle("Image Queue")
    qtbot.addWidget(window)
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    tray = Tray([window.addAction("Quit")], window)
    tray.want(True)
    assert tray.visible
    assert tray._icon is not None
    window.setWindowTitle("42 % – Image Queue")
    assert tray._icon.toolTip() == "42 % – Image Queue"
    empty = tray._icon.icon().cacheKey()
    tray.show_progress(0.42)
    assert tray._icon.icon().cacheKey() != empty
    with qtbot.waitSignal(tray.show_window):
        tray._icon.contextMenu().actions()[0].trigger()
    tray.want(False)
    assert not tray.visible
