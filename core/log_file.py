"""Keeps a rotating log in the data folder, where also what nobody caught is written down."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from core.hidden import without_passwords

LOG_NAME: Final = "imagequeue.log"
FAULTS_NAME: Final = "imagequeue.faults.log"

_LARGEST: Final = 1_000_000  # bytes of one log file
_OLDER: Final = 2  # log files that are kept beside it

log = logging.getLogger(__name__)


class _Discreet(logging.Formatter):
    """Writes lines, with what belongs to them such as tracebacks, without the passwords in them."""

    def format(self, record: logging.LogRecord) -> str:
        return without_passwords(super().format(record))


def keep_log(data_dir: Path, *, echo: bool) -> None:
    """Log into the data folder from now on: our own words, faults of threads, and a death by a signal.

    The data folder must be there. What Python itself prints as it dies of a fault in native code goes to a
    file of its own, which is begun anew when it has grown past a log file's size.

    echo: also print what is logged to standard error.
    """
    keeper = RotatingFileHandler(
        data_dir / LOG_NAME, maxBytes=_LARGEST, backupCount=_OLDER, encoding="utf-8", delay=True,
        errors="backslashreplace",
    )  # fmt: skip
    keeper.setFormatter(_Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(keeper)
    if echo:
        shown = logging.StreamHandler()
        shown.setFormatter(_Discreet())
        root.addHandler(shown)
    root.setLevel(logging.INFO)
    logging.getLogger("qasync").setLevel(logging.WARNING)
    threading.excepthook = _on_thread
    sys.unraisablehook = _on_unraisable
    faults = data_dir / FAULTS_NAME
    much = faults.exists() and faults.stat().st_size > _LARGEST
    faulthandler.enable(faults.open("w" if much else "a", encoding="utf-8"))  # open for as long as we live


def tail_of_log(data_dir: Path, name: str = LOG_NAME, lines: int = 60) -> list[str]:
    """Return the last lines of a log in this data folder; none where it has none that can be read."""
    try:
        with (data_dir / name).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 50_000))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []


def _on_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and failed.exc_type is not SystemExit:
        name = failed.thread.name if failed.thread else "a thread"
        log.critical("An unexpected error ended %s", name, exc_info=failed.exc_value)


def _on_unraisable(failed: sys.UnraisableHookArgs) -> None:
    log.error("%s: %r", failed.err_msg or "An error where none can be raised", failed.object,
              exc_info=failed.exc_value)  # fmt: skip
