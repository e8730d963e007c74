"""Tells what a link is, and which file name it stands for; nothing here opens a connection."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

_SCHEMES: Final = ("http://", "https://")
_LONGEST: Final = 4_096  # characters; more than servers take
_LONGEST_NAME: Final = 150  # bytes of a name in UTF-8, which leaves room for what a template adds
_NAMELESS: Final = "image"
_NOT_IN_NAMES: Final = re.compile(r'[<>:"|?*]')  # what Windows refuses
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)")  # the same


def is_link(source: str) -> bool:
    """Return whether a source is a link, as `clean_link` gives it, and not a path."""
    return source.startswith(_SCHEMES)


def looks_like_link(text: str) -> bool:
    """Return whether a text begins as a link does, in any case of letters; it may still be none."""
    return text[:8].lower().startswith(_SCHEMES)


def clean_link(text: str) -> str | None:
    """Return the http or https link that a text is, without its #fragment; None when it is none."""
    text = text.strip()
    if not looks_like_link(text) or len(text) > _LONGEST or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for one that cannot be
        if not parts.hostname:
            return None
        parts.hostname.encode("idna")
        return urlunsplit(parts._replace(scheme=parts.scheme.lower(), fragment=""))
    except ValueError:
        return None


def shown_link(link: str) -> str:
    """Return a link as it can be told: without a password, and not too long."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return link[:80]
    text = urlunsplit(parts._replace(netloc=_host_of(parts), query=""))
    return text if len(text) <= 120 else f"{text[:60]}…{text[-50:]}"


def host_of(link: str) -> str:
    """Return the host that a link leads to, for a sentence."""
    return _host_of(urlsplit(link))


def _host_of(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def link_name(link: str) -> str:
    """Return the file name that a link stands for: the last part of its path, made safe."""
    path = urlsplit(link).path.rstrip("/")
    return safe_name(unquote(path.rpartition("/")[2], errors="replace")) or _NAMELESS


def named_by_server(given: str, link: str) -> str:
    """Return the file name for a link whose server gives a name of its own.

    Where the link stands for another stem, that is added: two links whose server calls both "image.jpg"
    stay two, as the queue keeps the links' own names apart.
    """
    name = safe_name(given)
    if not name:
        return link_name(link)
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 (text alone)
    own = os.path.splitext(link_name(link))[0]  # noqa: PTH122
    if stem.casefold() == own.casefold():
        return own + suffix
    return safe_name(f"{stem[:60]}-{own[:60]}{suffix}")


def safe_name(given: str) -> str:
    """Return a name that is no path, hidden by nothing, and allowed on every system; "" if none is left."""
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    name = "".join(sign for sign in name if unicodedata.category(sign)[0] != "C")  # controls, halves, marks
    name = _NOT_IN_NAMES.sub("_", name).strip(". ")
    if _DEVICES.match(name):
        name = f"_{name}"
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    stem, suffix = os.path.splitext(name)  # noqa: PTH122
    suffix = suffix[:16]
    kept = stem.encode()[: _LONGEST_NAME - len(suffix.encode())].decode("utf-8", "ignore")
    return kept.rstrip(". ") + suffix
