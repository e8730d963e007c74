"""Makes in a worker what one output would be, for a look at it before it is chosen: nothing is published."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from PIL import Image

from core.executor import Done, Task
from core.formats import PNG
from core.imaging.colour import scalable
from core.imaging.decode import Source, load, open_source
from core.imaging.drawing import drawn_size
from core.imaging.picture import made_of
from core.imaging.pixels import ABOUT, AFTER, BEFORE, ESTIMATED, Picture, write_picture
from core.imaging.plan import needed_size, plan
from core.imaging.prepared import prepared
from core.imaging.process import make_in_memory
from core.imaging.process import warm as warm_all
from core.imaging.upright import set_upright
from core.job import OutputFile
from core.operations import Crop, Resize
from core.recipe import Metadata, Output, Recipe

MOST_SIDE: Final = 2048
"""The longest side in pixels of a picture that is shown; the outputs themselves are as large as they are."""

_SLOW: Final = frozenset({"avif", "heic", "jxl", "png"})
"""The formats whose encoders may take longer than half a second."""

_SOON: Final = 1_000_000  # pixels that are soon encoded in any format
_PART: Final = 4  # the part of the width and of the height that an estimate is made from
# Of three photos of 12 megapixels as PNG, AVIF, HEIC, JPEG XL and by looks, it was 12 % too low to 17 % too
# high, and took 0.05 to 0.35 s of processor time where the whole took 0.7 to 5.5 (HEIC: 0.7 of 10 at most).


@dataclass(slots=True)
class _Last:
    """The source that was shown last: a change of a recipe neither shows nor decodes it again."""

    source: tuple[str, int, int] = ("", 0, 0)  # its path, size in bytes and time of change
    folder: str = ""
    decoded: dict[object, Image.Image] = field(default_factory=dict)


_last = _Last()


def warm() -> None:
    """Import what the first preview needs."""
    warm_all()


def preview(task: Task, report: Callable[[float], None]) -> Done:
    """Make the first output of the task's recipe in memory, and two pictures in the folder `downloads`.

    They show the source, and the output as its file has it; see core.imaging.pixels.
    The output that is returned has the true size of its file in bytes, its dimensions, and its name. Where
    that takes long, the size is estimated first: the file `ABOUT` has it when `ESTIMATED` is reported.

    Raises what `process` raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(task.downloads)
        with open_source(task.source) as source:
            known = (source.path, source.status.st_size, source.status.st_mtime_ns)
            if (_last.source, _last.folder) != (known, task.downloads):
                _last.decoded.clear()
                write_picture(folder / BEFORE, picture_of(source))
                _last.source, _last.folder = known, task.downloads
        about = _estimate(task)
        if about is not None:
            (folder / ABOUT).write_text(str(about), encoding="ascii")
            report(ESTIMATED)
        with open_source(task.source) as source:
            source = replace(source, decoded=_last.decoded)
            (made, *_), notes = make_in_memory(task, source, report)
            size, notes = source.size, [*source.notes, *notes]
        file = folder / f"made{made.format.suffix}"
        file.write_bytes(made.content)
        with open_source(str(file)) as result:
            write_picture(folder / AFTER, picture_of(result))
    output = OutputFile(made.file_name, len(made.content), *made.size, made.name)
    return Done((output,), known[1], *size, tuple(dict.fromkeys(notes)))


def _estimate(task: Task) -> int | None:
    """Return about how many bytes the output will have, by its middle; None where it is soon made anyway."""
    with open_source(task.source) as source:
        source = replace(source, decoded=_last.decoded)
        _, (work, *_), _, recipe = prepared(task, source, Recipe.from_json(task.recipe), None)
        width, height = work.plan.size
        slow = work.format.name in _SLOW or work.output.look is not None
        if not slow or work.output.max_bytes is not None or width * height < _SOON or work.stays:
            return None
        middle = Crop(width=width // _PART, height=height // _PART, around="centre")
        output = replace(work.output, operations=(*work.output.operations, middle))
        part = replace(recipe, outputs=(output,), metadata=Metadata.STRIP)
        (made, *_), _ = make_in_memory(replace(task, recipe=part.to_json()), source, lambda _: None)
        return len(made.content) * _PART * _PART


def picture_of(source: Source, side: int = MOST_SIDE) -> Picture:
    """Return an image as it is shown: upright, in sRGB, and no side longer than `side` pixels."""
    shown = Output("shown", (Resize(width=side, height=side),), "png")
    planned = plan(shown.operations, source.size)
    if source.format.drawn:
        loaded = load(source, drawn_size(planned, source.size), fast=True).copy()
    else:
        needed = needed_size([planned], source.size)
        if needed is not None and source.turned:
            needed = needed[1], needed[0]
        loaded = set_upright(load(source, needed, fast=True), source.carried.orientation)
    icc = source.carried.icc if source.header.mode not in ("LAB", "I", "F") else None
    base, _ = scalable(loaded, keep_deep=False)
    made = made_of(base, planned, source.size, icc, PNG, shown, Recipe("Shown", (shown,)))
    image = made.image.convert("RGBA")
    return Picture(*image.size, image.tobytes())
