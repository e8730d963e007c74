"""The operations on what a file carries besides its pixels, and on what its pixels mean.

Where they stand among the operations of an output makes no difference, and each is given once at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.errors import BadRecipe
from core.operations.checks import check_choice, check_number, check_path, check_text

PROFILES: Final = ("srgb", "display-p3", "keep")
POLICIES: Final = ("keep", "strip", "no-location")


@dataclass(frozen=True, slots=True)
class Profile:
    """Say in which colours this output is written, whatever the recipe says for all.

    `to` is "srgb" (written without a profile), "display-p3", or "keep" (as in the source, with its profile);
    or `file` is the absolute path of an ICC profile for RGB, CMYK or grey (in a TOML file also relative to
    that file), read when the job runs. Colours are converted once, by LittleCMS, relative colorimetric with
    black point compensation. A format that cannot hold CMYK fails the job with `CannotEncode`.
    """

    do: ClassVar[str] = "profile"
    to: str | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        if (self.to is None) == (self.file is None):
            raise BadRecipe("profile takes to or file.")
        if self.to is not None:
            check_choice(self.to, "profile.to", PROFILES)
        if self.file is not None:
            check_path(self.file, "profile.file")


@dataclass(frozen=True, slots=True)
class SetMetadata:
    """Say what becomes of the metadata of this output, and who made it and whose it is.

    `policy` is "keep", "strip" or "no-location"; without it the recipe's. `copyright` and `author` have up to
    500 characters each, and take the place of what EXIF, XMP and IPTC of the source say of that; they are
    written also where the rest is stripped.
    """

    do: ClassVar[str] = "metadata"
    policy: str | None = None
    copyright: str | None = None
    author: str | None = None

    def __post_init__(self) -> None:
        if self.policy is None and self.copyright is None and self.author is None:
            raise BadRecipe("metadata takes policy, copyright or author.")
        if self.policy is not None:
            check_choice(self.policy, "metadata.policy", POLICIES)
        if self.copyright is not None:
            check_text(self.copyright, "metadata.copyright", 500)
        if self.author is not None:
            check_text(self.author, "metadata.author", 500)


@dataclass(frozen=True, slots=True)
class Dpi:
    """Note how densely the output is to be printed: `value` in pixels per inch, from 1 to 60,000.

    No pixel changes. It is noted also where metadata are stripped.
    """

    do: ClassVar[str] = "dpi"
    value: float

    def __post_init__(self) -> None:
        check_number(self.value, "dpi.value", 1, 60_000)
