"""Reads what other programs give when something of theirs is dragged or copied, and is no path and no link.

These are the formats of browsers built on Mozilla's code, the virtual files of Windows (a mail's attachments,
members of an archive: a list of names, and the bytes of each), and pictures that are written into a page as
`data:` addresses. All of it is data from outside: what cannot be read is passed over.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from core.formats import READABLE_SUFFIXES
from core.intake.formats import HEAD, begins_like_image, named_like_image
from core.intake.text import sources_of_text
from core.links.address import safe_name

MOST_BYTES: Final = 512 * 2**20
"""The largest picture that is taken from another program's memory; as of a link."""

_MOST_FILES: Final = 10_000
_IS_FOLDER: Final = 0x10  # <winnt.h>: FILE_ATTRIBUTE_DIRECTORY
_HAS_ATTRIBUTES: Final = 0x4  # <shlobj_core.h>: FD_ATTRIBUTES
_BEFORE_NAME: Final = 72  # bytes of a FILEDESCRIPTOR before the name of 260 characters
_LONGEST_NAME: Final = 260
_PICTURE: Final = re.compile(r"data:image/([\w.+-]+)((?:;[\w=.+-]+)*),([^\"'\s<>)]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Loose:
    """A picture that came as bytes, and has no file of its own."""

    name: str  # as the other program calls it; "" when it has none
    content: bytes
    kind: str = ""  # the part after "image/" of its media type, such as "png"; "" when that is not known

    def problem(self) -> str:
        """Return why it cannot be taken, a sentence; "" when it can."""
        what = self.name or "The picture that was copied"
        if len(self.content) > MOST_BYTES:
            return f"{what} has more than {MOST_BYTES // 2**20} MB."
        if not self.content:
            return f"{what} is empty: the program that it comes from did not give it."
        if begins_like_image(self.content[:HEAD]) or named_like_image(self.name):
            return ""
        return f"{what} is not an image that can be read."

    def suffix(self) -> str:
        """Return the suffix for its file, with the dot."""
        suffix = f".{self.kind.partition('+')[0].lower()}"
        return suffix if suffix in READABLE_SUFFIXES else ".png"


def sources_of_moz(content: bytes, *, titled: bool) -> list[str]:
    """Return the paths and links of Mozilla's formats.

    titled: whether each second line is the title of the link before it, as in `text/x-moz-url`.
    """
    lines = _moz_text(content).splitlines()
    return sources_of_text("\n".join(lines[::2] if titled else lines))


def _moz_text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if b"\0" in content[:64]:
        return content.decode("utf-16-le", "replace").rstrip("\0")
    return content.decode("utf-8", "replace")


def virtual_files(descriptor: bytes, *, wide: bool) -> list[tuple[int, str]]:
    """Return the virtual files that a FILEGROUPDESCRIPTOR names: the number of each, and its name made safe.

    wide: whether the names are in UTF-16 (FILEGROUPDESCRIPTORW). Folders among them are left out. The layout
    is that of <shlobj_core.h>.
    """
    if len(descriptor) < 4:
        return []
    (count,) = struct.unpack_from("<I", descriptor)
    size = _BEFORE_NAME + _LONGEST_NAME * (2 if wide else 1)
    found = []
    for number in range(min(count, _MOST_FILES, (len(descriptor) - 4) // size)):
        one = descriptor[4 + number * size :][:size]
        (flags,) = struct.unpack_from("<I", one)
        (attributes,) = struct.unpack_from("<I", one, 36)
        if flags & _HAS_ATTRIBUTES and attributes & _IS_FOLDER:
            continue
        name = one[_BEFORE_NAME:].decode("utf-16-le" if wide else "cp1252", "replace").partition("\0")[0]
        found.append((number, safe_name(name) or f"file {number + 1}"))
    return found


def number_of_pictures_in(text: str) -> int:
    """Return how many pictures `pictures_in` would return, without decoding them."""
    return sum(1 for _ in _PICTURE.finditer(text))


def pictures_in(text: str) -> list[Loose]:
    """Return the pictures that stand in a page or an address itself (RFC 2397)."""
    found = []
    for match in _PICTURE.finditer(text):
        kind, options, content = match.groups()
        try:
            if "base64" in options.lower():
                content += "=" * (-len(content) % 4)
                found.append(Loose("", base64.b64decode(content, validate=False), kind))
            else:
                found.append(Loose("", unquote_to_bytes(content), kind))
        except (binascii.Error, ValueError):
            continue
    return found
