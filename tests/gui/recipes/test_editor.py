"""A person makes and changes recipes in the window, by mouse or by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QDrag, QIcon, QKeyEvent, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit

from core.operations import Blur, Resize
from core.recipe import builtin_recipes
from core.recipe.draft import recipe_of
from core.recipe.shelf import kept_recipes
from tests.gui.recipes.scene import Scene, Story


def test_a_built_in_recipe_stays_as_it_is_and_its_copy_is_edited(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        editor = stage.editor
        assert stage.name() == "Web"
        assert not editor.form.controls["name"].isEnabled()
        assert not editor.deeds.delete.isEnabled()
        editor.deeds.duplicate.trigger()
        assert stage.name() == "Web 2"
        assert stage.recipe().outputs == builtin_recipes()[1].outputs
        stage.type("quality", "71")
        assert stage.recipe().outputs[0].quality == 71
        await stage.shelf.write()
        (kept,), _ = kept_recipes(stage.folder)
        assert recipe_of(kept.draft).outputs[0].quality == 71

    act(story)


def test_a_value_that_cannot_be_is_told_beside_its_field_and_is_not_kept(
    act: Callable[[Story], None],
) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.type("quality", "71")
        await stage.shelf.write()
        stage.type("quality", "710")
        assert stage.error("quality") == "A whole number from 1 to 100."
        assert stage.line("quality").accessibleDescription().startswith("A whole number")
        assert stage.editor.outline.item_at((0,)).icon(0).isNull() is False
        assert not stage.editor.deeds.export.isEnabled()
        await stage.shelf.write()
        (kept,), _ = kept_recipes(stage.folder)
        assert recipe_of(kept.draft).outputs[0].quality == 71
        ((_, usable),) = stage.shelf.recipes()
        assert usable.outputs[0].quality == 71
        stage.type("quality", "abc")
        assert stage.error("quality") == "A whole number from 1 to 100."
        assert stage.line("quality").text() == "abc"
        stage.type("quality", "72")
        assert stage.error("quality") == ""

    act(story)


def test_a_fault_of_several_fields_is_told_above_them(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.editor._look_at((0, 0))
        draft = stage.shelf.draft(stage.editor.key)
        assert draft is not None
        step = draft.at((0, 0)).with_value("exact", True).with_value("mode", "pad")
        stage.shelf.edit(stage.editor.key, draft.changed((0, 0), step), "a test")
        text = stage.editor.form.trouble.text()
        assert not stage.editor.form.trouble.isHidden() or stage.error("mode")
        assert "exclude each other" in (text or stage.error("mode"))

    act(story)


def test_a_cleared_field_has_its_default_again_when_it_is_left(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.editor.deeds.steps["watermark"].trigger()
        line = stage.line("size")
        line.setFocus()
        line.selectAll()
        QTest.keyClick(line, Qt.Key.Key_Delete)
        assert line.text() in ("", "25")  # where the platform gives no focus, at once
        line.editingFinished.emit()
        assert line.text() == "25"

    act(story)


def test_the_arrow_keys_change_a_number_within_its_range(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.type("quality", "98")
        QTest.keyClick(stage.line("quality"), Qt.Key.Key_Up)
        assert stage.recipe().outputs[0].quality == 100
        QTest.keyClick(stage.line("quality"), Qt.Key.Key_PageDown)
        assert stage.recipe().outputs[0].quality == 50

    act(story)


def test_a_size_is_said_in_kilobytes_and_another_way_forgets_it(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        ways = stage.editor.findChild(QComboBox, "recipeWay")
        assert isinstance(ways, QComboBox)
        ways.setCurrentIndex(ways.findData("max_bytes"))
        ways.activated.emit(ways.currentIndex())
        assert stage.line("max_bytes").text() == "200"
        stage.type("max_bytes", "87.5")
        assert stage.recipe().outputs[0].max_bytes == 87_500
        ways = stage.editor.form.ways
        assert ways is not None
        ways.activated.emit(ways.findData("look"))
        output = stage.recipe().outputs[0]
        assert (output.max_bytes, output.look) == (None, "same")

    act(story)


def test_another_format_shows_its_own_options(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        assert "progressive" not in stage.editor.form.controls
        box = stage.editor.form.controls["format"].main
        assert isinstance(box, QComboBox)
        box.activated.emit(box.findData("jpeg"))
        assert "progressive" in stage.editor.form.controls
        assert stage.recipe().outputs[0].format == "jpeg"

    act(story)


def test_operations_and_outputs_are_added_moved_switched_off_and_removed(
    act: Callable[[Story], None],
) -> None:
    async def story(stage: Scene) -> None:
        editor, outline = stage.editor, stage.editor.outline
        editor.deeds.duplicate.trigger()
        editor.deeds.steps["blur"].trigger()
        assert [type(one) for one in stage.recipe().outputs[0].operations] == [Resize, Blur]
        assert outline.current_place() == (0, 1)
        QTest.keyClick(outline, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        assert [type(one) for one in stage.recipe().outputs[0].operations] == [Blur, Resize]
        outline.item_at((0, 0)).setCheckState(0, Qt.CheckState.Unchecked)
        assert [type(one) for one in stage.recipe().outputs[0].operations] == [Resize]
        spoken = outline.item_at((0, 0)).data(0, Qt.ItemDataRole.AccessibleTextRole)
        assert "switched off" in spoken
        QTest.keyClick(outline, Qt.Key.Key_Space)
        assert [type(one) for one in stage.recipe().outputs[0].operations] == [Blur, Resize]
        QTest.keyClick(outline, Qt.Key.Key_Space)
        editor.deeds.add_output.trigger()
        assert [one.name for one in stage.recipe().outputs] == ["web", "output"]
        outline.moved.emit((0, 1), (1, 0))  # as a drag says it
        assert [type(one) for one in stage.recipe().outputs[1].operations] == [Resize]
        outline.setCurrentItem(outline.item_at((0,)))
        QTest.keyClick(outline, Qt.Key.Key_Delete)
        assert [one.name for one in stage.recipe().outputs] == ["output"]
        for _ in range(20):
            editor.deeds.undo.trigger()
        assert list(stage.shelf.kept) == []
        for _ in range(20):
            editor.deeds.redo.trigger()
        editor.choose(stage.shelf.kept[0].path)
        assert [one.name for one in stage.recipe().outputs] == ["output"]

    act(story)


def test_what_is_dragged_lands_where_it_is_dropped(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.editor.deeds.steps["blur"].trigger()
        stage.editor.deeds.add_output.trigger()
        outline = stage.editor.outline
        source: tuple[int, ...]

        def at(place: tuple[int, ...], part: float) -> Any:
            box = outline.visualItemRect(outline.item_at(place))
            point = QPointF(box.center().x(), box.top() + part * box.height()).toPoint()
            return outline._target(source, outline.item_at(place), point)

        source = (0, 1)
        assert at((0, 0), 0.1) == (0, 0)
        assert at((0, 0), 0.9) == (0, 1)
        assert at((1,), 0.5) == (1, 0)  # onto an output
        assert at((), 0.5) is None
        source = (0,)
        assert at((1,), 0.9) == (2,)
        assert at((1,), 0.1) == (1,)
        assert at((), 0.5) == (0,)

    act(story)


def test_nothing_is_lost_when_a_drag_ends(
    act: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Qt takes away what was dragged when it was moved: for Qt it is copied, and the draft moves it."""
    asked: list[Qt.DropAction] = []

    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.editor.deeds.add_output.trigger()
        outline = stage.editor.outline
        outline.setCurrentItem(outline.item_at((0, 0)))

        def dragged(drag: QDrag, actions: Qt.DropAction) -> Qt.DropAction:
            asked.append(actions)
            outline.moved.emit((0, 0), (1, 0))
            return Qt.DropAction.MoveAction  # what some programs answer, whatever they were offered

        monkeypatch.setattr(QDrag, "exec", dragged)
        outline.startDrag(Qt.DropAction.MoveAction)
        assert asked == [Qt.DropAction.CopyAction]
        assert outline.item_at((1, 0)).text(0).startswith("Resize")
        assert [len(one.operations) for one in stage.recipe().outputs] == [0, 1]

    act(story)


def test_what_is_typed_in_one_go_is_undone_in_one_step(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.type("quality", "70")
        stage.type("name", "small")
        stage.editor.deeds.undo.trigger()
        assert stage.recipe().outputs[0].name == "web"
        assert stage.line("name").text() == "web"
        assert stage.recipe().outputs[0].quality == 70
        stage.editor.deeds.undo.trigger()
        assert stage.recipe().outputs[0].quality is None
        stage.editor.deeds.redo.trigger()
        assert stage.recipe().outputs[0].quality == 70

    act(story)


def test_undo_within_a_field_is_that_of_the_window(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.type("quality", "70")
        stage.type("name", "small")
        for _ in range(2):
            wish = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
            QApplication.sendEvent(stage.line("name"), wish)
            assert not wish.isAccepted()  # so that it goes to the window's action
            stage.editor.deeds.undo.trigger()
        output = stage.recipe().outputs[0]
        assert (output.name, output.quality) == ("web", None)

    act(story)


def test_an_output_that_is_named_like_another_is_told_beside_its_name(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        stage.editor.deeds.duplicate.trigger()
        stage.editor.deeds.add_output.trigger()
        stage.type("name", "web")
        assert stage.error("name") == "Another output has this name."
        stage.type("name", " ")
        assert stage.error("name") == "Give it a name."

    act(story)


def test_a_recipe_is_renamed_deleted_and_brought_back(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        editor = stage.editor
        editor.deeds.new.trigger()
        key = editor.key
        editor.book.renamed.emit(key, "Shop")
        assert stage.name() == "Shop"
        editor.book.renamed.emit(key, "web")  # as a built-in one is called
        assert stage.name() == "web 2"
        await stage.shelf.write()
        QTest.keyClick(editor.book, Qt.Key.Key_Delete)
        assert stage.name() == "Web"
        await stage.shelf.write()
        assert kept_recipes(stage.folder) == ([], [])
        button = editor.findChild(QAbstractButton, "noticeButton")
        assert isinstance(button, QAbstractButton)
        button.click()
        assert stage.name() == "web 2"
        await stage.shelf.write()
        assert [one.name for one in kept_recipes(stage.folder)[0]] == ["web 2"]

    act(story)


def test_a_recipe_becomes_the_default(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        assert not stage.editor.deeds.default.isEnabled()  # it is already
        stage.editor.deeds.duplicate.trigger()
        stage.editor.deeds.default.trigger()
        assert stage.defaults[-1] == stage.editor.key

    act(story)


def test_every_control_has_a_name_for_those_who_do_not_see_it(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        for place in ((), (0,), (0, 0)):
            stage.editor._look_at(place)
            for kind in (QAbstractButton, QComboBox, QLineEdit):
                for part in stage.editor.findChildren(kind):
                    shown = part.isVisibleTo(stage.editor) and not part.objectName().startswith("qt_")
                    if shown:
                        said = part.accessibleName() or getattr(part, "text", lambda: "")()
                        assert said, part.objectName()

    act(story)


def test_the_tick_of_the_default_is_seen_also_in_the_selected_row(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        book = stage.editor.book
        item = next(book.item(row) for row in range(book.count()) if book.item(row).text() == "Web")
        shown = item.icon().pixmap(16, 16, QIcon.Mode.Selected).toImage()
        colours = [shown.pixelColor(x, y) for x in range(16) for y in range(16)]
        inks = {one.name() for one in colours if one.alpha() > 200}
        assert book.palette().color(QPalette.ColorRole.HighlightedText).name() in inks

    act(story)
