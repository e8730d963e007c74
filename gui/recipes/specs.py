"""What a field of a recipe is to the one who edits it: its kind of control, range, unit and choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final, get_args, get_type_hints

from core.formats import WRITABLE, format_named
from core.operations import KINDS, MAX_SIDE
from core.operations.carried import POLICIES, PROFILES
from core.operations.geometry import MODES, PLACED
from core.operations.marking import PLACES
from core.recipe import Colour, Existing, Metadata, Output, Recipe
from core.recipe.draft import Kind, Part

WHOLE: Final = "whole"
NUMBER: Final = "number"
FLAG: Final = "flag"
CHOICE: Final = "choice"
TEXT: Final = "text"
LINES: Final = "lines"
FILE: Final = "file"
FOLDER: Final = "folder"
COLOUR: Final = "colour"
TEMPLATE: Final = "template"


@dataclass(frozen=True, slots=True)
class Spec:
    """How one field is edited. `gui.recipes.labels` has the words for it."""

    control: str  # one of the constants above
    low: float = 0  # of a number, in the units that people see
    high: float = 0
    step: float = 1
    scale: int = 1  # what one of the units that people see is in those of the field
    choices: tuple[object, ...] = ()  # None among them is "not said here"
    transparent: bool = False  # whether a colour may be "transparent"
    rare: bool = False  # shown only where it is given: another field says the same in a plainer way


@dataclass(frozen=True, slots=True)
class Way:
    """One of several ways to say a thing, of which one alone can be chosen."""

    name: str  # of its words in `gui.recipes.labels`
    sets: Mapping[str, object] = field(default_factory=dict)  # what makes it this way, at the start
    shows: tuple[str, ...] = ()  # the fields that belong to it
    needs: str = ""  # an option that the format has to take


def word_of(kind: Kind) -> str:
    """Return the word for a kind of part: "recipe", "output", or that of an operation in recipes."""
    if kind is Recipe:
        return "recipe"
    if kind is Output:
        return "output"
    return next(word for word, one in KINDS.items() if one is kind)


_SIDE: Final = Spec(WHOLE, 1, MAX_SIDE, 10)
_PLACE: Final = Spec(WHOLE, 0, MAX_SIDE, 10)
_FLAG: Final = Spec(FLAG)
_TONE: Final = Spec(NUMBER, -100, 100, 5)

_SPECS: Final[dict[str, Spec]] = {
    "recipe.name": Spec(TEXT),
    "recipe.description": Spec(TEXT),
    "recipe.folder": Spec(FOLDER),
    "recipe.mirror": _FLAG,
    "recipe.existing": Spec(CHOICE, choices=tuple(str(one) for one in Existing)),
    "recipe.metadata": Spec(CHOICE, choices=tuple(str(one) for one in Metadata)),
    "recipe.colour": Spec(CHOICE, choices=tuple(str(one) for one in Colour)),
    "recipe.background": Spec(COLOUR),
    "output.name": Spec(TEXT),
    "output.format": Spec(CHOICE, choices=(None, *WRITABLE)),
    "output.template": Spec(TEMPLATE),
    "output.quality": Spec(WHOLE, 1, 100, 5),
    "output.subsampling": Spec(CHOICE, choices=(None, "4:4:4", "4:2:2", "4:2:0")),
    "output.colours": Spec(CHOICE, choices=(None, 2, 4, 16, 256)),
    "output.compression": Spec(WHOLE, 0, 9),
    "output.tiff_compression": Spec(CHOICE, choices=(None, "none", "lzw", "deflate", "jpeg")),
    "output.effort": Spec(WHOLE, 0, 10),
    "output.max_bytes": Spec(NUMBER, 1, 2**40 / 1000, 50, scale=1000),
    "thumbnail.width": _SIDE,
    "thumbnail.height": _SIDE,
    "resize.width": _SIDE,
    "resize.height": _SIDE,
    "resize.percent": Spec(NUMBER, 0.01, 1000, 5),
    "resize.megapixels": Spec(NUMBER, 0.0001, 300, 1),
    "resize.mode": Spec(CHOICE, choices=(None, *(one for one in MODES if one != "fit"))),
    "resize.exact": Spec(FLAG, rare=True),
    "resize.background": Spec(COLOUR, transparent=True),
    "crop.left": _PLACE,
    "crop.top": _PLACE,
    "crop.width": _SIDE,
    "crop.height": _SIDE,
    "crop.ratio": Spec(TEXT),
    "crop.around": Spec(CHOICE, choices=(None, *(one for one in PLACED if one != "centre"))),
    "crop.trim": Spec(WHOLE, 0, 255),
    "rotate.angle": Spec(NUMBER, -360, 360, 90),
    "flip.direction": Spec(CHOICE, choices=("horizontal", "vertical")),
    "watermark.text": Spec(LINES),
    "watermark.image": Spec(FILE),
    "watermark.place": Spec(CHOICE, choices=PLACES),
    "watermark.size": Spec(NUMBER, 1, 100, 5),
    "watermark.opacity": Spec(NUMBER, 1, 100, 5),
    "watermark.margin": Spec(NUMBER, 0, 50, 1),
    "watermark.colour": Spec(COLOUR),
    "watermark.font": Spec(FILE),
    "border.width": Spec(WHOLE, 1, 10_000),
    "border.percent": Spec(NUMBER, 0.1, 100, 1),
    "border.colour": Spec(COLOUR, transparent=True),
    "sharpen.amount": Spec(WHOLE, 1, 500, 10),
    "sharpen.radius": Spec(NUMBER, 0.1, 100, 0.1),
    "sharpen.threshold": Spec(WHOLE, 0, 255),
    "blur.radius": Spec(NUMBER, 0.1, 1000, 0.5),
    "adjust.brightness": _TONE,
    "adjust.contrast": _TONE,
    "adjust.saturation": _TONE,
    "flatten.background": Spec(COLOUR),
    "profile.to": Spec(CHOICE, choices=PROFILES),
    "profile.file": Spec(FILE),
    "metadata.policy": Spec(CHOICE, choices=(None, *POLICIES)),
    "metadata.copyright": Spec(TEXT),
    "metadata.author": Spec(TEXT),
    "dpi.value": Spec(NUMBER, 1, 60_000, 10),
}

_WAYS: Final[dict[str, tuple[Way, ...]]] = {
    # Each is recognised by what it sets; the first one by none of the others being so.
    "recipe": (
        Way("beside"),
        Way("folder", {"folder": ""}, ("folder", "mirror")),
        Way("original", {"replace_original": True}),
    ),
    "output": (
        Way("quality", {}, ("quality",), "quality"),
        Way("max_bytes", {"max_bytes": 200_000}, ("max_bytes", "quality"), "max_bytes"),
        Way("look", {"look": "same"}, (), "look"),
        Way("lossless", {"lossless": True}, (), "lossless"),
    ),
    "resize": (
        Way("box", {"width": 2048, "height": 2048}, ("width", "height", "mode", "background", "exact")),
        Way("percent", {"percent": 50}, ("percent",)),
        Way("megapixels", {"megapixels": 2}, ("megapixels",)),
    ),
    "crop": (
        Way("box", {"width": 1000, "height": 1000}, ("width", "height", "left", "top", "around")),
        Way("ratio", {"ratio": "1:1"}, ("ratio", "around")),
        Way("trim", {"trim": 10}, ("trim",)),
    ),
    "watermark": (
        Way("text", {"text": "©"}, ("text", "colour", "font")),
        Way("image", {"image": ""}, ("image",)),
    ),
    "border": (Way("pixels", {"width": 10}, ("width",)), Way("percent", {"percent": 2}, ("percent",))),
    "profile": (Way("to", {"to": "srgb"}, ("to",)), Way("file", {"file": ""}, ("file",))),
}

_FRESH: Final[dict[str, dict[str, object]]] = {
    "thumbnail": {"width": 256},
    "crop": {"ratio": "1:1"},
    "rotate": {"angle": 90},
    "flip": {"direction": "horizontal"},
    "blur": {"radius": 2},
    "metadata": {"policy": "strip"},
    "dpi": {"value": 300},
    "output": {"name": "output"},
}
"""What a new part says; where this says nothing, the first of its ways does."""


def spec_of(kind: Kind, name: str) -> Spec:
    """Return how a field is edited; one that this room does not know yet is edited by its type."""
    found = _SPECS.get(f"{word_of(kind)}.{name}")
    if found is not None:
        return found
    hint = get_type_hints(kind)[name]
    kinds = {one for one in (hint, *get_args(hint)) if isinstance(one, type)}
    if bool in kinds:
        return _FLAG
    if float in kinds:
        return Spec(NUMBER, -1e9, 1e9)
    return Spec(WHOLE, -(10**9), 10**9) if int in kinds else Spec(TEXT)


def ways_of(part: Part) -> tuple[Way, ...]:
    """Return the ways that a part can be said in; those of an output as its format takes them."""
    ways = _WAYS.get(word_of(part.kind), ())
    name = part.values.get("format") if part.kind is Output else None
    chosen = format_named(name) if isinstance(name, str) else None
    return ways if chosen is None else tuple(one for one in ways if chosen.takes(one.needs))


def way_of(part: Part) -> Way | None:
    """Return the way that a part is said in; None where there is one alone, or none."""
    ways = ways_of(part)
    if len(ways) < 2:
        return None
    return next((one for one in ways[1:] if set(one.sets) & set(part.values)), ways[0])


def in_way(part: Part, way: Way) -> Part:
    """Return a part that is said in another way: what belongs to the others alone is gone."""
    for other in ways_of(part):
        for name in (*other.sets, *other.shows):
            if name not in way.shows:
                part = part.with_value(name, None)
    for name, value in way.sets.items():
        if name not in part.values:
            part = part.with_value(name, value)
    return part


def shown_fields(part: Part) -> list[str]:
    """Return the fields of a part that are edited by a control of their own now, in their order."""
    way, ways = way_of(part), ways_of(part)
    owned = {name for one in _WAYS.get(word_of(part.kind), ()) for name in (*one.sets, *one.shows)}
    shown = set(way.shows) if way is not None else {name for one in ways for name in one.shows}
    found = [one.name for one in fields(part.kind) if one.name not in ("outputs", "operations")]
    found = [name for name in found if name not in owned or name in shown]
    chosen = part.values.get("format")
    taken = format_named(chosen) if part.kind is Output and isinstance(chosen, str) else None
    if taken is not None:
        options = found.index("template") + 1
        found = [name for place, name in enumerate(found) if place < options or taken.takes(name)]
    if word_of(part.kind) == "resize" and part.values.get("mode") != "pad":
        found = [name for name in found if name != "background" or name in part.values]
    return [name for name in found if not spec_of(part.kind, name).rare or name in part.values]


def fresh(kind: Kind) -> Part:
    """Return a new part that says something already, where that can be said without being asked."""
    word = word_of(kind)
    part = Part(kind)
    values = _FRESH.get(word)
    if values is None:
        values = dict(_WAYS[word][0].sets) if word in _WAYS else {}
    for name, value in values.items():
        part = part.with_value(name, value)
    return part
