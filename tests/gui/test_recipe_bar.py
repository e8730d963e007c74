"""The choices in the bar become the recipe of what is added, and are remembered."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from core.recipe import Existing, builtin_recipes, format_toml, quick_recipe
from core.settings import Settings
from gui.recipe_bar import RecipeBar
from gui.tasks import Tasks
from tests.conftest import RunOnLoop
from tests.core.clocks import until


def test_the_choices_become_the_recipe(qtbot: object, tmp_path: Path) -> None:
    bar = RecipeBar(Settings(), Tasks())
    qtbot.addWidget(bar)  # type: ignore[attr-defined]
    assert bar.recipe() == builtin_recipes()[0]
    bar.recipes.setCurrentIndex(bar.recipes.findText("Web"))
    bar.choose_folder(str(tmp_path))
    bar.existing.setCurrentIndex(2)
    recipe = bar.recipe()
    assert (recipe.name, recipe.folder, recipe.existing) == ("Web", str(tmp_path), Existing.REPLACE)


def test_the_choices_are_there_again_at_the_next_start(qtbot: object, tmp_path: Path) -> None:
    bar = RecipeBar(Settings(), Tasks())
    qtbot.addWidget(bar)  # type: ignore[attr-defined]
    bar.recipes.setCurrentIndex(bar.recipes.findText("Email"))
    bar.choose_folder(str(tmp_path))
    bar.existing.setCurrentIndex(1)
    again = RecipeBar(bar.as_settings(Settings()), Tasks())
    qtbot.addWidget(again)  # type: ignore[attr-defined]
    assert again.recipe() == bar.recipe()


def test_a_recipe_file_is_listed_and_remembered_and_a_broken_one_is_told(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    mine, broken = tmp_path / "mine.toml", tmp_path / "broken.toml"
    recipe = quick_recipe(thumbnail=99)
    mine.write_text(format_toml(recipe), encoding="utf-8")
    broken.write_text('name = "x"\noutputs = 3\n', encoding="utf-8")

    async def story() -> None:
        tasks = Tasks()
        bar = RecipeBar(Settings(), tasks)
        refused: list[str] = []
        bar.refused.connect(refused.append)
        await bar._load(str(mine))
        assert bar.recipe() == recipe
        await bar._load(str(broken))
        assert "outputs" in refused[0]
        assert bar.recipe() == recipe
        again = RecipeBar(bar.as_settings(Settings()), tasks)
        await until(lambda: again.recipe() == recipe)
        await tasks.end()

    run_on_qasync(story())


def test_the_entries_that_choose_a_file_are_never_the_choice(qtbot: object) -> None:
    bar = RecipeBar(Settings(recipe="A recipe that is gone"), Tasks())
    qtbot.addWidget(bar)  # type: ignore[attr-defined]
    assert bar.recipe() == builtin_recipes()[0]


def choose(box: QComboBox, place: int) -> None:
    """Choose as a user does, which is told by `activated`."""
    box.setCurrentIndex(place)
    box.activated.emit(place)


def test_originals_are_replaced_and_trees_mirrored_as_chosen_and_remembered(
    qtbot: object, tmp_path: Path
) -> None:
    bar = RecipeBar(Settings(), Tasks())
    qtbot.addWidget(bar)  # type: ignore[attr-defined]
    choose(bar.recipes, bar.recipes.findText("Web"))
    choose(bar.folders, bar.folders.findData("original"))
    assert bar.recipe().replace_original
    assert not bar.mirror.isEnabled()
    again = RecipeBar(bar.as_settings(Settings()), Tasks())
    qtbot.addWidget(again)  # type: ignore[attr-defined]
    assert again.recipe() == bar.recipe()
    bar.choose_folder(str(tmp_path))
    assert not bar.recipe().mirror
    bar.mirror.click()
    recipe = bar.recipe()
    assert (recipe.replace_original, recipe.mirror, recipe.folder) == (False, True, str(tmp_path))
    again = RecipeBar(bar.as_settings(Settings()), Tasks())
    qtbot.addWidget(again)  # type: ignore[attr-defined]
    assert again.recipe() == recipe


def test_a_recipe_of_several_outputs_cannot_be_set_to_replace(qtbot: object) -> None:
    bar = RecipeBar(Settings(), Tasks())
    qtbot.addWidget(bar)  # type: ignore[attr-defined]
    refused: list[str] = []
    bar.refused.connect(refused.append)
    place = bar.folders.findData("original")
    assert not bar.folders.model().index(place, 0).flags() & Qt.ItemFlag.ItemIsEnabled
    choose(bar.recipes, bar.recipes.findText("Web"))
    choose(bar.folders, place)
    choose(bar.recipes, bar.recipes.findText("Web set"))
    assert refused == ["This recipe makes 4 files of each image: they cannot replace it."]
    assert bar.folders.currentData() is None
    assert bar.recipe().replace_original is False
    choose(bar.recipes, bar.recipes.findText("Web"))
    choose(bar.folders, place)
    choose(bar.recipes, bar.recipes.findText("One PDF"))
    assert refused[1:] == ["This recipe makes one file of many images: it cannot replace them."]
    assert bar.recipe().gather
    lost = RecipeBar(Settings(recipe="Web set", replace_originals=True), Tasks())
    qtbot.addWidget(lost)  # type: ignore[attr-defined]
    assert lost.recipe().replace_original is False


def test_what_is_gathered_has_no_original_no_tree_and_nothing_newer(qtbot: object, tmp_path: Path) -> None:
    gathering = next(one for one in builtin_recipes() if one.gather).name
    for settings in (
        Settings(recipe=gathering, replace_originals=True, existing="newer"),
        Settings(recipe=gathering, output_folder=str(tmp_path), mirror=True),
    ):
        bar = RecipeBar(settings, Tasks())
        qtbot.addWidget(bar)  # type: ignore[attr-defined]
        refused: list[str] = []
        bar.refused.connect(refused.append)
        recipe = bar.recipe()
        assert (recipe.replace_original, recipe.mirror, recipe.existing) == (False, False, Existing.KEEP)
        assert not bar.mirror.isEnabled()
        bar.choose_existing("newer")
        assert bar.recipe().existing is Existing.KEEP
        assert refused == ["One file of many images has no one source that could be newer."]


def test_where_a_recipe_goes_by_itself_is_said(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    place = tmp_path / "mine.toml"

    async def story() -> None:
        tasks = Tasks()
        bar = RecipeBar(Settings(), tasks)
        for recipe, said in (
            (quick_recipe(thumbnail=9).with_folder(tmp_path), f"{tmp_path} (by the recipe)"),
            (quick_recipe(thumbnail=9).replacing_originals(), "Replace the original (by the recipe)"),
            (quick_recipe(thumbnail=9), "Beside the source"),
        ):
            place.write_text(format_toml(recipe), encoding="utf-8")
            await bar._load(str(place))
            assert bar.folders.itemText(0) == said
            assert bar.recipe() == recipe
        await tasks.end()

    run_on_qasync(story())
