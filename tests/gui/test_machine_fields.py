"""The broker, its password and the shared folders are chosen in the preferences, and tried there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QPushButton
from shiboken6 import isValid

from core.remote.cluster import Link
from core.remote.keys import NOT_KEPT
from core.remote.shared_folder import SharedFolder
from core.settings import Settings
from gui import machine_fields, preferences
from gui.machine_fields import BrokerField, SharedField
from gui.preferences import PreferencesDialog
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.made_up import KeysInMemory
from tests.gui.stage import Stage, staged

RABBIT = "amqp://ann@rabbit/v"


def on_page(
    run: RunOnLoop,
    folder: Path,
    play: Callable[[Stage, BrokerField, SharedField], Awaitable[None]],
    settings: Settings | None = None,
    keys: KeysInMemory | None = None,
) -> None:
    async def story() -> None:
        async with staged(folder / "data", settings=settings, keys=keys) as stage:
            stage.window.preferences.show("broker")
            fields = dialog(stage).fields
            broker, shared = fields["broker"], fields["shared"]
            assert isinstance(broker, BrokerField)
            assert isinstance(shared, SharedField)
            await play(stage, broker, shared)

    run(story())


def dialog(stage: Stage) -> PreferencesDialog:
    found = stage.window.preferences.dialog
    assert found is not None
    return found


def error(stage: Stage, name: str) -> str:
    label = dialog(stage).findChild(QLabel, f"error-{name}")
    assert label is not None
    return label.text()


def type_in(edit: QLineEdit, text: str, *, enter: bool = True) -> None:
    edit.selectAll()
    QTest.keyClicks(edit, text) if text else QTest.keyClick(edit, Qt.Key.Key_Delete)
    if enter:
        QTest.keyClick(edit, Qt.Key.Key_Return)


def test_a_url_is_taken_when_it_is_whole_and_its_password_goes_to_the_keyring(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    keys = KeysInMemory()

    async def play(stage: Stage, broker: BrokerField, _: SharedField) -> None:
        told = QSignalSpy(stage.window.settings_changed)
        type_in(broker.url, "amqp://ann:s3cret@rabb", enter=False)
        assert told.count() == 0
        type_in(broker.url, "amqp://ann:s3cret@rabbit:5672/v")
        assert broker.url.text() == RABBIT
        assert broker.password.text() == "s3cret"
        assert broker.password.echoMode() is QLineEdit.EchoMode.Password
        assert stage.window.settings().broker == RABBIT
        assert told.count() == 1
        await until(lambda: keys.kept == {RABBIT: "s3cret"})
        await until(lambda: Settings.load(stage.folder).broker == RABBIT)
        for path in stage.folder.iterdir():
            with suppress(FileNotFoundError):  # a file that was being written has its name by now
                assert path.is_dir() or b"s3cret" not in path.read_bytes()

    on_page(run_on_qasync, tmp_path, play, keys=keys)


def test_what_is_wrong_is_said_in_place_and_changes_nothing(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, broker: BrokerField, _: SharedField) -> None:
        type_in(broker.url, "rabbit:5672", enter=False)
        await until(lambda: "begins with amqp://" in error(stage, "broker"))
        QTest.keyClick(broker.url, Qt.Key.Key_Return)
        assert stage.window.settings().broker == RABBIT
        assert broker.url.text() == "rabbit:5672"
        type_in(broker.url, "redis://rabbit/1")
        assert error(stage, "broker") == ""
        assert stage.window.settings().broker == "redis://rabbit/1"
        type_in(broker.url, "")
        assert stage.window.settings().broker == ""

    on_page(run_on_qasync, tmp_path, play, Settings(broker=RABBIT))


def test_a_kept_password_is_shown_as_dots_changed_and_forgotten(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    keys = KeysInMemory()
    keys.kept[RABBIT] = "old"

    async def play(stage: Stage, broker: BrokerField, _: SharedField) -> None:
        await until(lambda: broker.password.text() == "old")
        anew = QSignalSpy(stage.window.preferences.password_changed)
        type_in(broker.password, "new")
        assert anew.count() == 1
        await until(lambda: keys.kept == {RABBIT: "new"})
        type_in(broker.password, "")
        assert anew.count() == 2
        await until(lambda: keys.kept == {RABBIT: ""})
        assert stage.window.settings().broker == RABBIT

    on_page(run_on_qasync, tmp_path, play, Settings(broker=RABBIT), keys)


def test_no_other_machine_is_given_the_password(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    """It goes with another port or path of the same one."""
    keys = KeysInMemory()
    keys.kept[RABBIT] = "s3cret"

    async def play(stage: Stage, broker: BrokerField, _: SharedField) -> None:
        await until(lambda: broker.password.text() == "s3cret")
        type_in(broker.url, "amqp://ann@rabbit:5673/other")
        assert broker.password.text() == "s3cret"
        type_in(broker.url, "amqp://ann@rabit/v")
        assert broker.password.text() == ""
        assert await keys.find("amqp://ann@rabit/v") == ""
        type_in(broker.url, RABBIT)
        await until(lambda: broker.password.text() == "s3cret")

    on_page(run_on_qasync, tmp_path, play, Settings(broker=RABBIT), keys)


def test_a_password_that_no_keyring_keeps_is_said_to_last_for_this_run(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage, broker: BrokerField, _: SharedField) -> None:
        type_in(broker.password, "s3cret")
        await until(lambda: broker.unkept.text() == NOT_KEPT)
        assert await stage.window.preferences.keys.in_full(RABBIT) == "amqp://ann:s3cret@rabbit/v"

    on_page(run_on_qasync, tmp_path, play, Settings(broker=RABBIT), KeysInMemory(broken=True))


def test_try_tells_what_the_broker_says_and_the_window_goes_on(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = asyncio.Queue[tuple[Link, str]]()

    async def answer(url: str) -> tuple[Link, str]:
        asked.append(url)
        return await answers.get()

    monkeypatch.setattr(machine_fields, "try_broker", answer)

    async def play(stage: Stage, broker: BrokerField, _: SharedField) -> None:
        type_in(broker.url, "amqp://ann:s3cret@rabbit/v", enter=False)
        press = stage.part(QPushButton, "brokerTry")
        press.click()
        assert broker.answer.text() == "Trying…"
        press.click()  # once more is one try
        await until(lambda: len(asked) > 0)
        answers.put_nowait((Link.REFUSED, "rabbit does not accept this user and password."))
        await until(lambda: broker.answer.text() == "rabbit does not accept this user and password.")
        assert set(asked) == {"amqp://ann:s3cret@rabbit/v"}
        assert stage.window.settings().broker == RABBIT
        press.click()
        answers.put_nowait((Link.CONNECTED, "The broker answers."))
        await until(lambda: broker.answer.text() == "The broker answers.")
        type_in(broker.url, "x", enter=False)
        assert not broker.answer.isVisible()  # it was of another URL

    on_page(run_on_qasync, tmp_path, play)


def test_what_was_typed_last_is_taken_when_the_dialog_is_closed(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage, broker: BrokerField, _: SharedField) -> None:
        type_in(broker.url, RABBIT, enter=False)
        dialog(stage).close()
        assert stage.window.settings().broker == RABBIT

    on_page(run_on_qasync, tmp_path, play)


def test_an_answer_that_comes_after_the_dialog_is_closed_hurts_nothing(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = asyncio.Event()

    async def answer(url: str) -> tuple[Link, str]:
        await may.wait()
        return Link.CONNECTED, "The broker answers."

    monkeypatch.setattr(machine_fields, "try_broker", answer)

    async def play(stage: Stage, broker: BrokerField, _: SharedField) -> None:
        failed: list[BaseException] = []
        stage.tasks.on_failure = failed.append
        stage.part(QPushButton, "brokerTry").click()
        trying = broker._trying
        assert trying is not None
        dialog(stage).close()
        await until(lambda: not isValid(broker))
        may.set()
        await trying
        assert failed == []

    on_page(run_on_qasync, tmp_path, play, Settings(broker=RABBIT))


def test_folders_are_shared_under_names_of_their_own(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def play(stage: Stage, _: BrokerField, shared: SharedField) -> None:
        stage.part(QPushButton, "sharedAdd").click()
        chooser = stage.part(QFileDialog, "sharedDialog")
        chooser.fileSelected.emit("/mnt/nas/Photos of 2026")
        chooser.close()
        shared.add_folder("/mnt/other/photos-of-2026")
        two = (
            SharedFolder("Photos-of-2026", "/mnt/nas/Photos of 2026"),
            SharedFolder("photos-of-2026-2", "/mnt/other/photos-of-2026"),
        )
        assert stage.window.settings().shared == two
        await until(lambda: Settings.load(stage.folder).shared == two)
        item = shared.list.topLevelItem(0)
        assert item is not None
        item.setText(0, "shoot")
        assert stage.window.settings().shared[0].name == "shoot"
        item.setText(0, "my shoot")
        assert "up to 40 letters" in error(stage, "shared")
        assert stage.window.settings().shared[0].name == "shoot"
        item.setText(0, "nas")
        assert error(stage, "shared") == ""
        shared.add_folder("/mnt/nas/Photos of 2026/raw")
        assert error(stage, "shared") == "The shared folders nas and raw are one inside the other."
        remove = stage.part(QPushButton, "sharedRemove")
        remove.click()
        assert error(stage, "shared") == ""
        assert [one.name for one in stage.window.settings().shared] == ["nas", "photos-of-2026-2"]
        remove.click()
        remove.click()
        assert stage.window.settings().shared == ()
        assert not remove.isEnabled()

    on_page(run_on_qasync, tmp_path, play)


def test_a_name_is_changed_by_the_keyboard_and_a_path_is_not(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def play(stage: Stage, _: BrokerField, shared: SharedField) -> None:
        item = shared.list.topLevelItem(0)
        assert item is not None
        shared.list.setFocus()
        shared.list.setCurrentItem(item, 0)
        QTest.keyClick(shared.list, Qt.Key.Key_F2)
        editor = shared.list.findChild(QLineEdit)
        assert editor is not None
        type_in(editor, "shoot")
        await until(lambda: stage.window.settings().shared[0].name == "shoot")
        shared.list.setCurrentItem(item, 1)
        QTest.keyClick(shared.list, Qt.Key.Key_F2)
        assert stage.window.settings().shared == (SharedFolder("shoot", "/mnt/photos"),)
        assert not shared.list.isPersistentEditorOpen(item, 1)

    folder = Settings(shared=(SharedFolder("photos", "/mnt/photos"),))
    on_page(run_on_qasync, tmp_path, play, folder)


def test_without_the_extra_the_page_says_how_to_get_it(
    run_on_qasync: RunOnLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "is_installed", lambda: False)

    async def play(stage: Stage, broker: BrokerField, shared: SharedField) -> None:
        said = dialog(stage).findChild(QLabel, "clusterMissing")
        assert said is not None
        assert 'pip install "imagequeue[cluster]"' in said.text()
        for part in (broker.url, broker.password, broker.attempt, shared.list, shared.add):
            assert not part.isEnabled()

    on_page(run_on_qasync, tmp_path, play)
