"""The names of outputs: final names, temporary names, and the keys by which the queue finds collisions.

Nothing here opens an image or imports an imaging library: the queue uses it in its own process. Paths are
plain strings, which is several times as fast as `Path` for 100,000 of them.
"""

# ruff: noqa: PTH108, PTH118, PTH119, PTH120, PTH122, PTH206

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.errors import BadName
from core.links.address import is_link, link_name, safe_name
from core.recipe import Output, Recipe
from core.recipe.templates import UNKNOWN, fields_of, filled, moments

MAX_NAME: Final = 255
"""The longest file name in bytes that common file systems take; Linux counts the bytes of UTF-8."""

_ROOM: Final = 12  # bytes of a name that are left for the number of a numbered file
_LONGEST_CAMERA: Final = 60  # characters
_PREFIX: Final = ".imagequeue-"
_SUFFIX: Final = ".part"


@dataclass(frozen=True, slots=True)
class Shot:
    """When and with what an image was taken, as far as its file tells."""

    taken: datetime | None = None  # by the clock of the camera, or else of this machine
    camera: str = ""  # its model, as it stands in the file: anything


def target_folder(source: str, recipe: Recipe, below: str = "") -> str:
    """Return the folder that the outputs of this source go to: an absolute path.

    below: where the source is below the folder that was given, for a recipe that mirrors the tree.
    """
    if recipe.folder is None:
        return os.path.dirname(source)
    if not recipe.mirror or not below or os.pardir in below.split(os.sep):
        return recipe.folder
    return os.path.join(recipe.folder, below)


def temporary_paths(source: str, recipe: Recipe, temp_tag: str, below: str = "") -> list[str]:
    """Return every temporary path that one attempt can leave behind, one for each output, in their order."""
    folder = target_folder(source, recipe, below)
    return [
        os.path.join(folder, temporary_name(temp_tag, number)) for number in range(1, len(recipe.outputs) + 1)
    ]


def temporary_name(temp_tag: str, number: int) -> str:
    """Return the name that the n-th output of an attempt has until it has its own."""
    tag = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in temp_tag)
    return f"{_PREFIX}{tag}-{number}{_SUFFIX}"


def remove_leftovers(source: str, recipe_json: str, temp_tag: str, below: str = "") -> int:
    """Remove the temporary files that an attempt has left; return how many there were.

    What cannot be removed is left: its folder may be gone, or not be ours any more.
    """
    return remove_files(temporary_paths(source, Recipe.from_json(recipe_json), temp_tag, below))


def remove_files(paths: Iterable[str]) -> int:
    """Remove those of the files that are there and can be removed; return how many."""
    removed = 0
    for path in paths:
        with suppress(OSError):
            os.unlink(path)
            removed += 1
    return removed


def name_key(source: str, recipe: Recipe, root: str = "") -> int:
    """Return a number from 0 to 2^63 - 1 that two sources share when their outputs would have the same names.

    It covers the templates, the target folder and the source's stem, whatever the case or the composition of
    its letters. The suffix is left out: what format an output gets is known only when the source is read. A
    template without the stem has one key for the whole folder.
    """
    return name_keys((source,), recipe, root)[0]


def name_keys(sources: Sequence[str], recipe: Recipe, root: str = "") -> list[int]:
    """Return `name_key` of each source: 100,000 take some 0.1 s.

    root: the folder that was given, and that all of them are in or below, for a recipe that mirrors the tree.
    """
    shapes = "\0".join(f"{one.template}\0{one.name}" for one in recipe.outputs)
    stamped = hashlib.blake2b(shapes.encode("utf-8", "surrogatepass"), digest_size=8)
    by_stem = recipe.replace_original or all("stem" in fields_of(one.template) for one in recipe.outputs)
    fixed = os.fsencode(recipe.folder) if recipe.folder is not None else None
    above = len(os.path.join(root, "")) if root and recipe.mirror and recipe.folder is not None else 0
    split, splitext, from_bytes = os.path.split, os.path.splitext, int.from_bytes
    keys: list[int] = []
    folder_now: str | None = None
    seeded = stamped
    for source in sources:
        folder, name = (source, link_name(source)) if is_link(source) else split(source)
        if folder != folder_now:
            folder_now = folder
            seeded = stamped.copy()
            target = fixed if fixed is not None else os.fsencode(folder)
            below = folder[above:] if above else ""
            seeded.update((os.path.join(target, os.fsencode(below)) if below else target) + b"\0")
        digest = seeded.copy()
        if by_stem:
            stem = splitext(name)[0]
            folded = stem.lower() if stem.isascii() else fold(stem)
            digest.update(folded.encode("utf-8", "surrogatepass"))
        keys.append(from_bytes(digest.digest(), "big") >> 1)
    return keys


def is_counted(recipe: Recipe) -> bool:
    """Return whether `{index}` alone tells the names of this recipe apart.

    It then counts all sources in the queue that share the target folder, so that no two have one number.
    """
    return any("stem" not in fields_of(one.template) for one in recipe.outputs) and all(
        fields_of(one.template) & {"stem", "index"} for one in recipe.outputs
    )


def fold(name: str) -> str:
    """Return a name without the differences that some file systems overlook: case, and composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def final_name(
    source: str,
    output: Output,
    suffix: str,
    *,
    place: int = 1,
    index: int = 1,
    width: int | None = None,
    height: int | None = None,
    shot: Shot | None = None,
) -> str:
    """Return the path of an output's file in the target folder: its name, below folders of the template.

    `suffix` is that of the output's format, with the dot. `place` above 1 is added to the stem, unless it is
    the number that `index` gives. A name that is too long is shortened at the end of the stem, and gets a
    digest of the whole, so that two names stay two. Raises BadName for a name that no file can have or that
    would leave the folder.
    """
    stem, ext = os.path.splitext(os.path.basename(source))
    shot = shot or Shot()
    values = {
        "stem": stem,
        "ext": ext[1:],
        "width": "" if width is None else str(width),
        "height": "" if height is None else str(height),
        "output": output.name,
        "index": index,
        "camera": _camera(shot.camera),
        **moments(shot.taken),
    }
    mark = f"-{place}" if place > 1 else ""
    fields = fields_of(output.template)
    if mark and "stem" not in fields:
        suffix = suffix if "index" in fields and place == index else mark + suffix
        mark = ""
    values["stem"] = stem + mark
    name = _checked(filled(output.template, values) + suffix, source)
    over = _overlong(name)
    if over <= 0:
        return name
    digest = hashlib.blake2b(os.fsencode(stem), digest_size=4).hexdigest()
    kept = os.fsencode(stem)[: -(over + len(digest) + 1)].decode("utf-8", "ignore").rstrip()
    values["stem"] = f"{kept}~{digest}{mark}"
    shorter = filled(output.template, values) + suffix
    if not kept or _overlong(shorter) > 0:
        raise BadName(f"The name {name[:60]}… is longer than the {MAX_NAME} bytes that a file name can have.")
    return _checked(shorter, source)


def _overlong(name: str) -> int:
    """Return by how many bytes the longest part of a path is too long; 0 or less when it fits."""
    return max(len(os.fsencode(part)) for part in name.split("/")) + _ROOM - MAX_NAME


def _camera(model: str) -> str:
    """Return a camera's model as a part of a name."""
    words = " ".join(model.replace("/", "_").replace("\\", "_").split())
    return safe_name(words)[:_LONGEST_CAMERA].strip(". ") or UNKNOWN


def numbered(name: str, suffix: str, number: int) -> str:
    """Return the name with a number before its suffix; number 1 is the name itself."""
    return name if number <= 1 else f"{name.removesuffix(suffix)}-{number}{suffix}"


def _checked(name: str, source: str) -> str:
    parts = name.split("/")
    wrong = {os.sep, os.altsep or os.sep, "\0"} - {"/"}
    if any(sign in name for sign in wrong) or any(part in ("", ".", "..") for part in parts):
        raise BadName(f"{name!r} is no file name: it would leave the target folder of {source!r}.")
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        raise BadName(f"{name!r} is no file name: it cannot be written in this system's encoding.") from error
    return name
