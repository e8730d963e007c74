"""Opens an archive of images as a folder: its images are unpacked into the data folder, within limits."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Final, Protocol

from core.errors import from_os_error
from core.imaging.naming import fold, numbered
from core.intake.formats import named_like_image
from core.intake.paths import Walk, home_name, is_system, suffix_of_archive
from core.intake.wanted import Wanted
from core.links.address import safe_name

_ZIPS: Final = (".zip", ".cbz")
_CHUNK: Final = 2**18  # bytes
_LARGEST_READ: Final = 2**24  # bytes that an archive may have its reader take at once; headers are short
_BAD: Final = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
    EOFError, NotImplementedError, RuntimeError, ValueError, gzip.BadGzipFile,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold before it is taken for a bomb."""

    members: int = 100_000
    bytes: int = 16 * 2**30
    ratio: int = 100  # bytes that come out for one of the archive; images hardly shrink in an archive
    unjudged: int = 64 * 2**20  # bytes that may come out before the ratio is looked at


class _TooMuch(Exception):
    """The archive is a bomb, or as good as one: what it has too much of."""


class Readable(Protocol):
    """A stream of bytes that can be read on."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, or fewer at the end."""


class _Member(Protocol):
    """One file in an archive."""

    name: str  # with / between folders
    size: int  # bytes, as the archive says

    def open(self) -> IO[bytes]:
        """Return its content as a stream."""


class Archive:
    """One archive, read once from its beginning to its end by `images`, in any thread.

    A member whose name would leave the archive is refused, and what is no plain file is passed over; hidden
    files and archives in the archive too. `refusals` is the walk that counts what is refused. When a limit is
    reached nothing more is taken, and that is said.
    """

    def __init__(
        self,
        path: str,
        keep_in: Path,
        wanted: Wanted,
        *,
        refusals: Walk,
        limits: Limits | None = None,
        found_below: str = "",
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare; `found_below` is the folder that was given when the archive itself was not."""
        self._path = path
        self._found_below = found_below
        self._wanted = wanted
        self._not_images = refusals.not_images
        self._unreadable = refusals.unreadable
        self._left_out = refusals.left_out
        self._limits = limits or Limits()
        self._stopped = stopped
        self._keep_in = keep_in
        self._out = 0  # bytes
        self._root = ""
        self._paths: set[str] = set()  # that members have, folded
        self._times = 0, 0  # of last access and change, nanoseconds
        name = os.path.basename(path)  # noqa: PTH119 (as the walk has it)
        self.name = name
        self._stem = home_name(name)

    @property
    def home(self) -> str:
        """The folder for what is made of its images when the recipe names none: named like it, beside it."""
        return str(Path(self._path).with_name(self._stem))

    @property
    def root(self) -> str:
        """The folder below which the tree is to be mirrored; "" before it is unpacked.

        Below it are the archive's own folders, and those that an archive was found in.
        """
        return self._root

    def images(self) -> Iterator[tuple[str, str]]:
        """Yield each image that is wanted: its folder in the archive, "" for none, and its unpacked path."""
        try:
            status = Path(self._path).stat()
            self._times = status.st_atime_ns, status.st_mtime_ns
            folder = self._folder(status)
            most = max(self._limits.unjudged, status.st_size * self._limits.ratio)
            with self._members() as members:
                for count, member in enumerate(members):
                    if self._stopped():
                        return
                    if count >= self._limits.members:
                        raise _TooMuch(f"it holds more than {self._limits.members:,} files")
                    parts = self._parts(member.name)
                    if parts is None:
                        continue
                    path = self._one_of_its_own(folder.joinpath(*parts))
                    if self._takes(member, "/".join(parts)):
                        self._unpack(member, path, most)
                        yield "/".join(parts[:-1]), str(path)
        except _TooMuch as error:
            self._refuse(f"{self._path} was not unpacked to its end: {error}.")
        except OSError as error:
            if error.errno is None:
                self._refuse(f"The archive {self._path} is damaged: {error}.")
            else:
                self._refuse(str(from_os_error(error, writing=error.filename != self._path)))
        except _BAD as error:
            why = "it needs a password" if "password" in str(error) else f"{error or type(error).__name__}"
            self._refuse(f"The archive {self._path} cannot be read: {why}.")

    def _refuse(self, sentence: str) -> None:
        self._unreadable.add(self._path, sentence)

    def _folder(self, status: os.stat_result) -> Path:
        """Return where it is unpacked: the same archive, unchanged, always goes to the same place."""
        identity = f"{self._path}\0{status.st_size}\0{status.st_mtime_ns}"
        digest = hashlib.blake2b(identity.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
        kept = self._keep_in / digest
        if not self._found_below:
            self._root = str(kept / self._stem)
            return kept / self._stem
        self._root = str(kept)
        return kept / os.path.relpath(Path(self._path).parent, self._found_below) / self._stem

    def _parts(self, name: str) -> list[str] | None:
        """Return a member's name as folders and a file, made safe; None for one that is not to be taken."""
        given = PurePosixPath(name.replace("\\", "/"))
        if ".." in given.parts or given.is_absolute() or (given.parts and given.parts[0].endswith(":")):
            self._unreadable.add(name, f"{name[:100]!r} in {self.name} would leave the archive's folder.")
            return None
        if any(is_system(part) or self._is_hidden(part) for part in given.parts):
            return None
        parts = [safe_name(part) for part in given.parts]
        return parts if parts and all(parts) else None

    def _one_of_its_own(self, path: Path) -> Path:
        """Return a path with a number where another member has it, as its name was made safe, or is twice."""
        number, own = 1, path
        while fold(str(own)) in self._paths:
            number += 1
            own = path.with_name(numbered(path.name, path.suffix, number))
        self._paths.add(fold(str(own)))
        return own

    def _is_hidden(self, part: str) -> bool:
        return part.startswith(".") and not self._wanted.hidden

    def _takes(self, member: _Member, path: str) -> bool:
        where = f"{self._path}/{path}"
        if self._wanted.ignores(path):
            self._left_out.add(where, f"{where} is left out by a pattern.")
        elif suffix_of_archive(path):
            self._not_images.add(where, f"{where} is an archive in an archive, which is not opened.")
        elif not named_like_image(path):
            self._not_images.add(where, f"{where} is not an image that can be read.")
        elif not self._wanted.has_format(path) or member.size < self._wanted.min_bytes:
            self._left_out.add(where, f"{where} is left out by its format or size.")
        else:
            return True
        return False

    def _unpack(self, member: _Member, path: Path, most: int) -> None:
        if path.is_file() and path.stat().st_size == member.size:
            return  # unpacked before
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name[:100]}.part")
        try:
            with member.open() as content, part.open("wb") as file:
                while chunk := content.read(_CHUNK):
                    self._out += len(chunk)
                    if self._out > self._limits.bytes:
                        raise _TooMuch(f"it unpacks to more than {self._limits.bytes / 2**30:,.3g} GB")
                    if self._out > most:
                        raise _TooMuch(f"it unpacks to more than {self._limits.ratio} times its size")
                    file.write(chunk)
            os.utime(
                part, ns=self._times
            )  # the same archive gives the same files, also when asked what changed
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    # -- kinds of archives ----------------------------------------------------------------------------------

    @contextmanager
    def _members(self) -> Iterator[Iterator[_Member]]:
        suffix = suffix_of_archive(self._path)
        if suffix in _ZIPS:
            with zipfile.ZipFile(self._path) as archive:
                yield _zip_members(archive)
            return
        with open(self._path, "rb") as raw:  # noqa: PTH123
            stream = _Forward(_unpacked(raw, suffix))
            with tarfile.open(fileobj=stream, mode="r:") as archive:  # type: ignore[call-overload]
                yield _tar_members(archive)


class _ZipMember:
    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        self._archive, self._entry = archive, entry
        self.name, self.size = entry.filename, entry.file_size

    def open(self) -> IO[bytes]:
        return self._archive.open(self._entry)


def _zip_members(archive: zipfile.ZipFile) -> Iterator[_Member]:
    for entry in archive.infolist():
        kind = entry.external_attr >> 16
        if not entry.is_dir() and (stat.S_IFMT(kind) in (0, stat.S_IFREG)):
            yield _ZipMember(archive, entry)


class _TarMember:
    def __init__(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        self._archive, self._entry = archive, entry
        self.name, self.size = entry.name, entry.size

    def open(self) -> IO[bytes]:
        content = self._archive.extractfile(self._entry)
        assert content is not None, "only plain files are asked for"
        return content


def _tar_members(archive: tarfile.TarFile) -> Iterator[_Member]:
    while (entry := archive.next()) is not None:
        setattr(archive, "members", [])  # noqa: B010 (typeshed lacks it) they could be very many
        if entry.isreg():
            yield _TarMember(archive, entry)


def _unpacked(raw: BinaryIO, suffix: str) -> Readable:
    if suffix in (".tar.gz", ".tgz"):
        return gzip.GzipFile(fileobj=raw)
    if suffix in (".tar.bz2", ".tbz2"):
        return bz2.BZ2File(raw)
    if suffix in (".tar.xz", ".txz"):
        return lzma.LZMAFile(raw)
    return raw


class _Forward:
    """A file as tarfile wants it, over a stream that can only be read on: a step back is what it kept."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._at = 0
        self._end = 0  # how far the stream was read
        self._tail = b""  # the last bytes before that

    def tell(self) -> int:
        return self._at

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:  # noqa: ARG002 (tarfile gives no other)
        if place < self._end - len(self._tail):
            raise tarfile.ReadError("it is not in order")
        while self._end < place and (chunk := self._stream.read(min(_CHUNK, place - self._end))):
            self._keep(chunk)
        self._at = min(place, self._end)
        return self._at

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LARGEST_READ:
            raise _TooMuch("it has a header that is far too long")
        found = self._tail[len(self._tail) - (self._end - self._at) :][:size]
        while len(found) < size and (chunk := self._stream.read(size - len(found))):
            self._keep(chunk)
            found += chunk
        self._at += len(found)
        return found

    def _keep(self, chunk: bytes) -> None:
        self._end += len(chunk)
        self._tail = (self._tail + chunk)[-tarfile.BLOCKSIZE :]
