"""Hides passwords in any text: the one place for logs, errors and reports."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"
"""What stands for a password."""

_BROKERS: Final = r"(?:amqps?|rediss?|pyamqp|sentinel)"
# A password that a person typed may have any sign, also those that an address parts its pieces by: so all up
# to the last @ goes there, and in other addresses what the standard allows (RFC 3986, 3.2.1).
_IN_BROKER: Final = re.compile(rf"(\b{_BROKERS}://[^\s:/@]*:)(?!//)\S*(?=@)", re.IGNORECASE)
_IN_ADDRESS: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@\"'<>]*(?=@)", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"(?<![a-z])(pass(?:word|wd|phrase)[\"']?\s*[=:]\s*)"  # as in an address, or in what Python prints
    r"(b?\"[^\"]*\"|b?'[^']*'|[^\s&,;)\]}\"']+)",
    re.IGNORECASE,
)


def without_passwords(text: str) -> str:
    """Return a text with a sign in the place of each password in it: in addresses, and after the word."""
    if "://" in text:
        text = _IN_ADDRESS.sub(rf"\1{HIDDEN}", _IN_BROKER.sub(rf"\1{HIDDEN}", text))
    if "pass" in text or "PASS" in text or "Pass" in text:
        text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return text
