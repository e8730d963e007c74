"""What of folders is taken is chosen in a dialog that checks each choice at once, and is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QPushButton, QToolButton

from core.intake.wanted import Wanted
from core.intake.watched import WatchedFolder
from core.recipe import builtin_recipes
from core.settings import Settings
from gui.folder_filters import FiltersDialog, effect_of
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import Stage, staged


def opened_dialog(stage: Stage) -> FiltersDialog:
    stage.window.actions_.folder_filters.trigger()
    dialog = stage.window.filters.dialog
    assert dialog is not None
    assert not dialog.isModal()
    return dialog


def effect(dialog: FiltersDialog) -> str:
    found = dialog.findChild(QLabel, "filterEffect")
    assert found is not None
    assert found.accessibleName() == found.text()
    return found.text()


def button(dialog: FiltersDialog, which: QDialogButtonBox.StandardButton) -> QPushButton:
    (box,) = dialog.findChildren(QDialogButtonBox)
    return box.button(which)


OK, DEFAULTS = QDialogButtonBox.StandardButton.Ok, QDialogButtonBox.StandardButton.RestoreDefaults


def test_what_is_chosen_is_said_kept_and_followed_by_the_next_folder(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    for name, size in (
        ("a.jpg", 100),
        ("b.png", 3_000),
        ("c.jpg", 3_000),
        ("drafts/d.jpg", 3_000),
        (".e.jpg", 3_000),
    ):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(b"x" * size)

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            dialog = opened_dialog(stage)
            dialog.hidden.setChecked(True)
            dialog.least.setText("1.5 kB")
            dialog.patterns.setPlainText("# mine\n/drafts/\n\n")
            dialog.formats.item(0).setCheckState(Qt.CheckState.Checked)
            assert effect(dialog) == (
                "Taken are JPEG images of at least 1.5 kB, hidden ones, too."
                " What 1 pattern matches is left out. Archives stay closed."
            )
            button(dialog, OK).click()
            assert stage.window.filters.dialog is None
            wanted = Wanted(("# mine", "/drafts/"), ("jpeg",), 1_500, hidden=True)
            await until(lambda: Settings.load(stage.folder).wanted() == wanted)
            stage.window.add([str(tmp_path / "in")])
            await stage.rows(2)
            jobs = await stage.queue.jobs([stage.window.model.id_at(row) for row in range(2)])
            assert sorted(Path(job.source).name for job in jobs) == [".e.jpg", "c.jpg"]
            assert opened_dialog(stage).chosen() == wanted

    run_on_qasync(story())


@pytest.mark.parametrize(
    ("least", "patterns", "says"),
    [
        ("lots", "", "such as 500, 20k or 1.5M, not 'lots'"),
        ("", "*.tmp\n!", "patterns as a .gitignore has them"),
    ],
)
def test_what_cannot_be_is_said_at_once_and_not_taken(
    run_on_qasync: RunOnLoop, tmp_path: Path, least: str, patterns: str, says: str
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            dialog = opened_dialog(stage)
            dialog.least.setText(least)
            dialog.patterns.setPlainText(patterns)
            assert says in effect(dialog)
            assert not button(dialog, OK).isEnabled()
            dialog.accept()
            assert stage.window.filters.dialog is dialog
            assert stage.window.settings().wanted() == Wanted()
            button(dialog, DEFAULTS).click()
            assert button(dialog, OK).isEnabled()
            assert dialog.chosen() == Wanted()

    run_on_qasync(story())


def test_it_is_at_hand_where_a_folder_is_added(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            window, action = stage.window, stage.window.actions_.folder_filters
            buttons = [one for one in window.findChildren(QToolButton) if action in one.actions()]
            assert [one.defaultAction() for one in buttons] == [window.actions_.add_folder]
            (tmp_path / "in").mkdir()
            (tmp_path / "in" / "more.zip").touch()
            window.add([str(tmp_path / "in")])
            await until(window.adding._why.isVisible)
            window.adding._why.click()
            stage.part(QPushButton, "reasonsFilters").click()
            assert window.filters.dialog is not None

    run_on_qasync(story())


def test_watched_folders_follow_it(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    watched = WatchedFolder.of(str(tmp_path / "in"), builtin_recipes()[0])

    async def story() -> None:
        async with staged(tmp_path / "data", settings=Settings(watched=(watched,))) as stage:
            watches = stage.window.watched.watches
            await until(lambda: len(watches._watches) == 1)
            (before,) = watches._watches.values()
            dialog = opened_dialog(stage)
            dialog.hidden.setChecked(True)
            button(dialog, OK).click()
            await until(lambda: list(watches._watches.values()) not in ([], [before]))
            (after,) = watches._watches.values()
            assert after._wanted.hidden
            await stage.window.watched.close()

    run_on_qasync(story())


def test_the_effect_of_the_defaults_is_said() -> None:
    assert (
        effect_of(Wanted()) == "Taken are images of all formats, without hidden ones. Archives stay closed."
    )
    assert effect_of(Wanted(("a", "b"), archives=True)).endswith(
        "What 2 patterns match is left out. Archives are opened."
    )
