"""A person sees what a recipe makes of a real image, and shares recipes as files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel

from core.executor import Failed
from core.job import JobError
from core.recipe import format_toml, parse_toml, quick_recipe
from gui.comparison import Comparison
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.recipes.scene import Scene, Story, scene


def test_a_recipe_is_exported_and_imported(act: Callable[[Story], None], tmp_path: Path) -> None:
    async def story(stage: Scene) -> None:
        editor = stage.editor
        editor.deeds.duplicate.trigger()
        editor.deeds.export.trigger()
        dialog = editor.findChild(QFileDialog, "recipeExportDialog")
        assert isinstance(dialog, QFileDialog)
        dialog.fileSelected.emit(str(tmp_path / "shared.toml"))
        dialog.reject()
        await until(lambda: (tmp_path / "shared.toml").exists())
        text = (tmp_path / "shared.toml").read_text(encoding="utf-8")
        await until(lambda: (tmp_path / "shared.toml").read_text(encoding="utf-8") != "")
        assert parse_toml((tmp_path / "shared.toml").read_text(encoding="utf-8")) == stage.recipe(), text
        other = tmp_path / "other.toml"
        other.write_text(format_toml(quick_recipe(thumbnail=99)), encoding="utf-8")
        editor.deeds.import_.trigger()
        chooser = editor.findChild(QFileDialog, "recipeImportDialog")
        assert isinstance(chooser, QFileDialog)
        chooser.filesSelected.emit([str(other)])
        chooser.reject()
        await until(lambda: stage.name() == "Command line")
        assert stage.recipe() == quick_recipe(thumbnail=99)
        editor.take([str(other)])  # once more: it is there already
        await asyncio.sleep(0)
        await until(lambda: editor.findChildren(QLabel, "noticeText")[0].text() != "")
        assert len(stage.shelf.kept) == 2

    act(story)


def test_the_preview_shows_the_size_in_bytes_and_the_name_of_the_file(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        pane = stage.editor.preview
        await until(lambda: not pane.comparison.is_empty())
        assert pane.weight.text() == "1.2 kB, 88 % smaller"
        assert pane.facts.text() == "400 × 200, 9.9 kB becomes 200 × 100, 1,234 bytes"
        example = stage.editor.findChild(QLabel, "recipeExample")
        assert isinstance(example, QLabel)
        assert example.text() == "For example photo-web.webp"
        made = len(stage.hand.order)
        stage.editor.deeds.duplicate.trigger()
        stage.type("quality", "55")  # two keys, one preview, when typing rests
        assert pane._rest.isActive()
        await until(lambda: len(stage.hand.order) > made)
        await until(lambda: not stage.hand.tasks)
        assert len(stage.hand.order) == made + 1

    act(story)


def test_a_name_template_is_shown_by_example_while_it_is_typed(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with scene(tmp_path, lambda task: None) as stage:
            stage.editor.deeds.duplicate.trigger()
            stage.type("template", "{stem}-{width}x{height}-{index:04}")
            example = stage.editor.findChild(QLabel, "recipeExample")
            assert isinstance(example, QLabel)
            assert example.text() == "For example photo-2048x1365-0001.webp"
            stage.type("template", "{nothing}")
            assert "{stem}" in stage.error("template")

    run_on_qasync(story())


def test_files_that_are_dropped_on_the_editor_are_imported_or_looked_at(
    act: Callable[[Story], None], tmp_path: Path
) -> None:
    async def story(stage: Scene) -> None:
        file = tmp_path / "mine.toml"
        file.write_text(format_toml(quick_recipe(thumbnail=99)), encoding="utf-8")
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(file)), QUrl.fromLocalFile("/photos/other.png")])
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        event = QDropEvent(QPointF(5, 5), copy, mime, left, Qt.KeyboardModifier.NoModifier)
        stage.editor.dropEvent(event)
        assert stage.editor.preview.images.currentText() == "other.png"
        await until(lambda: stage.name() == "Command line")
        await until(lambda: "other" in stage.editor.form._example or bool(stage.hand.order))

    act(story)


def test_why_there_is_no_preview_is_told(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    error = JobError("no-such-file", "There is no file /photos/photo.jpg.")

    async def story() -> None:
        async with scene(tmp_path, lambda task: Failed(error)) as stage:
            pane = stage.editor.preview
            await until(lambda: pane.trouble.text() == error.message)
            assert pane.comparison.is_empty()

    run_on_qasync(story())


def test_the_output_that_is_chosen_is_the_one_that_is_seen(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with scene(tmp_path, default="Web set") as stage:
            stage.editor.deeds.duplicate.trigger()
            stage.editor.outline.item_at((1,)).setCheckState(0, Qt.CheckState.Unchecked)
            stage.editor._look_at((2,))
            await until(lambda: "photo-512.webp" in stage.editor.form._example)

    run_on_qasync(story())


def test_the_line_between_before_and_after_is_moved_by_keys(qtbot: Any) -> None:
    comparison = Comparison()
    qtbot.addWidget(comparison)
    image = QImage(40, 20, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    comparison.show_images(image, image, QSize(40, 20))
    comparison.show()
    QTest.keyClick(comparison, Qt.Key.Key_Left)
    assert comparison.line == pytest.approx(0.45)
    QTest.keyClick(comparison, Qt.Key.Key_End)
    assert comparison.line == 1
    QTest.keyClick(comparison, Qt.Key.Key_Home)
    assert comparison.line == 0
    QTest.keyClick(comparison, Qt.Key.Key_Plus)
    assert "50 %" in comparison.accessibleDescription()
    QTest.mouseClick(comparison, Qt.MouseButton.LeftButton, pos=comparison.rect().center())
    assert comparison.line == pytest.approx(0.5, abs=0.05)
