"""What a person can do about an error, and why the queue does nothing for the moment."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from core.job import JobState
from core.status import QueueStatus, Recovery, RunState
from gui import words


def _tr(text: str) -> str:
    return QCoreApplication.translate("remedies", text)


def remedy(code: str) -> str:
    """Return one sentence on what to do about an error with this code."""
    known = {
        "disk-full": _tr("Make room on the disk, or choose another output folder; then press Start."),
        "not-writable": _tr("Choose an output folder that you may write to, and retry."),
        "not-readable": _tr("Change the file's permissions so that you may read it, then retry."),
        "trash-failed": _tr(
            "See whether there is room and a trash on that disk, or let outputs go to a folder."
        ),
        "no-original": _tr("Choose another place for the outputs than that of the original."),
        "file-busy": _tr("Close the program that uses the file, then retry."),
        "io-error": _tr("Check the disk or the network connection, then retry."),
        "worker-crashed": _tr("The file may be damaged in a way that its decoder does not survive."),
        "machine-lost": _tr("See in View, Machines whether it is there again, then retry."),
        "timed-out": _tr(
            "Retry when the machine has less to do, or raise the time limit in the preferences."
        ),
        "out-of-memory": _tr("Raise the memory limit in the preferences, or make the image smaller first."),
        "interrupted": _tr("Retry it: the app ended while the image was being worked on."),
        "format-unavailable": _tr("Install the package that the message names, then retry."),
        "network-failed": _tr("Check the network connection, then retry."),
        "link-too-slow": _tr("Retry when the network is less busy; what was downloaded so far is kept."),
        "server-failed": _tr("Wait until the server is well again, then retry."),
        "bad-delivery": _tr("Check the shared folder and the network between the machines, then retry."),
        "queue-in-use": _tr("Close the other Image Queue first."),
        "store-unusable": _tr("Check the disk and the permissions of the data folder."),
        "store-too-new": _tr("Update Image Queue to the version that wrote the queue."),
        "no-such-file": _tr("Bring the file back to where it was, then retry; or remove it from the list."),
        "not-an-image": _tr("Remove it from the list: this file holds no picture that can be read."),
        "damaged-image": _tr("Get the file again from where it came from: a part of it is missing or wrong."),
        "crashes-decoder": _tr(
            "Open it in another program and save it anew: something in it ends the decoder each time."
        ),
        "too-large": _tr("Make it smaller with another program first: it has too many pixels to be safe."),
        "no-such-link": _tr("Look in the browser where the image has gone, and drop that link."),
        "link-refused": _tr("Save the image with your browser, which may be logged in; then drop the file."),
        "bad-link": _tr("Copy the link of the image itself, and add that."),
        "untrusted-server": _tr("Check the date of this machine; or get the image from another place."),
        "link-too-large": _tr("Download it with your browser, if it is to be so large; then drop the file."),
        "page-not-image": _tr("Add the images that the page names, or drag one of them out of the page."),
        "bad-queue-file": _tr("Export the queue anew on the other machine, and import that file."),
        "bad-recipe": _tr("Choose another recipe in the window, and retry with it."),
        "bad-name": _tr("Choose a recipe with a shorter or another name template, and retry with it."),
        "cannot-encode": _tr("Choose a recipe with another format in the window, and retry with it."),
        "bad-usage": _tr("Check the value that the message names."),
        "illegal-change": _tr("This is a mistake in Image Queue. Please report it with the details below."),
        "bug": _tr("This is a mistake in Image Queue. Please report it with the details below."),
    }
    return known.get(code, "")


def status_line(status: QueueStatus) -> str:
    """Return what the queue does, or why it does nothing."""
    counts = status.counts
    queued, retrying, held = counts[JobState.QUEUED], counts[JobState.RETRYING], counts[JobState.HELD]
    if status.run_state is RunState.PAUSING:
        return _tr("Pausing: {n} finishing.").format(n=status.active)
    if status.run_state is RunState.PAUSED:
        if status.reason:
            return _tr("Paused: {reason}").format(reason=words.said(status.reason))
        waiting = queued + retrying
        return (
            _tr("Paused by you, {n} waiting.").format(n=words.number(waiting))
            if waiting
            else _tr("Paused by you.")
        )
    if status.active:
        slots = max(status.concurrency, status.active)  # machines that are away still have images
        return _tr("{n} of {slots} workers busy.").format(n=status.active, slots=slots)
    if queued:
        return words.count(
            queued, _tr("1 image is waiting for a worker."), _tr("{n} images are waiting for a worker.")
        )
    if retrying:
        when = words.countdown(status.next_due_in or 0)
        if retrying == 1:
            return _tr("1 image waits to be tried again, in {when}.").format(when=when)
        text = _tr("All {n} wait to be tried again, the next one in {when}.")
        return text.format(n=words.number(retrying), when=when)
    if held:
        return words.count(held, _tr("1 image is held."), _tr("{n} images are held."))
    if failed := counts[JobState.FAILED]:
        return words.count(failed, _tr("Finished; 1 failed."), _tr("Finished; {n} failed."))
    if status.total:
        return _tr("All done.")
    return _tr("Ready.")


def recovery_line(recovery: Recovery) -> str:
    """Return what was found at the start after the app had ended in disorder; nothing when all was well."""
    parts = []
    if recovery.set_aside:
        parts.append(
            _tr("The queue's file was damaged. It was kept as {path}, and a new one was made.").format(
                path=words.shown(recovery.set_aside)
            )
        )
        parts.append(
            words.count(
                recovery.salvaged,
                _tr("1 image could be brought over from it."),
                _tr("{n} images could be brought over from it."),
            )
        )
    if recovery.put_back or recovery.exhausted or recovery.finished:
        whole = not recovery.set_aside
        parts.append(
            _tr("Image Queue closed unexpectedly; nothing was lost.")
            if whole
            else _tr("Image Queue closed unexpectedly.")
        )
        if recovery.put_back:
            parts.append(
                words.count(
                    recovery.put_back,
                    _tr("1 running image was put back."),
                    _tr("{n} running images were put back."),
                )
            )
        if recovery.finished:
            parts.append(words.count(recovery.finished, _tr("1 was complete."), _tr("{n} were complete.")))
        if recovery.exhausted:
            parts.append(
                words.count(
                    recovery.exhausted, _tr("1 had no attempt left."), _tr("{n} had no attempt left.")
                )
            )
    if recovery.brought:
        parts.append(
            words.count(
                recovery.brought,
                _tr("1 image was made on another machine while Image Queue was closed."),
                _tr("{n} images were made on other machines while Image Queue was closed."),
            )
        )
    return " ".join(parts)
