"""Downloads what is at a link into a folder of its own, within limits; it runs in a worker process.

The folder holds the part that has come in so far, a note on it, and at the end the whole file under its safe
name. A later attempt goes on where an earlier one was cut off, when the server can (RFC 9110, section 14).
"""

from __future__ import annotations

import contextlib
import email.message
import email.utils
import json
import os
import ssl
import string
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urljoin

from core.errors import (
    BadLink,
    LinkRefused,
    LinkTooLarge,
    LinkTooSlow,
    NetworkFailed,
    NoSuchLink,
    PageNotImage,
    ServerFailed,
    UntrustedServer,
    from_os_error,
)
from core.links.address import clean_link, host_of, link_name, named_by_server, shown_link
from core.links.identity import UNKNOWN, Identity
from core.links.page import images_of_page

if TYPE_CHECKING:
    import httpx  # elsewhere inside functions: most workers never see a link

Report = Callable[[float], None]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset({408, 425, 429})  # answers below 500 that another attempt may change
_PAGES: Final = ("text/html", "application/xhtml+xml")
_PAGE_BEGINNINGS: Final = (b"<!doctype html", b"<html")
_LONGEST_TAG: Final = 1_000  # characters of a validator that are kept; a cut one is merely never met again
_LONGEST_ASKED: Final = 86_400.0  # seconds; what a retry makes of it is in core.retry
_HEADERS: Final = {
    "User-Agent": "ImageQueue/0.1",
    "Accept": "image/*,*/*;q=0.8",
    "Accept-Encoding": "identity",  # a part that is to be gone on with has to be what the server has
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a download may go."""

    bytes: int = 512 * 2**20
    seconds: float = 240.0  # for one attempt; less than an attempt's own time limit
    silence: float = 20.0  # seconds without a byte
    redirects: int = 10
    page_bytes: int = 4 * 2**20  # of a page that are looked through for images


@dataclass(frozen=True, slots=True)
class _Note:
    """What is known of the file that is in the folder, or on its way there."""

    name: str = ""
    validator: str = ""  # what the server tells this version of the file by; "" when it cannot
    total: int | None = None  # bytes; None when the server has not said
    changed: float | None = None  # when the server's file was changed, seconds since the epoch
    whole: bool = False
    tag: str = ""  # the ETag as it was given
    modified: str = ""  # the Last-Modified as it was given


class Unchanged(Exception):
    """The server says that what is at the link is what is known of it."""


def download(
    link: str,
    folder: Path,
    report: Report,
    limits: Limits = Limits(),
    known: Identity = UNKNOWN,
) -> Path:
    """Return the path of the file that is at the link, in `folder`, which is made.

    report: is called with the fraction that has come in, 0 to 1, rising.
    known: which version of it is not wanted again, as its server told it.

    Raises Unchanged, or NetworkFailed, LinkTooSlow, ServerFailed, NoSuchLink, LinkRefused, BadLink,
    UntrustedServer, LinkTooLarge, PageNotImage, or what `from_os_error` gives.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        note = _read_note(folder)
        if note.whole and _size(folder / note.name) == note.total:
            return folder / note.name
        with _said_plainly(link):
            return _Download(link, folder, report, limits).get(note, known)
    except OSError as error:
        raise from_os_error(error, writing=True) from error


def version_told(folder: Path) -> Identity:
    """Return what the server told of the version that was downloaded into this folder."""
    note = _read_note(folder)
    return Identity("", note.tag, note.modified)


class _Elsewhere(Exception):
    """The answer is a redirect."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.target = target


def _notice_redirect(response: httpx.Response) -> None:
    # Here, and not in the answer: the library has by then judged the target, in words and kinds of its own.
    target = response.headers.get("location", "")
    if response.status_code in _REDIRECTS and target:
        raise _Elsewhere(target)


@lru_cache(maxsize=4)
def _trusted(file: str | None, folder: str | None) -> ssl.SSLContext:  # noqa: ARG001 (they are its key)
    """Return whom to trust: those that the environment names, or else those that come with certifi."""
    import httpx

    return httpx.create_ssl_context()


class _Download:
    """One attempt to get one file."""

    def __init__(self, link: str, folder: Path, report: Report, limits: Limits) -> None:
        self._link = link
        self._folder = folder
        self._part = folder / ".part"
        self._report = report
        self._limits = limits
        self._until = time.monotonic() + limits.seconds

    def get(self, note: _Note, known: Identity) -> Path:
        import httpx

        try:
            client = httpx.Client(
                http2=True,
                verify=_trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
                timeout=self._limits.silence,
                headers=_HEADERS,
                event_hooks={"response": [_notice_redirect]},
            )
        except (ImportError, ValueError) as error:
            raise NetworkFailed(f"The proxy that the environment names cannot be used: {error}.") from error
        with client:
            have = _size(self._part) if note.validator else 0
            if have:
                done = self._go_on(client, note, have)
                if done is not None:
                    return done
            with self._answer(client, _unless(known)) as response:
                return self._begin(response)

    def _go_on(self, client: httpx.Client, note: _Note, have: int) -> Path | None:
        """Get the rest of a file; None when it has to be begun anew."""
        asked = {"Range": f"bytes={have}-", "If-Range": note.validator}
        with self._answer(client, asked) as response:
            if response.status_code == HTTPStatus.OK:
                return self._begin(response)
            unit_and_start = response.headers.get("content-range", "").partition("-")[0]
            if response.status_code == HTTPStatus.PARTIAL_CONTENT and unit_and_start == f"bytes {have}":
                return self._take(response, note, have)
        return None

    @contextmanager
    def _answer(self, client: httpx.Client, headers: dict[str, str]) -> Iterator[httpx.Response]:
        """Follow the link to an answer that is no redirect, and refuse one that is no file."""
        url, seen = self._link, set[str]()
        while True:
            if url in seen:
                raise BadLink(f"{shown_link(self._link)} leads in a circle.")
            if len(seen) > self._limits.redirects:
                raise BadLink(f"{shown_link(self._link)} leads on and on, more than {len(seen) - 1} times.")
            seen.add(url)
            try:
                with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
                    self._check_status(response, headers)
                    yield response
                    return
            except _Elsewhere as elsewhere:
                url = self._next(url, elsewhere.target)

    def _next(self, url: str, target: str) -> str:
        try:
            found = clean_link(urljoin(url, quote(target, safe=string.punctuation)))
        except ValueError:
            found = None
        if found is None:
            raise BadLink(
                f"{shown_link(self._link)} leads to {target[:80]!r}, and only http and https are followed."
            )
        return found

    def _check_status(self, response: httpx.Response, asked: dict[str, str]) -> None:
        code = response.status_code
        if code in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            return
        if code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and "Range" in asked:
            return
        if code == HTTPStatus.NOT_MODIFIED and asked and "Range" not in asked:
            raise Unchanged
        answer = f"{code} {response.reason_phrase}".strip()
        host, link = host_of(str(response.url)), shown_link(self._link)
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _LATER:
            wait = _asked_wait(response.headers)
            asks = f" It asks to be left alone for {wait:,.0f} seconds." if wait else ""
            raise ServerFailed(f"The server {host} is busy or broken ({answer}).{asks}", wait)
        if code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise NoSuchLink(f"There is nothing at {link} ({answer}).")
        raise LinkRefused(f"The server {host} does not give {link} ({answer}).")

    def _begin(self, response: httpx.Response) -> Path:
        """Get a file from its first byte."""
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in _PAGES:
            self._refuse_page(response, b"", response.iter_bytes())
        note = self._note_of(response)
        self._refuse_large(note.total or 0)
        self._write_note(note)
        self._part.write_bytes(b"")
        return self._take(response, note, 0)

    def _take(self, response: httpx.Response, note: _Note, have: int) -> Path:
        """Write what comes in behind what is there, to its end."""
        coded = response.headers.get("content-encoding", "identity").lower() not in ("identity", "")
        chunks = response.iter_bytes() if coded else response.iter_raw()
        with self._part.open("ab") as file:
            for chunk in chunks:
                if not have and chunk[:100].lstrip().lower().startswith(_PAGE_BEGINNINGS):
                    self._refuse_page(response, chunk, chunks)
                have += len(chunk)
                self._refuse_large(have)
                self._check_time()
                file.write(chunk)
                file.flush()  # a worker may be killed at any time, and the part is to be of use
                self._report(min(have / note.total, 1.0) if note.total else have / (have + 2**20))
            if note.total is not None and have != note.total:
                self._write_note(_Note())  # the next attempt begins anew
                raise NetworkFailed(
                    f"{shown_link(self._link)} was to have {note.total:,} bytes, and {have:,} came."
                )
            os.fsync(file.fileno())
        if note.changed is not None:
            os.utime(self._part, (note.changed, note.changed))
        self._part.replace(self._folder / note.name)
        self._write_note(replace(note, whole=True, total=have))
        return self._folder / note.name

    def _refuse_large(self, size: int) -> None:
        if size > self._limits.bytes:
            most = f"{self._limits.bytes / 2**20:,.0f} MB" if self._limits.bytes >= 2**20 else "the limit"
            raise LinkTooLarge(f"What is at {shown_link(self._link)} has more than {most}.")

    def _check_time(self) -> None:
        if time.monotonic() > self._until:
            raise LinkTooSlow(
                f"{shown_link(self._link)} took longer than {self._limits.seconds:g} seconds to download."
            )

    def _refuse_page(self, response: httpx.Response, head: bytes, chunks: Iterator[bytes]) -> None:
        """Raise PageNotImage, with the images that the page names."""
        page = bytearray(head)
        for chunk in chunks:
            page += chunk
            if len(page) >= self._limits.page_bytes:
                break
            self._check_time()
        text = page[: self._limits.page_bytes].decode(response.charset_encoding or "utf-8", "replace")
        images = images_of_page(text, str(response.url))
        link = shown_link(self._link)
        count = {0: "no image", 1: "1 image"}.get(len(images), f"{len(images)} images")
        raise PageNotImage(f"{link} is a page, not an image; it names {count}.", images)

    def _note_of(self, response: httpx.Response) -> _Note:
        headers = response.headers
        given = email.message.Message()
        given["Content-Disposition"] = headers.get("content-disposition", "")
        name = given.get_filename()
        tag, changed = headers.get("etag", ""), headers.get("last-modified", "")
        length = headers.get("content-length", "")
        plain = headers.get("content-encoding", "identity").lower() in ("identity", "")
        validator = tag if tag and not tag.startswith("W/") else changed
        stamp: float | None = None
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            stamp = email.utils.parsedate_to_datetime(changed).timestamp()
        return _Note(
            named_by_server(name, self._link) if name else link_name(self._link),
            validator if plain else "",
            int(length) if plain and length.isascii() and length.isdigit() else None,
            stamp,
            tag=tag[:_LONGEST_TAG],
            modified=changed[:_LONGEST_TAG],
        )

    def _write_note(self, note: _Note) -> None:
        # A dot is at the beginning of our own files' names, which no safe name has.
        (self._folder / ".note").write_text(json.dumps(asdict(note)), encoding="ascii")


def _unless(known: Identity) -> dict[str, str]:
    """Return the headers that ask for a file unless it is a known version (RFC 9110, section 13)."""
    asked = {"If-None-Match": known.tag, "If-Modified-Since": known.modified}
    return {name: value for name, value in asked.items() if value.isascii() and value}


def _asked_wait(headers: httpx.Headers) -> float:
    """Return the seconds that a server asks to be left alone for (RFC 9110, section 10.2.3); 0 for none."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked[:12]), _LONGEST_ASKED)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        until = email.utils.parsedate_to_datetime(asked).timestamp()
        now = time.time()
        with contextlib.suppress(ValueError, TypeError, OverflowError):  # by the server's own clock
            now = email.utils.parsedate_to_datetime(headers.get("date", "")).timestamp()
        return min(max(until - now, 0.0), _LONGEST_ASKED)
    return 0.0


def _read_note(folder: Path) -> _Note:
    try:
        return _Note(**json.loads((folder / ".note").read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError):
        return _Note()  # there is none, or it was cut off: all begins anew


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@contextmanager
def _said_plainly(link: str) -> Iterator[None]:
    """Turn what the network's library raises into members of the error family."""
    import httpx

    try:
        yield
    except httpx.TimeoutException as error:
        raise LinkTooSlow(f"The server of {shown_link(link)} does not answer in time.") from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise BadLink(f"{shown_link(link)} is no link that can be followed: {error}.") from error
    except httpx.HTTPError as error:
        if _is_about_trust(error):
            raise UntrustedServer(
                f"The server of {shown_link(link)} cannot show that it is what it says: {error}."
            ) from error
        what = str(error) or type(error).__name__
        raise NetworkFailed(f"{shown_link(link)} could not be downloaded: {what}.") from error


def _is_about_trust(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
