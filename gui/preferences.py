"""The preferences: each takes effect as soon as it is changed, or says when it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from core.errors import BadUsage
from core.remote.extra import MISSING, is_installed
from core.remote.keys import Keys
from core.settings import DATA_DIR_VARIABLE, MAX_AGING, MAX_TIMEOUT, MAX_WORKERS, Settings
from gui import words
from gui.dialogs import DialogButtons, confirm
from gui.language import NAMES
from gui.machine_fields import BrokerField, SharedField
from gui.preference_fields import ChoiceField, Field, ListField, NumberField, SwitchField, TextField
from gui.tasks import Tasks
from gui.theme import SPACE


class Preferences(QObject):
    """The settings of the window, and the dialog that changes them while it is open."""

    changed = Signal(object, object)  # the Settings before, and with what was just changed
    password_changed = Signal()  # of the broker that is set

    def __init__(
        self,
        window: QWidget,
        settings: Callable[[], Settings],
        schemes: Mapping[str, QAction],
        data_dir: Path,
        tasks: Tasks,
        open_path: Callable[[str], None],
        keys: Keys,
    ) -> None:
        """Prepare; `schemes` are the actions that choose the appearance, which the window keeps itself."""
        super().__init__(window)
        self._window = window
        self.settings = settings
        self.schemes = schemes
        self.data_dir = data_dir
        self.tasks = tasks
        self.open_path = open_path
        self.keys = keys
        self.dialog: PreferencesDialog | None = None

    def show(self, name: str = "") -> None:
        """Show the dialog, at the setting of this name."""
        if self.dialog is None:
            self.dialog = PreferencesDialog(self._window, self)
            self.dialog.finished.connect(self._forget_dialog)
        self.refresh()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()
        if name:
            self.dialog.go_to(name)

    def _forget_dialog(self) -> None:
        self.dialog = None

    def refresh(self) -> None:
        """Show in the dialog what was changed elsewhere."""
        if self.dialog is not None:
            self.dialog.fill()

    def change(self, name: str, value: object) -> None:
        """Change one setting. Raises BadUsage for a value that cannot be."""
        old = self.settings()
        new = replace(old, **{name: value})  # type: ignore[arg-type]
        if new != old:
            self.changed.emit(old, new)

    def restore(self, names: list[str]) -> None:
        """Give these settings the values that they have at the first start."""
        old, fresh = self.settings(), Settings()
        new = replace(old, **{name: getattr(fresh, name) for name in names})
        if new != old:
            self.changed.emit(old, new)
        self.schemes["system"].setChecked(True)
        self.refresh()


class PreferencesDialog(QDialog):
    """A few pages of fields. It stays until it is closed, and hinders nothing."""

    def __init__(self, window: QWidget, preferences: Preferences) -> None:
        super().__init__(window)
        self.setObjectName("preferences")
        self.setWindowTitle(self.tr("Preferences"))
        self._preferences = preferences
        self.fields: dict[str, Field] = {}
        self.pages = QTabWidget(self)
        self.pages.setObjectName("preferencePages")
        self.pages.setDocumentMode(True)  # the ground of a pane would take the contrast of the hints
        self._add_work()
        self._add_files()
        self._add_done()
        self._add_machines()
        self._add_window()
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close, self)
        restore = buttons.addButton(self.tr("Restore &defaults…"), QDialogButtonBox.ButtonRole.ResetRole)
        restore.setObjectName("restoreDefaults")
        restore.setAutoDefault(False)
        restore.clicked.connect(lambda: preferences.tasks.start(self._restore()))
        buttons.rejected.connect(self.reject)
        self.finished.connect(self._finish)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        column.setSpacing(SPACE)
        column.addWidget(self.pages)
        column.addWidget(buttons)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setAutoDefault(False)  # Enter takes a value, and does not close
        letters = self.fontMetrics()
        wanted = QSize(letters.averageCharWidth() * 92, letters.lineSpacing() * 40)
        self.resize(wanted.boundedTo(self.screen().availableSize()))

    # -- the pages ------------------------------------------------------------------------------------------

    def _add_work(self) -> None:
        tr = self.tr
        at_once = tr("Takes effect at once.")
        self._page(
            "work", tr("Work"),
            NumberField("workers", tr("&Workers:"),
                        tr("Images that are worked on at the same time. Takes effect at once; a worker that"
                           " is too many finishes its image first."), MAX_WORKERS, least=1),
            NumberField("timeout", tr("&Time limit:"),
                        tr("For one attempt at one image. Holds for attempts that begin from now on."),
                        int(MAX_TIMEOUT), suffix=tr("s"), zero=tr("No limit"), step=30),
            NumberField("memory_limit_mb", tr("&Memory limit:"),
                        tr("For each worker. Holds for attempts that begin from now on."),
                        2**20, suffix=tr("MB"), zero=tr("No limit"), step=256),
            NumberField("max_retries", tr("&Retries:"),
                        tr("After the first attempt, where a retry can help. For images that are added from"
                           " now on."), 1_000, zero=tr("None")),
            NumberField("aging_minutes", tr("&Aging:"),
                        tr("An image that has waited so long goes before any priority. {0}").format(at_once),
                        MAX_AGING, suffix=tr("min"), zero=tr("Never"), step=10),
            NumberField("grace", tr("Time to &finish:"),
                        tr("That images being worked on get when you quit. {0}").format(at_once),
                        600, suffix=tr("s"), zero=tr("None"), step=5),
        )  # fmt: skip

    def _add_files(self) -> None:
        tr = self.tr
        later = tr("For folders that are added from now on, and for watched ones at once.")
        self._page(
            "files", tr("Files"),
            ChoiceField("existing", tr("If a file is t&here:"),
                        tr("For images that are added from now on."),
                        [("keep", tr("Keep it")), ("number", tr("Number the new one")),
                         ("replace", tr("Replace it")), ("newer", tr("Replace it if older"))]),
            ListField("ignore", tr("&Leave out of folders:"),
                      tr("One pattern a line, as in a .gitignore. {0}").format(later),
                      lines=True, example=tr("For example:\n*-small.jpg\nold/")),
            ListField("only_formats", tr("&Only the formats:"), tr("Nothing here means all."),
                      lines=False, example=tr("For example: jpeg, png, raw")),
            NumberField("min_bytes", tr("Files of at &least:"), tr("Smaller files of a folder are left out."),
                        2**30, suffix=tr("kB"), zero=tr("Any size"), step=10, unit=1_000),
            SwitchField("by_content", tr("Compare files by &content"),
                        tr("What was made before is told by what a file holds, not by its time.")),
            SwitchField("take_hidden", tr("Take h&idden files of folders, too"), ""),
            SwitchField("open_archives", tr("Open ar&chives in folders"),
                        tr("Archives that are added by themselves are always opened.")),
        )  # fmt: skip

    def _add_done(self) -> None:
        tr = self.tr
        at_once = tr("Takes effect at once.")
        self._page(
            "done", tr("When done"),
            SwitchField("notify", tr("&Notify me when all is done"),
                        tr("Once a run, with the failures in it, only where the window is not in front.")),
            ChoiceField("when_done", tr("&When done, at each start:"),
                        tr("What ends something, such as to shut down, is chosen in the window each time."),
                        [("nothing", tr("Do nothing more")), ("notify", tr("Notify me in any case")),
                         ("open", tr("Open the folder"))]),
            SwitchField("keep_awake", tr("&Keep the machine awake while images are worked on"), at_once),
            SwitchField("tray", tr("Show an &icon in the tray"),
                        tr("{0} Where the desktop has a tray.").format(at_once)),
            TextField("after_each", tr("Command after &each image:"),
                      tr("{source}, {output}, {outputs}, {id} and {recipe} stand for what they say; no shell"
                         " reads them. One that fails is noted in the image's row."),
                      example=tr("For example: rsync {output} backup:/photos/")),
            TextField("after_all", tr("Command after &all:"),
                      tr("{done}, {failed}, {skipped} and {cancelled} stand for how many."),
                      example=tr("For example: notify-send '{done} done, {failed} failed'")),
            NumberField("after_seconds", tr("Time for a co&mmand:"), tr("Then it is ended."),
                        int(MAX_TIMEOUT), least=1, suffix=tr("s"), step=30),
        )  # fmt: skip

    def _add_machines(self) -> None:
        tr, installed = self.tr, is_installed()
        broker = BrokerField(
            tr("&Broker:"),
            tr("The URL of a RabbitMQ or a Redis through which workers on other machines get images. Takes"
               " effect at once. Empty: this computer works alone."),
            self._preferences.keys, self._preferences.tasks,
        )  # fmt: skip
        shared = SharedField(
            tr("&Shared folders:"),
            tr("Folders that the machines have, too, so that images in them need not travel. A worker is told"
               " its own path of each, by --share and the name. Takes effect at once."),
        )  # fmt: skip
        broker.password_changed.connect(self._preferences.password_changed)
        form = self._page("machines", tr("Machines"), broker, shared)
        if not installed:
            said = QLabel(words.said(MISSING), self)
            said.setObjectName("clusterMissing")
            said.setWordWrap(True)
            said.setTextFormat(Qt.TextFormat.PlainText)
            said.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            form.insertRow(0, said)
        for field in (broker, shared):
            field.allow(installed)

    def _add_window(self) -> None:
        tr = self.tr
        scheme = ChoiceField(
            "scheme", tr("&Appearance:"), tr("Takes effect at once."),
            [(name, words.plain(action.text())) for name, action in self._preferences.schemes.items()],
        )  # fmt: skip
        language = ChoiceField(
            "language", tr("&Language:"), tr("Takes effect at the next start."),
            [("system", tr("As the system")), *NAMES.items()],
        )  # fmt: skip
        form = self._page("window", tr("Window"), scheme, language)
        folder = QLineEdit(words.shown(str(self._preferences.data_dir)), self)
        folder.setObjectName("dataFolder")
        folder.setReadOnly(True)
        folder.setCursorPosition(0)
        show = QPushButton(tr("&Open"), self)
        show.setObjectName("openDataFolder")
        show.setAutoDefault(False)
        show.clicked.connect(lambda: self._preferences.open_path(str(self._preferences.data_dir)))
        copy = QPushButton(tr("&Copy"), self)
        copy.setObjectName("copyDataFolder")
        copy.setAutoDefault(False)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(str(self._preferences.data_dir)))
        row = QHBoxLayout()
        row.setSpacing(SPACE)
        row.addWidget(folder, 1)
        row.addWidget(show)
        row.addWidget(copy)
        said = QLabel(
            tr("The queue, the settings and the log are kept here. Another folder is taken at the next start,"
               " with --data-dir or the variable {0}.").format(DATA_DIR_VARIABLE), self,
        )  # fmt: skip
        said.setWordWrap(True)
        said.setForegroundRole(said.foregroundRole().PlaceholderText)
        column = QVBoxLayout()
        column.setSpacing(SPACE // 4)
        column.addLayout(row)
        column.addWidget(said)
        label = QLabel(tr("&Data folder:"), self)
        label.setBuddy(folder)
        form.addRow(label, column)

    def _page(self, name: str, title: str, *fields: Field) -> QFormLayout:
        page = QWidget(self)
        page.setObjectName(f"page-{name}")
        outer = QVBoxLayout(page)
        outer.setContentsMargins(2 * SPACE, 2 * SPACE, 2 * SPACE, 2 * SPACE)
        form = QFormLayout()
        outer.addLayout(form)
        outer.addStretch()
        form.setVerticalSpacing(SPACE)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in fields:
            self.fields[field.name] = field
            field.edited.connect(self._on_edited)
            if field.label:
                label = QLabel(field.label, page)
                label.setBuddy(field.control)
                form.addRow(label, field)
            else:
                form.addRow(field)
        area = QScrollArea(self)  # large letters and long texts may need more height than there is
        area.setWidget(page)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its fields take it, and are scrolled to
        self.pages.addTab(area, title)
        return form

    # -- values ---------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """Show the settings as they are now."""
        settings = self._preferences.settings()
        for name, field in self.fields.items():
            field.say_error("")
            field.show_value(self._scheme() if name == "scheme" else getattr(settings, name))

    def go_to(self, name: str) -> None:
        """Show the page with the setting of this name, and give the setting the keyboard."""
        field = self.fields[name]
        for place in range(self.pages.count()):
            page = self.pages.widget(place)
            if page is not None and page.isAncestorOf(field):
                self.pages.setCurrentIndex(place)
        field.control.setFocus()

    def _scheme(self) -> str:
        chosen = [name for name, action in self._preferences.schemes.items() if action.isChecked()]
        return chosen[0] if chosen else "system"

    def _on_edited(self, name: str, value: object) -> None:
        if name == "scheme":
            self._preferences.schemes[str(value)].setChecked(True)
            return
        try:
            self._preferences.change(name, value)
        except BadUsage as error:
            sentence = words.said(str(error))
            if name.startswith("after_"):  # the name that the file of settings has is not for people
                sentence = words.said(str(error).replace(name, self.tr("It"), 1))
            if name == "memory_limit_mb":
                sentence = self.tr("A worker needs 64 MB or more; 0 is for no limit.")
            self.fields[name].say_error(sentence)
        else:
            self.fields[name].say_error("")

    def _finish(self) -> None:
        for field in self.fields.values():
            field.finish()
        self.deleteLater()

    async def _restore(self) -> None:
        if await confirm(
            self, "restoreQuestion", self.tr("Restore the defaults of all preferences?"),
            self.tr("The queue, the recipes and the watched folders stay as they are."),
            self.tr("Restore"), self.tr("Leave"),
        ):  # fmt: skip
            self._preferences.restore([name for name in self.fields if name != "scheme"])
