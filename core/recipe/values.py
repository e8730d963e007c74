"""The recipe with its outputs as validated values, and its one canonical form as JSON."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from core.errors import BadName, BadRecipe
from core.formats import WRITABLE, format_named
from core.operations import (
    Dpi,
    Operation,
    Profile,
    SetMetadata,
    check_choice,
    check_colour,
    check_flag,
    check_whole,
    operation_from_mapping,
    operation_to_mapping,
)
from core.recipe.templates import check_template

_VERSION: Final = 1
_FIRST_FIELDS: Final = frozenset(
    {
        *("name", "outputs", "description", "folder", "existing", "metadata", "colour", "background"),
        *("keep_times", "fast", "operations", "format", "template", "quality", "lossless", "progressive"),
        *("optimize", "subsampling", "compression", "tiff_compression", "effort", "max_bytes"),
    }
)
"""The fields of the first release, written also at their defaults.

A field that came later is left out at its default, so that a recipe without it keeps its JSON, and thereby
the hash by which a store knows it again.
"""

_MAX_OUTPUTS: Final = 100
_MAX_OPERATIONS: Final = 100
_SUBSAMPLINGS: Final = ("4:4:4", "4:2:2", "4:2:0")
_PALETTES: Final = (2, 4, 16, 256)
_TIFF_COMPRESSIONS: Final = ("none", "lzw", "deflate", "jpeg")


class Existing(StrEnum):
    """What becomes of a file that already has the name of an output."""

    KEEP = "keep"  # it stays, and the output is not made
    NUMBER = "number"  # it stays, and the output gets the next free number
    REPLACE = "replace"  # the output takes its place
    NEWER = "newer"  # the output takes its place when the source was changed after it; else it stays


class Metadata(StrEnum):
    """What becomes of EXIF, XMP, IPTC and comments."""

    KEEP = "keep"
    STRIP = "strip"
    NO_LOCATION = "no-location"  # kept, without the place, and without maker notes, which may say it


class Colour(StrEnum):
    """What becomes of colours that a profile describes."""

    SRGB = "srgb"  # converted to sRGB, and written without a profile
    KEEP = "keep"  # left as they are, and the profile is written


@dataclass(frozen=True)
class Output:
    """One file that a recipe makes.

    The options below `template` are those of the formats; one that the format does not take is refused when
    `format` is given, and has no effect when the format follows the source.
    """

    name: str  # unlike the other outputs' names; part of the file's name
    operations: tuple[Operation, ...] = ()  # in this order
    format: str | None = None  # a writable format; None: the usual one of the source, or JPEG or PNG
    template: str = "{stem}-{output}"  # of the file's name without its suffix; see core.recipe.templates
    quality: int | None = None  # 1 to 100; None: as `encode.DEFAULT_QUALITY` has it
    lossless: bool = False  # WebP and JPEG XL without loss; PNG and TIFF refuse what they could not keep
    progressive: bool = False  # JPEG that shows coarse first
    optimize: bool = False  # JPEG by MozJPEG, a sixth smaller at the same quality and slower
    subsampling: str | None = None  # of colour: "4:4:4", "4:2:2" or "4:2:0"; None: 4:2:0
    colours: int | None = None  # PNG and GIF: a palette of 2, 4, 16 or 256; None: all, and 256 for GIF
    animate: bool = True  # an animation stays one, and a document keeps its pages; False: the first alone
    compression: int | None = None  # PNG, 0 (fastest) to 9 (smallest); None: 2
    tiff_compression: str | None = None  # "none", "lzw", "deflate" or "jpeg"; None: deflate
    effort: int | None = None  # WebP, AVIF, HEIC, JPEG XL: 0 (fastest) to 10 (smallest)
    max_bytes: int | None = None  # lowers the quality, and at last the size, until the file is this small
    look: str | None = None  # "same": the lowest quality at which no difference can be seen

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise BadRecipe(f"outputs.name takes a name, not {self.name!r}.")
        if any(sign in self.name for sign in "/\\\0"):
            raise BadName(f"outputs.name {self.name!r} holds a folder separator.")
        object.__setattr__(self, "operations", _as_tuple(self.operations, "outputs.operations"))
        if len(self.operations) > _MAX_OPERATIONS:
            raise BadRecipe(f"outputs.operations takes at most {_MAX_OPERATIONS} operations.")
        for operation in self.operations:
            if not isinstance(operation, Operation):
                raise BadRecipe(f"outputs.operations takes operations, not {operation!r}.")
        kinds = [type(one) for one in self.operations]
        for kind in (Profile, SetMetadata, Dpi):
            if kinds.count(kind) > 1:
                raise BadRecipe(f"outputs.operations takes {kind.do} once.")
        check_template(self.template)
        self._check_options()
        self._check_format()

    @property
    def png_level(self) -> int:
        """The level of compression of a PNG, also where none is given."""
        return 2 if self.compression is None else self.compression

    def _check_options(self) -> None:
        if self.quality is not None:
            check_whole(self.quality, "outputs.quality", 1, 100)
        check_flag(self.lossless, "outputs.lossless")
        check_flag(self.progressive, "outputs.progressive")
        check_flag(self.optimize, "outputs.optimize")
        check_flag(self.animate, "outputs.animate")
        if self.subsampling is not None:
            check_choice(self.subsampling, "outputs.subsampling", _SUBSAMPLINGS)
        if self.colours is not None:
            check_whole(self.colours, "outputs.colours", 2, 256)
            if self.colours not in _PALETTES:
                raise BadRecipe(f"outputs.colours takes 2, 4, 16 or 256, not {self.colours}.")
            if self.lossless:
                raise BadRecipe("outputs.lossless takes all colours: leave outputs.colours out.")
        if self.compression is not None:
            check_whole(self.compression, "outputs.compression", 0, 9)
        if self.tiff_compression is not None:
            check_choice(self.tiff_compression, "outputs.tiff_compression", _TIFF_COMPRESSIONS)
        if self.effort is not None:
            check_whole(self.effort, "outputs.effort", 0, 10)
        if self.max_bytes is not None:
            check_whole(self.max_bytes, "outputs.max_bytes", 1_000, 2**40)
            if self.lossless:
                raise BadRecipe("outputs.max_bytes and lossless exclude each other.")
        if self.look is not None:
            check_choice(self.look, "outputs.look", ("same",))
            if self.quality is not None or self.max_bytes is not None or self.lossless:
                raise BadRecipe("outputs.look is given without quality, max_bytes and lossless.")
        if self.lossless and self.tiff_compression == "jpeg":
            raise BadRecipe('outputs.lossless takes a tiff_compression other than "jpeg".')

    def _check_format(self) -> None:
        if self.format is None:
            return
        chosen = format_named(self.format) if isinstance(self.format, str) else None
        if chosen is None or not chosen.writable:
            raise BadRecipe(f"outputs.format takes one of {', '.join(WRITABLE)}, not {self.format!r}.")
        object.__setattr__(self, "format", chosen.name)
        for one in fields(self)[4:]:
            if getattr(self, one.name) != one.default and not chosen.takes(one.name):
                takes = ", ".join(sorted(chosen.options))
                raise BadRecipe(f"outputs.{one.name} is no option of {chosen.name}, which takes {takes}.")


@dataclass(frozen=True)
class Recipe:
    """What to make of a source: one or more outputs, all from one decode."""

    name: str
    outputs: tuple[Output, ...]
    description: str = ""  # one sentence
    folder: str | None = None  # an absolute path, made when missing; None: beside the source
    existing: Existing = Existing.KEEP
    metadata: Metadata = Metadata.KEEP
    colour: Colour = Colour.SRGB
    background: str = "#ffffff"  # laid under transparency where the format has none; "#rrggbb"
    keep_times: bool = False  # the outputs get the source's time of last change
    fast: bool = True  # may let the JPEG decoder shrink where that hardly shows; False: never, slower
    skip_larger: bool = False  # an output with more bytes than its source is not written
    mirror: bool = False  # in `folder`, in the same folders as the source below the one that was given
    replace_original: bool = False  # the output takes its source's place, which goes to the trash
    gather: bool = False  # all images that are added together become the pages of one file

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise BadRecipe(f"name takes a name, not {self.name!r}.")
        if not isinstance(self.description, str):
            raise BadRecipe(f"description takes a sentence, not {self.description!r}.")
        self._check_outputs()
        self._check_folder()
        object.__setattr__(self, "existing", _choice(Existing, self.existing, "existing"))
        object.__setattr__(self, "metadata", _choice(Metadata, self.metadata, "metadata"))
        object.__setattr__(self, "colour", _choice(Colour, self.colour, "colour"))
        check_colour(self.background, "background")
        check_flag(self.keep_times, "keep_times")
        check_flag(self.fast, "fast")
        check_flag(self.skip_larger, "skip_larger")
        check_flag(self.mirror, "mirror")
        check_flag(self.replace_original, "replace_original")
        if self.replace_original and len(self.outputs) != 1:
            raise BadRecipe(f"replace_original takes a recipe with one output, not {len(self.outputs)}.")
        if self.replace_original and self.folder is not None:
            raise BadRecipe("replace_original and folder exclude each other.")
        self._check_gather()

    def _check_outputs(self) -> None:
        object.__setattr__(self, "outputs", _as_tuple(self.outputs, "outputs"))
        if not 1 <= len(self.outputs) <= _MAX_OUTPUTS:
            raise BadRecipe(f"outputs takes 1 to {_MAX_OUTPUTS} outputs, not {len(self.outputs)}.")
        taken: dict[str, str] = {}
        names: set[str] = set()
        for output in self.outputs:
            if not isinstance(output, Output):
                raise BadRecipe(f"outputs takes outputs, not {output!r}.")
            if output.name.casefold() in names:
                raise BadRecipe(f"outputs takes names that differ; {output.name!r} is there twice.")
            names.add(output.name.casefold())
            shape = output.template.replace("{output}", output.name).casefold()
            ambiguous = taken.setdefault(f"{shape}.{output.format}", output.name)
            if ambiguous != output.name and "{width}" not in shape and "{height}" not in shape:
                raise BadRecipe(
                    f"outputs.template gives {ambiguous!r} and {output.name!r} the same file name; "
                    "put {output} into it."
                )

    def _check_gather(self) -> None:
        check_flag(self.gather, "gather")
        for output in self.outputs if self.gather else ():
            chosen = None if output.format is None else format_named(output.format)
            if chosen is None or not chosen.keeps("pages"):
                raise BadRecipe(f"gather takes outputs in pdf or tiff; {output.name} is in another format.")
        if self.gather and self.replace_original:
            raise BadRecipe("gather and replace_original exclude each other.")

    def _check_folder(self) -> None:
        if self.folder is None:
            return
        if not isinstance(self.folder, str) or not self.folder or "\0" in self.folder:
            raise BadRecipe(f"folder takes the path of a folder, not {self.folder!r}.")
        if not Path(self.folder).is_absolute():
            raise BadRecipe(f"folder takes an absolute path, not {self.folder!r}.")
        object.__setattr__(self, "folder", os.path.normpath(self.folder))

    def with_folder(self, folder: str | os.PathLike[str] | None) -> Recipe:
        """Return this recipe with another target folder; a relative one starts at the working folder.

        Originals are not replaced then.
        """
        chosen = None if folder is None else absolute(Path.cwd(), os.fspath(folder))
        return replace(self, folder=chosen, replace_original=False)

    def replacing_originals(self) -> Recipe:
        """Return this recipe with its one output in the place of the original. Raises BadRecipe."""
        return replace(self, folder=None, mirror=False, replace_original=True)

    def with_existing(self, existing: Existing) -> Recipe:
        """Return this recipe with another rule for files that are there already."""
        return replace(self, existing=existing)

    def to_mapping(self) -> dict[str, object]:
        """Return this recipe as plain values; fields that are None are left out."""
        values = plain(self)
        values["outputs"] = [
            plain(output) | {"operations": [operation_to_mapping(one) for one in output.operations]}
            for output in self.outputs
        ]
        return values

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Recipe:
        """Return the recipe that plain values describe. Raises BadRecipe."""
        rest: dict[str, Any] = dict(values)
        version = rest.pop("version", _VERSION)
        if version != _VERSION:
            raise BadRecipe(f"version takes {_VERSION}, not {version!r}: the recipe is of another version.")
        _check_fields(cls, rest, "The recipe")
        listed = rest["outputs"]
        if not isinstance(listed, list):
            raise BadRecipe(f"outputs takes a list of outputs, not {listed!r}.")
        rest["outputs"] = tuple(output_from_mapping(one) for one in listed)
        return cls(**rest)

    def to_json(self) -> str:
        """Return this recipe as JSON in one canonical form: the same recipe gives the same text."""
        return self._json

    @cached_property
    def _json(self) -> str:
        return json.dumps({"version": _VERSION} | self.to_mapping(), sort_keys=True, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Recipe:
        """Return the recipe that `to_json` wrote; the last few are kept. Raises BadRecipe."""
        return _from_json(text)

    @cached_property
    def id_hash(self) -> str:
        """A digest of everything in the recipe: 32 hexadecimal digits, the same on every machine."""
        return hashlib.blake2b(self._json.encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=32)  # each attempt asks several times; to read one takes 0.4 ms
def _from_json(text: str) -> Recipe:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRecipe(f"The recipe is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise BadRecipe("The recipe is not a JSON object.")
    return Recipe.from_mapping(values)


def absolute(start: Path, folder: str) -> str:
    """Return the path of a folder or file, which starts at `start` where it is relative. Raises BadRecipe."""
    try:
        return os.path.normpath(Path.cwd() / start / Path(folder).expanduser())
    except RuntimeError as error:
        raise BadRecipe(f"folder {folder!r} names a user who is not known.") from error


def _as_tuple(values: object, field: str) -> tuple[object, ...]:
    if not isinstance(values, list | tuple):
        raise BadRecipe(f"{field} takes a list, not {values!r}.")
    return tuple(values)


def _choice(kind: type[StrEnum], value: object, field: str) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError as error:
        raise BadRecipe(f"{field} takes one of {', '.join(kind)}, not {value!r}.") from error


def output_from_mapping(values: object) -> Output:
    """Return the output that plain values describe. Raises BadRecipe or BadName."""
    if not isinstance(values, dict):
        raise BadRecipe(f"outputs takes tables, not {values!r}.")
    rest: dict[str, Any] = dict(values)
    _check_fields(Output, rest, "An output")
    listed = rest.get("operations", ())
    if not isinstance(listed, list | tuple) or not all(isinstance(one, dict) for one in listed):
        raise BadRecipe(f"outputs.operations takes a list of tables, not {listed!r}.")
    rest["operations"] = tuple(operation_from_mapping(one) for one in listed)
    return Output(**rest)


def _check_fields(kind: type[Recipe] | type[Output], values: Mapping[str, object], what: str) -> None:
    known = {one.name: one for one in fields(kind)}
    for field in values:
        if field not in known:
            raise BadRecipe(f"{what} has no field {field!r}; it takes {', '.join(known)}.")
    for field, one in known.items():
        if one.default is MISSING and field not in values:
            raise BadRecipe(f"{what} lacks the field {field!r}.")


def plain(value: Recipe | Output) -> dict[str, object]:
    """Return the fields as a store keeps them: without those that are None; see `_FIRST_FIELDS`."""
    found = {one.name: (getattr(value, one.name), one.default) for one in fields(value)}
    return {
        name: one
        for name, (one, default) in found.items()
        if one is not None and (name in _FIRST_FIELDS or one != default)
    }
