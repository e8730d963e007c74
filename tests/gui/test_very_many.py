"""Very many jobs are changed in parts, between which the workers get theirs, and how far it is is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.job import JobState
from gui import commands
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
