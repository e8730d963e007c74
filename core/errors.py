"""The family of errors: what the environment did, what the input is, and what is our bug.

An error that a person meets has a stable code, for programs, and a sentence, for people. `retryable` says
whether another attempt may help. Inside a worker errors are raised; across the pipe they travel as
`JobError` values.
"""

from __future__ import annotations

import errno
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from core.hidden import without_passwords
from core.job import JobError


class ImageQueueError(Exception):
    """The root: a code, a sentence, and whether a retry may help."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def as_job_error(self) -> JobError:
        """Return this error as data; the details hold the traceback when there is one."""
        return JobError(self.code, str(self), self.retryable, details_of(self))


class EnvironmentFault(ImageQueueError):
    """The environment did it: a disk, a permission, a process."""


class InputFault(ImageQueueError):
    """The input is wrong, and stays wrong however often it is tried."""


class Bug(ImageQueueError):
    """Our own mistake: please report it."""

    code = "bug"


# -- the environment --------------------------------------------------------------------------------------


class DiskFull(EnvironmentFault):
    """The disk with the output folder, or with the store, is full."""

    code = "disk-full"
    retryable = True


class NotWritable(EnvironmentFault):
    """A folder or file cannot be written."""

    code = "not-writable"


class NotReadable(EnvironmentFault):
    """A source is there and must not be read."""

    code = "not-readable"


class TrashFailed(EnvironmentFault):
    """An original that was to be replaced could not be moved to the trash; it stays where it is."""

    code = "trash-failed"


class FileBusy(EnvironmentFault):
    """A file is locked or in use for the moment."""

    code = "file-busy"
    retryable = True


class ReadFailed(EnvironmentFault):
    """The operating system could not read or write a file just now."""

    code = "io-error"
    retryable = True


class WorkerCrashed(EnvironmentFault):
    """The worker process ended in the middle of the attempt."""

    code = "worker-crashed"
    retryable = True


class MachineLost(EnvironmentFault):
    """The machine that had the attempt is gone, or has lost it."""

    code = "machine-lost"
    retryable = True


class TimedOut(EnvironmentFault):
    """The attempt took longer than its time limit."""

    code = "timed-out"
    retryable = True


class OutOfMemory(EnvironmentFault):
    """The attempt needed more memory than its limit."""

    code = "out-of-memory"
    retryable = True


class Interrupted(EnvironmentFault):
    """The app died while the attempt ran."""

    code = "interrupted"
    retryable = True


class FormatUnavailable(EnvironmentFault):
    """The library that reads or writes a format is not installed, or does not work here."""

    code = "format-unavailable"


class NetworkFailed(EnvironmentFault):
    """A server could not be reached, or the connection to it was cut."""

    code = "network-failed"
    retryable = True


class LinkTooSlow(EnvironmentFault):
    """A server did not answer in time, or a download took longer than its limit."""

    code = "link-too-slow"
    retryable = True


class ServerFailed(EnvironmentFault):
    """A server said that it is busy or broken."""

    code = "server-failed"
    retryable = True

    def __init__(self, sentence: str, wait: float = 0.0) -> None:
        super().__init__(sentence)
        self.wait = wait  # seconds that it asked to be left alone

    def as_job_error(self) -> JobError:
        """Return this error as data, with the wait that the server asked for."""
        return replace(super().as_job_error(), wait=self.wait)


class BadDelivery(EnvironmentFault):
    """What another machine made of a source did not arrive as it said, or was made of an earlier version."""

    code = "bad-delivery"
    retryable = True


class QueueInUse(EnvironmentFault):
    """Another process owns the store."""

    code = "queue-in-use"


class StoreUnusable(EnvironmentFault):
    """The store cannot be opened or written."""

    code = "store-unusable"


class StoreTooNew(StoreUnusable):
    """The store was written by a newer version of the app; it is left as it is."""

    code = "store-too-new"


# -- the input --------------------------------------------------------------------------------------------


class NoSuchFile(InputFault):
    """There is no file at this path."""

    code = "no-such-file"


class NotAnImage(InputFault):
    """The file is not an image in a format that can be read."""

    code = "not-an-image"


class DamagedImage(InputFault):
    """The file begins like an image and cannot be decoded to its end."""

    code = "damaged-image"


class CrashesDecoder(InputFault):
    """The file has ended the process that decodes it, again and again."""

    code = "crashes-decoder"


class TooLarge(InputFault):
    """The image has more pixels, frames or scans than the limit; it was not decoded."""

    code = "too-large"


class NoSuchLink(InputFault):
    """A server said that there is nothing at this link."""

    code = "no-such-link"


class LinkRefused(InputFault):
    """A server does not give what is at this link."""

    code = "link-refused"


class BadLink(InputFault):
    """A link that is none, or leads in a circle or to something other than http and https."""

    code = "bad-link"


class UntrustedServer(InputFault):
    """A server cannot show that it is the one that the link names."""

    code = "untrusted-server"


class LinkTooLarge(InputFault):
    """What is at the link has more bytes than the limit."""

    code = "link-too-large"


class PageNotImage(InputFault):
    """The link leads to a page, not to an image."""

    code = "page-not-image"

    def __init__(self, sentence: str, images: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.images = tuple(images)  # the links of the images that the page names

    def as_job_error(self) -> JobError:
        """Return this error as data, whose details are the links of the images, one a line."""
        return JobError(self.code, str(self), self.retryable, "\n".join(self.images))


class BadRecipe(InputFault):
    """A recipe that cannot be: the sentence names the field and what it takes."""

    code = "bad-recipe"


class BadName(InputFault):
    """A name template gives a name that is no file name, or leaves the target folder."""

    code = "bad-name"


class NoOriginal(InputFault):
    """There is no original file that could be replaced: a link, or a picture that was pasted."""

    code = "no-original"


class CannotEncode(InputFault):
    """The format cannot hold this image."""

    code = "cannot-encode"


class BadQueueFile(InputFault):
    """A file that should bring the jobs of another queue, and is none, or is damaged."""

    code = "bad-queue-file"


class BadUsage(InputFault):
    """A value that the caller gave is not one of those that can be."""

    code = "bad-usage"


# -- ours -------------------------------------------------------------------------------------------------


class IllegalChange(Bug):
    """A change of state that is not in the table of legal changes, or whose guard did not hold."""

    code = "illegal-change"


def error_of(code: str, sentence: str) -> ImageQueueError:
    """Return the member of the family with this code; of an unknown one what the caller gave was wrong."""
    kinds = [ImageQueueError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if kind.code == code:
            return kind(sentence)
    return BadUsage(sentence)


def details_of(error: BaseException) -> str:
    """Return the traceback of an error as text, without its last line's sentence being lost."""
    return without_passwords("".join(traceback.format_exception(error))).rstrip()


def from_os_error(error: OSError, *, writing: bool) -> ImageQueueError:
    """Return the member of the family that says what this OSError means to the user.

    `writing` tells whether the operation wrote an output (True) or read a source (False).
    """
    name = str(error.filename) if error.filename else "the file"
    number = error.errno
    if number in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"The disk with {name} is full.")
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        if writing:
            return NotWritable(f"{name} cannot be written: permission denied or read-only.")
        return NotReadable(f"{name} cannot be read: permission denied.")
    if number in (errno.ENOENT, errno.ENOTDIR):
        if writing:
            return NotWritable(f"The folder for {name} is not there.")
        return NoSuchFile(f"There is no file {name}.")
    if number == errno.ELOOP:
        fault = NotWritable if writing else NoSuchFile
        return fault(f"{name} leads nowhere: it is a link that goes round in a circle.")
    if number == errno.EISDIR and not writing:
        return NotAnImage(f"{name} is a folder, not an image.")
    if number == errno.ENAMETOOLONG:
        return BadName(f"The name {name[:80]}… is longer than this disk allows.")
    if number in (errno.EBUSY, errno.ETXTBSY, errno.EAGAIN):
        return FileBusy(f"{name} is in use by another program.")
    verb = "written" if writing else "read"
    return ReadFailed(f"{name} could not be {verb}: {error.strerror or error}.")


def describe(error: BaseException) -> JobError:
    """Return any exception as a `JobError`: the family's own words, or a bug with its traceback."""
    if isinstance(error, ImageQueueError):
        return error.as_job_error()
    if isinstance(error, MemoryError):
        return JobError(
            OutOfMemory.code, "The image needs more memory than a worker may use.", True, details_of(error)
        )
    if isinstance(error, OSError):
        mapped = from_os_error(error, writing=False)
        return JobError(mapped.code, str(mapped), mapped.retryable, details_of(error))
    said = without_passwords(str(error))
    return JobError(
        Bug.code, f"Image Queue made a mistake ({type(error).__name__}): {said}", False, details_of(error)
    )
