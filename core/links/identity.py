"""What tells a version of a source beside its size and its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Identity:
    """The version of a file, or of what is at a link; "" for what is not known."""

    content: str = ""  # the digest of its bytes, as `core.imaging.receipt.digest_of` gives it
    tag: str = ""  # of a link, the ETag that its server gave (RFC 9110, section 8.8.3)
    modified: str = ""  # of a link, the Last-Modified that its server gave


UNKNOWN: Final = Identity()
