"""What each kind of failure is called, and the button beside Retry that can mend it for a whole group."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from PySide6.QtCore import QCoreApplication


class Mend(StrEnum):
    """What can be done about all failures of a kind at once, besides trying again."""

    FOLDER = "folder"  # choose another output folder, and retry
    RECIPE = "recipe"  # retry with the recipe that is chosen in the window
    LIMITS = "limits"  # raise a limit in the preferences
    REMOVE = "remove"  # take them off the list, as no retry helps
    REPORT = "report"  # tell us


MENDS: Final = {
    "disk-full": Mend.FOLDER,
    "not-writable": Mend.FOLDER,
    "bad-recipe": Mend.RECIPE,
    "bad-name": Mend.RECIPE,
    "no-original": Mend.RECIPE,
    "cannot-encode": Mend.RECIPE,
    "format-unavailable": Mend.RECIPE,
    "timed-out": Mend.LIMITS,
    "out-of-memory": Mend.LIMITS,
    "no-such-file": Mend.REMOVE,
    "not-an-image": Mend.REMOVE,
    "damaged-image": Mend.REMOVE,
    "crashes-decoder": Mend.REMOVE,
    "too-large": Mend.REMOVE,
    "no-such-link": Mend.REMOVE,
    "link-refused": Mend.REMOVE,
    "bad-link": Mend.REMOVE,
    "link-too-large": Mend.REMOVE,
    "page-not-image": Mend.REMOVE,
    "illegal-change": Mend.REPORT,
    "bug": Mend.REPORT,
}
"""The mend of each code that has one; for the others there is only to try again."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("failures", text)


def mend_label(mend: Mend) -> str:
    """Return what the button says."""
    return {
        Mend.FOLDER: _tr("Choose another folder and retry…"),
        Mend.RECIPE: _tr("Retry with the chosen recipe"),
        Mend.LIMITS: _tr("Change the limits…"),
        Mend.REMOVE: _tr("Remove from the list"),
        Mend.REPORT: _tr("Report…"),
    }[mend]


def kind(code: str) -> str:
    """Return what happened to images that failed with this code, as a short heading."""
    known = {
        "disk-full": _tr("The disk is full"),
        "not-writable": _tr("The output folder cannot be written"),
        "not-readable": _tr("The file must not be read"),
        "file-busy": _tr("The file is in use by another program"),
        "io-error": _tr("The disk or the network gave an error"),
        "worker-crashed": _tr("The worker process ended in the middle"),
        "machine-lost": _tr("The machine that had it is gone"),
        "timed-out": _tr("It took longer than the time limit"),
        "out-of-memory": _tr("It needs more memory than the limit"),
        "interrupted": _tr("Image Queue ended while it was worked on"),
        "format-unavailable": _tr("The library for its format is missing"),
        "network-failed": _tr("The server could not be reached"),
        "link-too-slow": _tr("The server took too long"),
        "server-failed": _tr("The server is busy or broken"),
        "bad-delivery": _tr("What another machine made did not arrive whole"),
        "queue-in-use": _tr("Another Image Queue has the queue"),
        "store-unusable": _tr("The queue's own file cannot be used"),
        "store-too-new": _tr("The queue's own file is of a newer version"),
        "no-such-file": _tr("The file is not there any more"),
        "not-an-image": _tr("The file is not an image"),
        "damaged-image": _tr("The image is damaged"),
        "crashes-decoder": _tr("The file crashes the decoder"),
        "too-large": _tr("The image has too many pixels"),
        "no-such-link": _tr("There is nothing at the link"),
        "link-refused": _tr("The server does not give the image"),
        "bad-link": _tr("The link leads nowhere"),
        "untrusted-server": _tr("The server cannot be trusted"),
        "link-too-large": _tr("The download is larger than the limit"),
        "page-not-image": _tr("The link leads to a page, not to an image"),
        "bad-recipe": _tr("The recipe cannot be followed"),
        "bad-name": _tr("The name of the output cannot be"),
        "no-original": _tr("There is no original to replace"),
        "trash-failed": _tr("The original cannot go to the trash"),
        "cannot-encode": _tr("The format cannot hold the image"),
        "bad-queue-file": _tr("The file holds no queue"),
        "bad-usage": _tr("A value cannot be"),
        "illegal-change": _tr("Image Queue made a mistake"),
        "bug": _tr("Image Queue made a mistake"),
    }
    return known.get(code, code)
