"""Finds the paths and links in pasted text."""

# ruff: noqa: PTH111, PTH117

from __future__ import annotations

import os
import re
import shlex
from typing import Final
from urllib.parse import unquote, urlsplit

from core.links.address import clean_link

_CLIPBOARD_VERBS: Final = frozenset({"copy", "cut", "x-special/nautilus-clipboard"})
_LOCAL_HOSTS: Final = frozenset({"", "localhost"})
_LINK: Final = re.compile(r"(?i)https?://[^\s<>\"'`]+")
_PUNCTUATION: Final = ".,;:!?]}"  # at the end of a link in a sentence, and not of the link


def sources_of_text(text: str) -> list[str]:
    """Return the absolute paths and the links in a text, in its order, each of them once.

    A path stands in a line of its own: as it is, in quotes or with a backslash before its blanks, as a shell
    has it (then also several of them in one line), beginning with ~ for the home folder, or as a file://
    address. Cells of a table stand for lines. Links are found anywhere in a line that is no path.
    What else a line says is left out.
    """
    found: dict[str, None] = {}
    for line in text.replace("\0", "\n").replace("\t", "\n").splitlines():
        for source in _paths_of_line(line.strip()) or _links_of_line(line):
            found[source] = None
    return list(found)


def _paths_of_line(line: str) -> list[str]:
    if not line or line in _CLIPBOARD_VERBS:
        return []
    words = [line]
    if line[0] in "'\"" or "\\ " in line:
        try:
            words = shlex.split(line)
        except ValueError:  # a quote without its end
            words = [line.strip("'\"")]
    return [path for word in words if (path := _path_of(word)) is not None]


def _links_of_line(line: str) -> list[str]:
    links = []
    for match in _LINK.finditer(line):
        text = match[0].rstrip(_PUNCTUATION)
        while text.endswith(")") and text.count(")") > text.count("("):
            text = text[:-1].rstrip(_PUNCTUATION)
        links.append(clean_link(text))
    return [link for link in links if link is not None]


def _path_of(word: str) -> str | None:
    if is_address(word):
        return path_of_address(word)
    expanded = os.path.expanduser(word) if word.startswith("~") else word
    return os.path.normpath(expanded) if os.path.isabs(expanded) else None


def is_address(word: str) -> bool:
    """Return whether a text begins as a file: address does, which has one or three slashes."""
    return word[:6].lower() == "file:/"


def path_of_address(address: str) -> str | None:
    """Return the local path of a file:// address (RFC 8089); None for one on another machine."""
    try:
        parts = urlsplit(address.replace("#", "%23").replace("?", "%3F"))
    except ValueError:
        return None
    if parts.netloc.lower() not in _LOCAL_HOSTS:
        return None
    path = unquote(parts.path, errors="surrogateescape")
    if os.name == "nt":
        path = path.lstrip("/")
    return os.path.normpath(path) if os.path.isabs(path) and "\0" not in path else None
