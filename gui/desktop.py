"""What the desktop does for the app: notices, a bar on its icon, no sleep meanwhile, power off afterwards.

What a desktop lacks is missing in silence.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

from PySide6.QtCore import SLOT, QObject, QProcess, Slot

from gui.bus import Bus

log = logging.getLogger(__name__)

APP_ID: Final = "imagequeue"  # the name of the desktop entry

SLEEP: Final = "sleep"
SHUT_DOWN: Final = "shut-down"

_NOTICES: Final = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                   "org.freedesktop.Notifications")  # fmt: skip
_LOGIN: Final = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
_LAUNCHER: Final = ("/com/canonical/unity/launcherentry/imagequeue", "com.canonical.Unity.LauncherEntry")
_CAN: Final = ("yes", "challenge")  # it works, or works when a password is given

_COMMANDS: Final = {
    ("win32", SLEEP): ["rundll32.exe", "powrprof.dll,SetSuspendState", "0,1,0"],
    ("win32", SHUT_DOWN): ["shutdown.exe", "/s", "/t", "0"],
    ("darwin", SLEEP): ["pmset", "sleepnow"],
    ("darwin", SHUT_DOWN): ["osascript", "-e", 'tell application "System Events" to shut down'],
}


class Desktop(Protocol):
    """The seam to the desktop. No method waits for the desktop, and none raises for what it lacks."""

    async def powers(self) -> frozenset[str]:
        """Return what the machine can be asked for: SLEEP, SHUT_DOWN."""

    async def notify(self, title: str, text: str) -> bool:
        """Show a notice; returns whether the desktop took it."""

    def on_click(self, call: Callable[[], None]) -> None:
        """Call this when a notice of ours was clicked."""

    def show_progress(self, fraction: float | None) -> None:
        """Show a bar on the app's icon, 0 to 1; None for no bar."""

    def stay_awake(self, wanted: bool) -> None:
        """Keep the machine from going to sleep by itself, or let it again."""

    def use_power(self, power: str) -> None:
        """Do one of `powers`, now."""

    def close(self) -> None:
        """Let all go: no bar, and the machine may sleep."""


class NoDesktop:
    """A desktop that lacks everything; for tests, and where nothing is to reach outside the window."""

    async def powers(self) -> frozenset[str]:
        """Return nothing."""
        return frozenset()

    async def notify(self, title: str, text: str) -> bool:  # noqa: ARG002
        """Show nothing."""
        return False

    def on_click(self, call: Callable[[], None]) -> None:
        """Never call it."""

    def show_progress(self, fraction: float | None) -> None:
        """Show nothing."""

    def stay_awake(self, wanted: bool) -> None:
        """Do nothing."""

    def use_power(self, power: str) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class SystemDesktop:
    """The desktop that the app runs on: by D-Bus on Linux, by commands elsewhere."""

    def __init__(self) -> None:
        linux = sys.platform == "linux"
        self._session = Bus("SESSION") if linux else None
        self._system = Bus("SYSTEM") if linux else None
        self._awake = _Awake()
        self._clicks = _Clicks() if linux else None
        self._last: int = 0  # the id of our last notice, which the next one replaces
        self._shown: int | None = None  # per cent on the icon

    async def powers(self) -> frozenset[str]:
        """Return what the login service, or the platform, says that it can."""
        if self._system is None:
            return frozenset(power for platform, power in _COMMANDS if platform == sys.platform)
        asked = {SLEEP: "CanSuspend", SHUT_DOWN: "CanPowerOff"}
        found = set()
        for power, method in asked.items():
            answer = await asyncio.wrap_future(self._system.call(_LOGIN, method))
            if answer and answer[0] in _CAN:
                found.add(power)
        return frozenset(found)

    async def notify(self, title: str, text: str) -> bool:
        """Show a notice in the place of our last one."""
        if self._session is None:
            return False
        hints = {"desktop-entry": ("s", APP_ID), "category": ("s", "transfer.complete")}
        body = ("Image Queue", self._last, APP_ID, title, text, ["default", "Show"], hints, -1)
        answer = await asyncio.wrap_future(self._session.call(_NOTICES, "Notify", "susssasa{sv}i", body))
        if not answer:
            return False
        assert isinstance(answer[0], int)
        self._last = answer[0]
        if self._clicks is not None:
            self._clicks.number = self._last
        return True

    def on_click(self, call: Callable[[], None]) -> None:
        """Hear of clicks on our last notice."""
        if self._clicks is not None:
            self._clicks.listen(call)

    def show_progress(self, fraction: float | None) -> None:
        """Tell docks and task bars that follow the launcher's interface, for each per cent."""
        shown = None if fraction is None else round(100 * fraction)
        if self._session is None or shown == self._shown:
            return
        self._shown = shown
        values = {"progress": ("d", (shown or 0) / 100), "progress-visible": ("b", shown is not None)}
        path, interface = _LAUNCHER
        entry = f"application://{APP_ID}.desktop"
        self._session.emit(path, interface, "Update", "sa{sv}", (entry, values))

    def stay_awake(self, wanted: bool) -> None:
        """Ask the session not to let the machine sleep."""
        self._awake.want(wanted)

    def use_power(self, power: str) -> None:
        """Ask the login service, which ends us in order when it shuts down."""
        log.info("The machine is asked to %s", power)
        if self._system is not None:
            method = {SLEEP: "Suspend", SHUT_DOWN: "PowerOff"}[power]
            self._system.call(_LOGIN, method, "b", (True,))  # True: it may ask for a password
        elif command := _COMMANDS.get((sys.platform, power)):
            QProcess.startDetached(command[0], command[1:])

    def close(self) -> None:
        """Take the bar off the icon, and let the machine sleep."""
        self.show_progress(None)
        self._awake.close()
        for bus in (self._session, self._system):
            if bus is not None:
                bus.close()


class _Awake:
    """Keeps the machine awake by wakepy, in the one thread in which that begins and ends."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "awake")
        self._wanted = False
        self._mode: Any = None

    def want(self, wanted: bool) -> None:
        if wanted != self._wanted:
            self._wanted = wanted
            self._thread.submit(self._enter if wanted else self._leave)

    def close(self) -> None:
        self.want(False)
        self._thread.shutdown(wait=False)

    def _enter(self) -> None:
        try:
            from wakepy import keep

            logging.getLogger("wakepy").setLevel(logging.ERROR)  # a desktop that lacks it is no news
            mode = keep.running(on_fail="pass")
            mode.__enter__()
        except Exception as error:
            log.debug("The machine cannot be kept awake: %s", error)
        else:
            self._mode = mode

    def _leave(self) -> None:
        mode, self._mode = self._mode, None
        if mode is not None:
            try:
                mode.__exit__(None, None, None)
            except Exception as error:
                log.debug("The machine may not sleep again by itself: %s", error)


class _Clicks(QObject):
    """Hears on Qt's own connection which notice was clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self._call: Callable[[], None] = lambda: None
        self._listening = False

    def listen(self, call: Callable[[], None]) -> None:
        from PySide6.QtDBus import QDBusConnection

        self._call = call
        bus = QDBusConnection.sessionBus()
        if bus.isConnected() and not self._listening:
            _, path, interface = _NOTICES
            slot: Any = SLOT("on_action(uint,QString)")  # a text, and not the bytes that its types say
            self._listening = bus.connect("", path, interface, "ActionInvoked", self, slot)

    @Slot("uint", "QString")
    def on_action(self, number: int, _action: str) -> None:
        if number == self.number:
            self._call()
