"""The help tells all keys and versions; hints come once, and go away when they are not needed."""

from __future__ import annotations

import platform
from importlib import metadata
from itertools import pairwise
from pathlib import Path

from PySide6 import __version__ as qt_version
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QTextBrowser, QToolButton

from core.executor import Done
from gui.help import about_text
from gui.hints import HINTS
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.processors import BAD
from tests.gui.stage import Stage, staged


def hint(stage: Stage) -> str:
    """The name of the hint that is shown; "" for none."""
    if not stage.window.hints.isVisible():
        return ""
    text = stage.part(QLabel, "hintText").text()
    return next(name for name, said, *_ in HINTS if said == text)


def test_every_shortcut_is_on_the_sheet_with_what_it_does(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.actions_.shortcuts.trigger()
            said = stage.part(QTextBrowser, "shortcutsText").toPlainText()
            lines = said.splitlines()
            keyed = [one for one in stage.window.actions_.all() if not one.shortcut().isEmpty()]
            assert len(keyed) > 20
            for action in keyed:
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                what = action.text().replace("&", "").rstrip("…")
                assert (what, keys) in pairwise(lines), what
            for also in ("Return", "Tab", "Esc", "Shift+F10"):
                assert also in lines

    run_on_qasync(story())


def test_about_tells_the_versions_and_leads_to_what_a_report_needs(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    for version in (metadata.version("imagequeue"), platform.python_version(), qt_version):
        assert version in about_text()

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.actions_.about.trigger()
            stage.part(QPushButton, "aboutDiagnostics").click()
            await until(lambda: stage.window.findChild(QPushButton, "copy") is not None)

    run_on_qasync(story())


def test_a_hint_comes_when_it_is_of_use_and_once(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            assert hint(stage) == ""
            await stage.add(3)
            await until(lambda: hint(stage) == "priority")
            stage.part(QToolButton, "hintClose").click()
            assert hint(stage) == ""
        async with staged(tmp_path / "data", lambda task: BAD) as stage:
            await stage.rows(3)
            await stage.queue.start()
            await until(lambda: hint(stage) == "failed")  # that of priorities was seen before

    run_on_qasync(story())


def test_a_hint_goes_away_when_its_deed_is_done(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", start=True) as stage:
            stage.window.hints.seen = frozenset({"priority"})
            await stage.add(6)
            await until(lambda: hint(stage) == "pause")
            QTest.keyClick(stage.window.view, Qt.Key.Key_Space)
            await until(lambda: hint(stage) == "")
            assert "pause" in stage.window.hints.seen

    run_on_qasync(story())


def test_no_more_hints_means_none_until_they_are_asked_for(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", lambda task: Done()) as stage:
            await stage.add(3)
            await until(lambda: hint(stage) == "priority")
            stage.part(QPushButton, "hintsNone").click()
            await stage.add(3, name="more")
            assert hint(stage) == ""
            stage.window.actions_.hints.trigger()
            await until(lambda: hint(stage) == "priority")

    run_on_qasync(story())
