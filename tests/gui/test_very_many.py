"""Very many jobs are changed in parts, between which the workers get theirs, and how far it is is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt

from core.job import JobState
from gui import commands
from gui.queue_model import QueueModel
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import staged


def test_a_large_selection_is_changed_in_parts_and_the_progress_said(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_PART", 40)

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.add(100)
            said: list[str] = []
            monkeypatch.setattr(stage.window.notice, "say", lambda text, *_: said.append(text))
            acts = stage.window.actions_
            acts.select_all.trigger()
            await until(acts.hold.isEnabled)
            acts.hold.trigger()
            await until(lambda: stage.queue.status().counts[JobState.HELD] == 100)
            assert said == ["Changing 100 images: 40 % are done.", "Changing 100 images: 80 % are done."]

    run_on_qasync(story())


def test_what_is_cleared_in_parts_is_undone_as_one(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_PART", 30)

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(100)
            await stage.queue.cancel(ids)
            stage.window.actions_.clear_ended.trigger()
            await stage.rows(0)
            await until(stage.window.actions_.undo.isEnabled)
            stage.window.actions_.undo.trigger()
            await stage.rows(100)

    run_on_qasync(story())


def test_g13_selecting_all_does_not_look_at_each_cell(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    flags = QueueModel.flags

    def counted(model: QueueModel, index: QModelIndex) -> Qt.ItemFlag:
        nonlocal asked
        asked += 1
        return flags(model, index)

    monkeypatch.setattr(QueueModel, "flags", counted)

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(5_000)
            stage.window.actions_.select_all.trigger()
            stage.window.view.horizontalHeader().grab()
            stage.window.view.grab()
            assert list(stage.window.view.selected_ids()) == ids
            assert asked < 500

    run_on_qasync(story())
