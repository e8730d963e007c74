"""Makes in a worker a picture of an image file as it is, with what its metadata say: nothing is changed."""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import ExifTags, Image, ImageCms

from core.executor import Done, Task
from core.imaging.decode import Source, open_source
from core.imaging.pixels import write_picture
from core.imaging.preview import picture_of
from core.imaging.process import warm as warm_all

_LONGEST: Final = 200  # characters of a text out of a file that are shown
_TAGS: Final = (
    ("camera", (ExifTags.Base.Make, ExifTags.Base.Model)),
    ("taken", (ExifTags.Base.DateTime,)),
    ("author", (ExifTags.Base.Artist,)),
    ("copyright", (ExifTags.Base.Copyright,)),
)
_SHOT_TAGS: Final = (
    ("taken", ExifTags.Base.DateTimeOriginal),
    ("lens", ExifTags.Base.LensModel),
)


def warm() -> None:
    """Import what the first look needs."""
    warm_all()


def look(task: Task, report: Callable[[float], None]) -> Done:  # noqa: ARG001 (a look is short)
    """Write a picture of the task's source, and tell its size in bytes, its dimensions and its metadata.

    The metadata stand in `notes` as "name<tab>text". Raises what `open_source` and `load` raise.
    """
    _yield_to_all_jobs()
    wanted = json.loads(task.recipe)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with open_source(task.source) as source:
            facts = tuple(f"{name}\t{text[:_LONGEST]}" for name, text in _facts(source) if text)
            write_picture(Path(wanted["to"]), picture_of(source, int(wanted["side"])))
            return Done((), source.status.st_size, *source.size, facts)


def _yield_to_all_jobs() -> None:
    """Take the processor only where no job wants it."""
    with suppress(OSError):
        if sys.platform == "linux":
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        if sys.platform != "win32":
            os.setpriority(os.PRIO_PROCESS, 0, 19)


def _facts(source: Source) -> Iterator[tuple[str, str]]:
    """Yield what the metadata of an image say that a person asks for: broken ones say nothing."""
    yield "format", source.format.name.upper()
    if source.frames > 1:
        yield "frames", str(source.frames)
    carried = source.carried
    yield "profile", _profile_name(carried.icc) if carried.icc else ""
    values: dict[str, str] = {}
    place = bool(carried.xmp and b"GPS" in carried.xmp)
    if carried.exif:
        with suppress(Exception):  # whatever a broken block makes of a reader
            exif = Image.Exif()
            exif.load(b"Exif\0\0" + carried.exif)
            for name, tags in _TAGS:
                values[name] = " ".join(filter(None, (_text(exif.get(tag)) for tag in tags)))
            shot = exif.get_ifd(ExifTags.IFD.Exif)
            for name, tag in _SHOT_TAGS:
                values[name] = _text(shot.get(tag)) or values.get(name, "")
            values["exposure"] = _exposure(shot)
            place = place or bool(exif.get_ifd(ExifTags.IFD.GPSInfo))
    yield from values.items()
    yield "place", "yes" if place else ""
    kinds = {"EXIF": carried.exif, "XMP": carried.xmp, "IPTC": carried.photoshop, "ICC": carried.icc}
    yield "blocks", ", ".join(name for name, value in kinds.items() if value)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "" if value is None else " ".join(str(value).replace("\0", " ").split())


def _exposure(shot: dict[int, Any]) -> str:
    """Return "1/250 s, f/5.6, ISO 100, 50 mm" as far as it is known."""
    parts = []
    seconds = float(shot.get(ExifTags.Base.ExposureTime) or 0)
    if seconds > 0:
        parts.append(f"1/{round(1 / seconds)} s" if seconds < 0.3 else f"{seconds:g} s")
    if aperture := float(shot.get(ExifTags.Base.FNumber) or 0):
        parts.append(f"f/{aperture:g}")
    if speed := _text(shot.get(ExifTags.Base.ISOSpeedRatings)):
        parts.append(f"ISO {speed}")
    if length := float(shot.get(ExifTags.Base.FocalLength) or 0):
        parts.append(f"{length:g} mm")
    return ", ".join(parts)


def _profile_name(icc: bytes) -> str:
    with suppress(Exception):
        return _text(ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(icc))))
    return ""
