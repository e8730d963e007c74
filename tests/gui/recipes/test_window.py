"""Recipes in the main window: kept ones are chosen, dropped files are imported, waiting images change."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QMenu, QPushButton

from core.recipe import format_toml, quick_recipe
from core.recipe.draft import draft_of
from core.recipe.shelf import Kept, kept_recipes, new_path, write_kept
from core.settings import Settings
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.stage import Stage, staged

SHOP = draft_of(quick_recipe(thumbnail=300)).with_value("name", "Shop")


def kept(folder: Path) -> str:
    path = new_path(folder, "Shop", ())
    write_kept(Kept(path, SHOP))
    return path


def test_a_kept_recipe_is_listed_chosen_again_and_used(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    path = kept(tmp_path / "data")

    async def story() -> None:
        async with staged(tmp_path / "data", settings=Settings(recipe=path)) as stage:
            bar = stage.window.recipe_bar
            await until(lambda: bar.recipe().name == "Shop")
            await until(lambda: [key for key, _ in bar.listed()].count(path) == 1)
            shelf = stage.window.recipes.shelf
            await until(lambda: len(shelf.kept) == 1)
            shelf.edit(path, SHOP.with_value("name", "Store"), "a test")
            assert bar.recipe().name == "Store"
            assert stage.window.settings().recipe == path
            shelf.remove(path, "a test")
            assert bar.recipe().name == "Thumbnail and resize"
            shelf.undo()
            assert "Store" in [recipe.name for _, recipe in bar.listed()]

    run_on_qasync(story())


def test_a_start_with_the_name_of_a_kept_recipe_waits_until_that_is_read(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    kept(tmp_path / "data")

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.take([], "shop")
            await until(lambda: stage.window.recipe_bar.recipe().name == "Shop")

    run_on_qasync(story())


def test_a_recipe_that_is_dropped_is_imported_and_chosen_and_images_are_added(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    file = tmp_path / "mine.TOML"
    file.write_text(format_toml(quick_recipe(thumbnail=99)), encoding="utf-8")
    broken = tmp_path / "broken.toml"
    broken.write_text("nothing of the kind", encoding="utf-8")

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            stage.window.drop_area.dropped.emit([str(file)], 0)
            await until(lambda: stage.window.recipe_bar.recipe() == quick_recipe(thumbnail=99))
            said = stage.part(QLabel, "noticeText")
            assert said.text() == "Imported the recipe “Command line”, which is chosen now."
            await until(lambda: len(kept_recipes(tmp_path / "data")[0]) == 1)
            assert file.exists()
            stage.window.add([str(broken)])
            await until(lambda: "not TOML" in said.text())
            assert stage.window.recipe_bar.recipe() == quick_recipe(thumbnail=99)
            stage.part(QAction, "editRecipes").trigger()
            editor = stage.window.recipes.editor
            assert editor is not None
            assert not editor.isModal()
            assert editor.key == stage.window.recipe_bar.chosen()
            editor.choose("Email")
            editor.deeds.default.trigger()
            assert stage.window.recipe_bar.recipe().name == "Email"
            editor.close()
            assert stage.window.recipes.editor is None

    run_on_qasync(story())


def test_selected_images_that_wait_get_another_recipe_and_have_the_old_one_again(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            ids = await stage.add(3)
            await stage.read()
            stage.window.view.selectAll()
            action = stage.part(QAction, "changeRecipe")
            await until(action.isEnabled)
            action.trigger()
            menu = stage.part(QMenu, "changeRecipeMenu")
            chosen = next(one for one in menu.actions() if one.text() == "Email")
            chosen.trigger()
            menu.close()
            await until(lambda: stage.part(QLabel, "noticeText").text() == "3 images will become “Email”.")
            assert await names(stage, ids) == ["Email"] * 3
            stage.part(QPushButton, "noticeButton").click()
            await until(lambda: stage.part(QLabel, "noticeText").text() == "Undone: new recipe of 3 images.")
            assert await names(stage, ids) == ["Thumbnail and resize"] * 3

    run_on_qasync(story())


async def names(stage: Stage, ids: list[int]) -> list[str]:
    return [job.recipe_name for job in await stage.queue.jobs(ids)]


def test_a_recipe_file_that_is_broken_on_the_disk_is_told(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    path = Path(kept(tmp_path / "data"))
    path.with_name("broken.toml").write_text("x = ", encoding="utf-8")

    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            await until(lambda: "broken.toml" in stage.part(QLabel, "noticeText").text())
            assert "Shop" in [recipe.name for _, recipe in stage.window.recipe_bar.listed()]

    run_on_qasync(story())
