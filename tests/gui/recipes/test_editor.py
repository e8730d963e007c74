"""A person makes, changes, tries and shares recipes in the window, by mouse or by keyboard alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLabel, QLineEdit

from core.executor import Done, Failed, Outcome, Task
from core.imaging.pixels import AFTER, BEFORE, Picture, write_picture
from core.job import JobError, OutputFile
from core.operations import Blur, Resize
from core.preview import Previewer
from core.recipe import Recipe, builtin_recipes, format_toml, parse_toml, quick_recipe
from core.recipe.draft import draft_of, recipe_of
from core.recipe.shelf import kept_recipes
from gui.comparison import Comparison
from gui.recipes.editor import RecipeEditor
from gui.recipes.shelf import RecipeShelf
from gui.tasks import Tasks
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.core.processors import ByHand


@dataclass
class Scene:
    """An editor on a shelf, whose previews end when the test says so, or at once."""

    editor: RecipeEditor
    shelf: RecipeShelf
    hand: ByHand
    folder: Path
    defaults: list[str]
    failures: list[BaseException]

    def line(self, name: str) -> QLineEdit:
        found = self.editor.form.controls[name].main
        assert isinstance(found, QLineEdit)
        return found

    def type(self, name: str, text: str) -> None:
        """Type into a field in the place of what it holds."""
        line = self.line(name)
        line.selectAll()
        QTest.keyClicks(line, text)

    def recipe(self) -> Recipe:
        draft = self.shelf.draft(self.editor.key)
        assert draft is not None
        return recipe_of(draft)

    def name(self) -> str:
        draft = self.shelf.draft(self.editor.key)
        assert draft is not None
        return str(draft.value("name"))

    def error(self, name: str) -> str:
        label = self.editor.form.controls[name].error
        return label.text() if not label.isHidden() else ""


def previewed(folder: Path) -> Callable[[Task], Outcome]:
    """Answer each wish for a preview at once."""

    def script(task: Task) -> Outcome:
        for name in (BEFORE, AFTER):
            write_picture(folder / "preview" / name, Picture(2, 1, b"\xff\x00\x00\xff" * 2))
        output = Recipe.from_json(task.recipe).outputs[0]
        return Done((OutputFile(f"photo-{output.name}.webp", 1_234, 200, 100, output.name),), 9_876, 400, 200)

    return script


@asynccontextmanager
async def scene(
    folder: Path, script: Callable[[Task], Outcome | None] | None = None, default: str = "Web"
) -> AsyncIterator[Scene]:
    tasks, failures, defaults = Tasks(), [], [default]
    tasks.on_failure = failures.append
    shelf = RecipeShelf(folder, tasks)
    await shelf.read()
    hand = ByHand(script or previewed(folder))
    previewer = Previewer(folder, processor=hand)
    editor = RecipeEditor(
        None,
        shelf,
        previewer,
        tasks,
        lambda: defaults[-1],
        lambda: ["/photos/photo.jpg", "/photos/b.jpg"],  # type: ignore[arg-type]
    )
    editor.default_chosen.connect(defaults.append)
    editor.show()
    try:
        yield Scene(editor, shelf, hand, folder, defaults, failures)
    finally:
        editor.close()
        await previewer.close()
        await shelf.close()
        await tasks.end()
        editor.deleteLater()


Story = Callable[[Scene], Coroutine[Any, Any, None]]


@pytest.fixture
def act(run_on_qasync: RunOnLoop, tmp_path: Path) -> Callable[[Story], None]:
    """Play a story in the editor on an empty shelf; nothing may fail unheard."""

    def play(story: Story) -> None:
        async def whole() -> None:
            async with scene(tmp_path) as stage:
                await story(stage)
                assert stage.failures == []

        run_on_qasync(whole())

    return play


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
        editor.deeds.add_output.trigger()
        assert [one.name for one in stage.recipe().outputs] == ["web", "output"]
        outline.moved.emit((0, 1), (1, 0))  # as a drag says it
        assert [type(one) for one in stage.recipe().outputs[1].operations] == [Resize]
        outline.setCurrentItem(outline.item_at((0,)))
        QTest.keyClick(outline, Qt.Key.Key_Delete)
        assert [one.name for one in stage.recipe().outputs] == ["output"]
        for _ in range(20):
            editor.deeds.undo.trigger()
        assert stage.shelf.kept == ()
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

        def at(place: tuple[int, ...], part: float) -> Any:
            box = outline.visualItemRect(outline.item_at(place))
            point = QPointF(box.center().x(), box.top() + part * box.height()).toPoint()
            return outline._target(source, outline.item_at(place), point)

        source: tuple[int, ...] = (0, 1)
        assert at((0, 0), 0.1) == (0, 0)
        assert at((0, 0), 0.9) == (0, 1)
        assert at((1,), 0.5) == (1, 0)  # onto an output
        assert at((), 0.5) is None
        source = (0,)
        assert at((1,), 0.9) == (2,)
        assert at((1,), 0.1) == (1,)
        assert at((), 0.5) == (0,)

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


def test_a_recipe_becomes_the_default(act: Callable[[Story], None]) -> None:
    async def story(stage: Scene) -> None:
        assert not stage.editor.deeds.default.isEnabled()  # it is already
        stage.editor.deeds.duplicate.trigger()
        stage.editor.deeds.default.trigger()
        assert stage.defaults[-1] == stage.editor.key

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
        stage.type("quality", "55")  # two keys, one preview
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


def test_a_recipe_that_is_right_again_after_an_import_of_a_draft(tmp_path: Path) -> None:
    """A draft of each built-in recipe is the recipe: what the editor opens changes nothing by itself."""
    for recipe in builtin_recipes():
        assert recipe_of(draft_of(recipe)) == recipe


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
