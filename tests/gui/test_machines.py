"""The window shows the machines and how the broker is, and says in two commands how to add one."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton

from core.remote.cluster import Link, Machine
from core.remote.shared_folder import SharedFolder
from core.settings import Settings
from gui.machines_dialog import MachinesDialog, worker_command
from tests.conftest import RunOnLoop
from tests.core.clocks import until
from tests.gui.made_up import TWO, KeysInMemory, MadeUp
from tests.gui.stage import Stage, staged

BROKER = Settings(broker="amqps://ann@rabbit/v", shared=(SharedFolder("photos", "/mnt/photos"),))
AWAY = "Nothing answers on port 5671 of rabbit: the broker does not run there, or has another port."


def opened(stage: Stage) -> MachinesDialog:
    stage.window.actions_.machines.trigger()
    dialog = stage.window.machines.dialog
    assert dialog is not None
    assert not dialog.isModal()
    return dialog


def rows(dialog: MachinesDialog) -> list[list[str]]:
    found = []
    for place in range(dialog.list.topLevelItemCount()):
        item = dialog.list.topLevelItem(place)
        assert item is not None
        found.append([item.text(column) for column in range(dialog.list.columnCount())])
    return found


def test_the_table_follows_the_machines_and_keeps_what_is_chosen(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", settings=BROKER) as stage:
            dialog = opened(stage)
            assert rows(dialog) == []
            stage.machines.become(Link.CONNECTED, "", TWO)
            assert rows(dialog) == [
                ["darkroom", "8", "5", "12,480", "9.2", "now", "0.1.0", "The same"],
                ["studio-mac", "4", "4", "311", "4.5", "21 s ago", "0.1.0", "1 of 1 not the same"],
            ]
            assert dialog.state.text() == "Connected to amqps://ann@rabbit/v: 2 machines, 12 slots."
            assert dialog.folders.text() == (
                "photos on studio-mac: It has no shared folder photos: start it with --share photos=FOLDER."
            )
            chosen = dialog.list.topLevelItem(1)
            assert chosen is not None
            dialog.list.setCurrentItem(chosen)
            attic = Machine("attic", 2, 0, 0, 0.0, 0.0, "0.1.0")
            stage.machines.become(Link.CONNECTED, "", (attic, *TWO))
            assert [row[0] for row in rows(dialog)] == ["attic", "darkroom", "studio-mac"]
            assert dialog.list.currentItem() is chosen
            stage.machines.become(Link.CONNECTED, "", (attic, TWO[1]))
            assert [row[0] for row in rows(dialog)] == ["attic", "studio-mac"]
            assert dialog.list.currentItem() is chosen
            stage.machines.become(Link.CONNECTED)
            assert rows(dialog) == []
            assert not dialog.folders.isVisible()

    run_on_qasync(story())


def test_how_long_ago_a_machine_was_heard_of_grows_while_nothing_comes(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", settings=BROKER) as stage:
            now = 100.0
            dialog = MachinesDialog(stage.window, stage.window.settings, lambda: now)
            stage.machines.become(Link.CONNECTED, "", TWO)
            dialog.show_cluster(stage.machines.cluster)
            assert rows(dialog)[0][5] == "now"
            now = 190.0
            dialog._tick.timeout.emit()
            assert [row[5] for row in rows(dialog)] == ["1:30 ago", "1:51 ago"]
            dialog.close()

    run_on_qasync(story())


@pytest.mark.parametrize(
    ("link", "sentence", "state", "button"),
    [
        (Link.OFF, "", "No broker is set: this computer works alone.", ""),
        (Link.MISSING, "It is not installed.", "This computer works alone. It is not installed.",
         "Machines cannot be used"),
        (Link.CONNECTING, "", "Connecting to amqps://ann@rabbit/v…", "Connecting…"),
        (Link.AWAY, AWAY, "The broker is away, and tried again by itself. This computer goes on alone. "
         + AWAY, "The broker is away"),
        (Link.REFUSED, "No.", "The broker refuses. This computer goes on alone. No.", "The broker refuses"),
        (Link.CONNECTED, "", "Connected to amqps://ann@rabbit/v: 0 machines, 0 slots.", "0 machines"),
    ],
)  # fmt: skip
def test_the_broker_is_told_in_the_window_and_in_the_dialog(
    run_on_qasync: RunOnLoop, tmp_path: Path, link: Link, sentence: str, state: str, button: str
) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", settings=BROKER) as stage:
            stage.machines.become(link, sentence)
            shown = stage.part(QPushButton, "machinesLink")
            assert (shown.text(), shown.isVisible()) == (button, bool(button))
            assert shown.toolTip() == (state if button else "")
            if button:
                shown.click()
            else:
                stage.window.machines.show()
            dialog = stage.window.machines.dialog
            assert dialog is not None
            assert dialog.state.text() == state
            trouble = link in (Link.AWAY, Link.REFUSED, Link.MISSING)
            assert stage.window.notice.isVisible() == trouble
            assert dialog._sign.isVisible() == trouble

    run_on_qasync(story())


def test_the_notice_of_a_broker_that_is_away_goes_by_itself(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data", settings=BROKER) as stage:
            said = stage.part(QLabel, "noticeText")
            stage.machines.become(Link.CONNECTED, "", TWO)
            stage.machines.become(Link.AWAY, AWAY)
            assert AWAY in said.text()
            assert stage.window.notice.isVisible()
            stage.machines.become(Link.AWAY, "Still.")
            assert said.text().endswith("Still.")
            stage.window.notice.hide()
            stage.machines.become(Link.AWAY, AWAY)
            assert not stage.window.notice.isVisible()  # once is enough
            stage.machines.become(Link.CONNECTED, "", TWO)
            stage.machines.become(Link.AWAY, AWAY)
            assert stage.window.notice.isVisible()
            stage.machines.become(Link.CONNECTED, "", TWO)
            assert not stage.window.notice.isVisible()
            stage.machines.become(Link.AWAY, AWAY)
            stage.window.notice.say("Something else.")
            stage.machines.become(Link.CONNECTED, "", TWO)
            assert stage.window.notice.isVisible()  # what was said after that stays

    run_on_qasync(story())


def test_a_window_that_opens_while_the_broker_is_away_says_so(
    run_on_qasync: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        told = MadeUp()
        told.become(Link.AWAY, AWAY)
        async with staged(tmp_path / "data", settings=BROKER, machines=told) as stage:
            assert AWAY in stage.part(QLabel, "noticeText").text()

    run_on_qasync(story())


@pytest.mark.parametrize(
    ("settings", "secret", "command"),
    [
        (Settings(), False, "IMAGEQUEUE_BROKER=amqp://ann:PASSWORD@HOST/ imagequeue worker"),
        (Settings(broker="redis://10.0.0.7/2"), False, "imagequeue worker --broker redis://10.0.0.7/2"),
        (Settings(broker="redis://10.0.0.7/2"), True,
         "IMAGEQUEUE_BROKER=redis://:PASSWORD@10.0.0.7/2 imagequeue worker"),
        (BROKER, True,
         "IMAGEQUEUE_BROKER=amqps://ann:PASSWORD@rabbit/v imagequeue worker --share photos=FOLDER"),
        (Settings(broker="amqps://a@r?ssl_cert_reqs=none"), False,
         "imagequeue worker --broker 'amqps://a@r/?ssl_cert_reqs=none'"),
    ],
)  # fmt: skip
def test_the_second_command_starts_a_worker_and_has_no_password(
    settings: Settings, secret: bool, command: str
) -> None:
    assert worker_command(settings, secret=secret) == command


def test_the_commands_follow_the_settings_and_are_copied(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        keys = KeysInMemory()
        await keys.keep("amqps://ann@rabbit/v", "s3cret")
        async with staged(tmp_path / "data", keys=keys) as stage:
            dialog = opened(stage)
            stage.window._take_settings(stage.window.settings(), BROKER)
            await until(lambda: "ann:PASSWORD@rabbit" in dialog.commands.toPlainText())
            dialog.copy.click()
            assert QGuiApplication.clipboard().text() == (
                'pip install "imagequeue[cluster]"\n'
                "IMAGEQUEUE_BROKER=amqps://ann:PASSWORD@rabbit/v imagequeue worker --share photos=FOLDER"
            )
            assert dialog.remark.text() == "PASSWORD stands for the password of the broker."
            local = Settings(broker="redis://localhost")
            stage.window._take_settings(stage.window.settings(), local)
            assert "others find it by the name of the computer" in dialog.remark.text()
            for label in dialog.findChildren(QLabel):
                assert "s3cret" not in label.text() + label.toolTip()

    run_on_qasync(story())


def test_the_dialog_leads_to_the_preferences(run_on_qasync: RunOnLoop, tmp_path: Path) -> None:
    async def story() -> None:
        async with staged(tmp_path / "data") as stage:
            opened(stage)
            stage.part(QPushButton, "machinesPreferences").click()
            dialog = stage.window.preferences.dialog
            assert dialog is not None
            assert dialog.focusWidget() is dialog.fields["broker"].control

    run_on_qasync(story())
