"""What is chosen in the window is on disk soon after, for an end that nobody ordered."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QSettings

from core.settings import Settings
from gui.columns import NAME
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import staged


def kept(folder: Path, name: str) -> str:
    """What the file of the window's state holds on disk; QSettings would answer out of this process."""
    file = folder / "window.ini"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.partition("=")[2] for line in lines if line.startswith(f"{name}=")), "")


def test_recipe_folder_and_rule_are_kept_while_the_window_is_open(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            bar = stage.window.recipe_bar
            bar.recipes.setCurrentIndex(bar.recipes.findText("Web"))
            bar.existing.setCurrentIndex(1)
            bar.choose_folder(str(tmp_path))
            wanted = Settings(recipe="Web", output_folder=str(tmp_path), existing="number")
            await until(lambda: Settings.load(stage.folder) == wanted)

    run_on_qasync(story())


def test_look_tab_details_columns_and_size_are_kept_while_the_window_is_open(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            window, folder = stage.window, stage.folder
            await until(lambda: kept(folder, "scheme") == "system")
            window.actions_.schemes["dark"].setChecked(True)
            await until(lambda: kept(folder, "scheme") == "dark")
            window.actions_.schemes["system"].setChecked(True)
            window.tabs.choose("failed")
            await until(lambda: kept(folder, "tab") == "failed")
            window.actions_.details.setChecked(False)
            await until(lambda: kept(folder, "details") == "false")
            columns = kept(folder, "columns")
            window.view.horizontalHeader().setSectionHidden(NAME, True)
            await until(lambda: kept(folder, "columns") != columns)
            geometry = kept(folder, "geometry")
            window.resize(710, 510)
            await until(lambda: kept(folder, "geometry") != geometry)

    run_on_qasync(story())


def test_a_burst_of_changes_is_written_once(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            state = stage.window.state
            written: list[bool] = []
            write = state._write

            def counted(values: dict[str, str], settings: Settings) -> None:
                written.append(True)
                write(values, settings)

            state._write = counted  # type: ignore[method-assign]
            for number in range(200):
                stage.window.recipe_bar.changed.emit()
                stage.window.view.horizontalHeader().resizeSection(2, 100 + number)
            await until(lambda: bool(written))
            assert len(written) == 1

    run_on_qasync(story())


def test_what_an_earlier_version_kept_is_taken_over(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.view.horizontalHeader().setSectionHidden(NAME, True)
            layout = stage.window.view.save_layout()
        (tmp_path / "old").mkdir()
        old = QSettings(str(tmp_path / "old" / "window.ini"), QSettings.Format.IniFormat)
        old.setValue("columns", layout)
        old.sync()
        async with staged(tmp_path / "old") as stage:
            assert stage.window.view.horizontalHeader().isSectionHidden(2)

    run_on_qasync(story())


def files_open_here() -> list[str]:
    """The paths of the files that this process has open."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one that lists them is closed by now
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return found


def test_a_write_leaves_nothing_open(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await stage.window.state.write()
            names = {path.name for path in (tmp_path / "data").iterdir() if path.name.startswith("window")}
            assert "window.ini" in names
            assert not {Path(one).name for one in files_open_here()} & names

    run_on_qasync(story())
