"""The window in one state after the other, and a picture of the screen in each.

Run as a program: `python -m tests.pictures.scenes FOLDER HOME SCHEME TEXTS FONT` on a screen with a window
manager. The jobs of its queue end as the scenes need it; what they would make is there as small files.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QTabWidget
from qasync import QEventLoop

from core.executor import Done, Failed, Skipped
from core.intake.adding import AddSummary
from core.intake.paths import Refused
from core.job import JobError, JobState, OutputFile, Priority
from core.recipe import builtin_recipes
from core.remote.cluster import Link
from core.remote.shared_folder import SharedFolder
from core.settings import Settings
from core.transfer.queue_file import SUFFIX
from core.transfer.sending import Then
from gui import adding, words
from gui.dialogs import confirm
from gui.dry_run import DryRunDialog
from gui.language import NAMES as LANGUAGES
from gui.language import speak
from gui.machine_fields import BrokerField
from gui.theme import apply_theme, icon
from tests.core.clocks import until
from tests.gui.made_up import TWO
from tests.gui.stage import Stage, staged
from tests.pictures.pseudo import Pseudo, mirrored, twice

RECIPE: Final = builtin_recipes()[0]
NAMES: Final = (
    "sunrise over the lake", "IMG_20260714_093012", "Zürich – Bahnhof", "the whole family, second try",
    "P1080211", "market", "DSC_0412", "boat", "Łódź by night", "cable car",
)  # fmt: skip
FAILURES: Final = (
    JobError("not-an-image", "{} is not an image that can be read (JPEG, PNG, WebP).", False),
    JobError(
        "damaged-image", "{} is damaged, or of a kind that cannot be read: it ends early.", False,
        "OSError: truncated",
    ),
    JobError(
        "not-writable", "/mnt/delivery cannot be written: permission denied or read-only.", False,
        "PermissionError: 13",
    ),
    JobError("too-large", "{} has 25600 × 20000 pixels, 512 megapixels; the limit is 200.", False),
)  # fmt: skip


class Scenes:
    """Leads a window through its states."""

    def __init__(self, stage: Stage, target: Path, home: Path) -> None:
        self.stage, self.target, self.home = stage, target, home
        self.window = stage.window
        self.acts = stage.window.actions_
        self._number = 0

    async def picture(self, name: str) -> None:
        """Take a picture of the screen, when what has been asked for is painted."""
        for _ in range(3):
            await asyncio.sleep(0.12)  # the throttles of the window's parts, and the screen's own
            QApplication.sendPostedEvents()
        self._number += 1
        shot = self.window.screen().grabWindow(0)
        assert shot.save(str(self.target / f"{self._number:02}-{name}.png"))

    async def of_dialog(self, name: str, open_: Callable[[], object], dialog: str = "") -> QDialog:
        """Open a dialog, take its picture, and return it."""
        before = set(self.dialogs())
        open_()

        def opened() -> list[QDialog]:
            return [one for one in self.dialogs() if one not in before]

        await until(lambda: bool(opened()))
        found = opened()[-1]
        await self.picture(name)
        return found

    def dialogs(self) -> list[QDialog]:
        """The dialogs that are open."""
        return [one for one in QApplication.topLevelWidgets() if isinstance(one, QDialog) and one.isVisible()]

    async def close(self, dialog: QDialog) -> None:
        """Close a dialog, and wait until it is gone."""
        dialog.reject()
        await until(lambda: dialog not in self.dialogs())

    # -- the work -------------------------------------------------------------------------------------------

    def sources(self, number: int) -> list[str]:
        """Write so many small images, and return their paths."""
        folder = self.home / "Pictures" / "A week in the mountains, and a day by the lake"
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for place in range(number):
            path = folder / f"{NAMES[place % len(NAMES)]}{f' {place}' if place >= len(NAMES) else ''}.jpg"
            if not path.exists():
                red, green, blue = Image.linear_gradient("L"), Image.radial_gradient("L"), (place * 37) % 256
                made = Image.merge("RGB", (red.rotate(90 * place), green, Image.new("L", red.size, blue)))
                made.resize((1200, 800)).save(path, quality=88)
            paths.append(str(path))
        return paths

    def done(self, source: str) -> Done:
        """What a job that went well tells."""
        path, made = Path(source), []
        folder = path.parent / "made"
        folder.mkdir(exist_ok=True)
        for output, side in (("thumbnail", 256), ("resized", 1920)):
            target = folder / f"{path.stem}-{output}.jpg"
            with Image.open(path) as image:
                image.thumbnail((side, side))
                image.save(target)
                made.append(OutputFile(str(target), target.stat().st_size, *image.size, name=output))
        return Done(tuple(made), 4_812_334, 4000, 3000, ("The animation was reduced to its first frame.",))

    async def finish(self, slot: int, outcome: object) -> None:
        """End what runs in a slot."""
        task = self.stage.hand.tasks[slot]
        self.stage.clock._now += 0.8 + slot / 7  # so long did it take
        self.stage.hand.end(slot, outcome)  # type: ignore[arg-type]
        await until(lambda: self.stage.hand.tasks.get(slot) is not task)

    async def wait_for_four(self) -> None:
        """Wait until all slots are busy."""
        await until(lambda: len(self.stage.hand.tasks) == 4)

    # -- scenes ---------------------------------------------------------------------------------------------

    async def play(self) -> None:
        """Take all pictures."""
        await self.empty()
        await self.adding()
        await self.busy()
        await self.dragging()
        await self.menus()
        await self.pausing()
        await self.failures()
        await self.dialogs_of_files()
        await self.other_dialogs()
        await self.machines()
        await self.file_dialog()
        await self.finished()

    async def empty(self) -> None:
        """Nothing was added yet."""
        self.stage.clock._now = time.time()
        await self.stage.queue.pause()
        await self.picture("empty")
        self.drag(Priority.NORMAL)
        await self.picture("empty-drag")
        self.leave()
        found = await self.of_dialog("watched-folders-none", self.acts.watched_folders.trigger)
        await self.close(found)

    async def adding(self) -> None:
        """A folder is being added, and then was."""
        going = asyncio.Event()

        async def slowly(*_: object, on_count: Callable[[int, int], None], **__: object) -> AddSummary:
            on_count(1_214, 9_310)
            await going.wait()
            refused = tuple(
                Refused(f"/photos/notes-{n}.txt", f"notes-{n}.txt is not an image.") for n in range(3)
            )
            return AddSummary(
                added=44, duplicates=3, not_images_count=3, not_images=refused, results_count=8, numbered=2
            )  # fmt: skip

        really = vars(adding)["add_paths"]
        vars(adding)["add_paths"] = slowly
        try:
            self.window.add(["/photos"])
            await self.picture("adding")
            going.set()
            await until(lambda: not self.window.adding.busy)
        finally:
            vars(adding)["add_paths"] = really
        await self.picture("added")
        found = await self.of_dialog("not-added", self.window.adding._show_reasons)
        await self.close(found)
        self.window.adding.hide()

    async def busy(self) -> None:
        """Four images are worked on; others are done, failed, held, retrying, skipped, waiting."""
        queue, hand = self.stage.queue, self.stage.hand
        paths = self.sources(60)
        await queue.enqueue_batch(paths[:40], RECIPE, 0)
        high = await queue.enqueue_batch(paths[40:43], RECIPE, Priority.HIGH)
        low = await queue.enqueue_batch(paths[43:], RECIPE, Priority.LOW)
        await queue.hold(low.ids[:2])
        await queue.start()
        for number in range(12):
            await self.wait_for_four()
            slot = number % 4
            source = hand.tasks[slot].source
            outcome: object = self.done(source)
            if number in (3, 7):
                outcome = Failed(error_for(FAILURES[number % 3], source))
            elif number == 5:
                outcome = Failed(
                    JobError("file-busy", f"{Path(source).name} is in use by another program.", True)
                )
            elif number == 6:
                outcome = Skipped(
                    "Up to date: one.jpg was made of it before, and nothing has changed since.", 4_100_200
                )
            await self.finish(slot, outcome)
        await self.wait_for_four()
        await queue.cancel(low.ids[-1:])
        for slot, fraction in enumerate((0.15, 0.4, 0.66, 0.92)):
            hand.on_progress(hand.tasks[slot].job_id, fraction)
        self.window.view.setFocus()
        await self.picture("busy")
        self.window.view.selectRow(4)
        await self.picture("details-done")
        self.row_in("failed")
        await self.picture("details-failed")
        self.window.tabs.choose("all")
        await self.stage.rows(60)
        self.window.view.selectAll()
        await self.picture("all-selected")
        self.window.view.clearSelection()
        self.window.search.setText("no such name")
        await self.picture("nothing-matches")
        self.window.search.clear()
        assert high.ids

    def row_in(self, tab: str) -> None:
        """Select the first row of a tab."""
        self.window.tabs.choose(tab)
        self.window.view.selectRow(0)

    async def dragging(self) -> None:
        """Files are held over each zone."""
        await asyncio.sleep(0.2)
        for priority in Priority:
            self.drag(priority)
            await self.picture(f"drag-{priority.name.lower()}")
            self.leave()

    def drag(self, priority: Priority) -> None:
        """Hold twelve files over the zone of a priority."""
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(path) for path in self.sources(12)])
        self._mime = mime  # Qt keeps none
        none, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
        copy = Qt.DropAction.CopyAction
        QApplication.sendEvent(self.window, QDragEnterEvent(QPoint(5, 5), copy, mime, left, none))
        zone = next(one for one in self.window.drop_area._zones.values() if one.priority is priority)
        point = zone.geometry().center()
        QApplication.sendEvent(self.window, QDragMoveEvent(point, copy, mime, left, none))

    def leave(self) -> None:
        """Take the files away again."""
        QApplication.sendEvent(self.window, QDragLeaveEvent())

    async def menus(self) -> None:
        """Each menu of the bar, and that of a row."""
        self.window.view.selectRow(2)
        await asyncio.sleep(0.3)
        for place, action in enumerate(self.window.menuBar().actions()):
            menu = action.menu()
            if action.isVisible() and isinstance(menu, QMenu):
                corner = self.window.menuBar().actionGeometry(action).bottomLeft()
                menu.popup(self.window.menuBar().mapToGlobal(corner))
                await self.picture(f"menu-{place + 1}")
                menu.close()

    async def pausing(self) -> None:
        """Paused while four images are worked on, and when they have ended."""
        await self.stage.queue.pause()
        await self.picture("pausing")
        for slot in list(self.stage.hand.tasks):
            self.stage.hand.end(slot, self.done(self.stage.hand.tasks[slot].source))
        await until(lambda: not self.stage.hand.tasks)
        await self.picture("paused")

    async def failures(self) -> None:
        """Some more fail, for several reasons."""
        await self.stage.queue.start()
        for number in range(9):
            await self.wait_for_four()
            source = self.stage.hand.tasks[0].source
            await self.finish(0, Failed(error_for(FAILURES[number % len(FAILURES)], source)))
        self.window.tabs.choose("failed")
        await self.picture("failures")
        self.window.tabs.choose("all")

    async def dialogs_of_files(self) -> None:
        """What would be made; export and import."""
        dry = await self.of_dialog("dry-run-none", self.acts.dry_run.trigger)
        assert isinstance(dry, DryRunDialog)
        dry.look_at(self.sources(14))
        await until(lambda: dry._task is None, 90)
        await self.picture("dry-run")
        await self.close(dry)
        found = await self.of_dialog("export", self.acts.export_jobs.trigger)
        await self.close(found)
        file = self.home / f"from the studio{SUFFIX}"
        await self.window.queue_files.export(file, None, Then.KEEP)
        self.window.notice.hide()
        found = await self.of_dialog("import", lambda: self.window.queue_files.open(str(file)))
        await self.close(found)

    async def other_dialogs(self) -> None:
        """Preferences, page by page, and whatever else the menus open by itself."""
        found = await self.of_dialog("preferences", self.acts.preferences.trigger)
        pages = found.findChild(QTabWidget)
        for place in range(1, pages.count() if pages else 0):
            assert pages is not None
            pages.setCurrentIndex(place)
            await self.picture(f"preferences-{place + 1}")
        await self.close(found)
        self.window.watched.add(str(self.home / "Pictures"), 0)
        acts = self.acts
        for action in (
            acts.folder_filters, acts.watched_folders, acts.history, acts.shortcuts, acts.about,
            acts.diagnostics,
        ):  # fmt: skip
            await self.close(await self.of_dialog(action.objectName(), action.trigger))
        await self.recipe_editor()
        asked = asyncio.ensure_future(
            confirm(
                self.window, "question", self.window.tr("Restore the defaults of all preferences?"),
                self.window.tr("The queue, the recipes and the watched folders stay as they are."),
                self.window.tr("Restore"), self.window.tr("Leave"),
            )
        )  # fmt: skip
        await self.close(await self.of_dialog("question", lambda: None))
        await asked

    async def recipe_editor(self) -> None:
        """The recipe editor, with a preview of an image in the queue."""
        self.acts.edit_recipes.trigger()
        editor = self.window.recipes.editor
        assert editor is not None
        await asyncio.sleep(2)  # its preview is made in a worker
        await self.picture("recipe-editor")
        editor.close()

    async def file_dialog(self) -> None:
        """Qt's own dialog for files, which serves where the desktop has none."""
        await self.close(await self.of_dialog("file-dialog", self.acts.add_files.trigger))

    async def machines(self) -> None:
        """Other machines: none yet, two, and a broker that is away; what of it the preferences show."""
        told, window = self.stage.machines, self.window
        found = await self.of_dialog("machines-none", self.acts.machines.trigger)
        window.preferences.keys.remember("amqps://ann@rabbit.example.org/photos", "s3cret")
        told.become(Link.CONNECTED, "", TWO)
        window._take_settings(
            window.settings(),
            replace(
                window.settings(), broker="amqps://ann@rabbit.example.org/photos",
                shared=(SharedFolder("photos", str(self.home / "Pictures")),),
            ),
        )  # fmt: skip
        await self.picture("machines")
        trouble = (
            "Nothing answers on port 5671 of rabbit.example.org: the broker does not run there, or has"
            " another port."
        )
        told.become(Link.AWAY, trouble)
        await self.picture("machines-away")
        await self.close(found)
        await self.picture("broker-away")
        window.preferences.show("broker")
        assert window.preferences.dialog is not None
        broker = window.preferences.dialog.fields["broker"]
        assert isinstance(broker, BrokerField)
        broker._say(words.said(trouble), JobState.FAILED)
        await self.picture("preferences-machines-away")
        await self.close(window.preferences.dialog)
        told.become(Link.OFF)

    async def finished(self) -> None:
        """All is done."""
        self.stage.hand.script = lambda task: self.done(task.source)
        await self.stage.queue.release(
            list(self.window.model.ids_between(0, self.window.model.rowCount() - 1))
        )
        self.stage.clock.advance(60)  # what waited to be retried comes now
        for slot in list(self.stage.hand.tasks):
            self.stage.hand.end(slot, self.done(self.stage.hand.tasks[slot].source))
        await until(lambda: self.stage.queue.status().live == 0)
        self.window.view.setFocus()
        await self.picture("finished")
        self.window.resize(760, 560)
        await self.picture("small-window")


def error_for(error: JobError, source: str) -> JobError:
    """An error that names the source."""
    return JobError(error.code, error.message.format(Path(source).name), error.retryable, error.details)


def main(target: str, home: str, scheme: str, texts: str, font: str) -> int:
    """Take all pictures of one look."""
    app = QApplication(["imagequeue"])
    app.setApplicationName("Image Queue")
    app.setQuitOnLastWindowClosed(False)
    size = app.font()
    size.setPointSizeF(size.pointSizeF() * int(font) / 100)
    app.setFont(size)
    apply_theme(app)
    app.setWindowIcon(icon("app"))
    if texts in LANGUAGES:
        speak(texts)
    elif texts != "plain":
        app.installTranslator(Pseudo({"twice": twice, "mirrored": mirrored}[texts], app))
    if texts == "mirrored":
        app.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    data_dir = Path(home) / "queue"
    data_dir.mkdir(parents=True)
    kept = QSettings(str(data_dir / "window.ini"), QSettings.Format.IniFormat)
    kept.setValue("scheme", scheme)
    kept.sync()

    async def play() -> None:
        async with staged(data_dir, settings=Settings()) as stage:
            await Scenes(stage, Path(target), Path(home)).play()

    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        runner.run(play())
    gc.collect()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
