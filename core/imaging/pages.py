"""Takes a source of several pages apart, and writes pages into one file.

Each page goes through the operations by itself, and is there only while it is written: a document of hundreds
of pages takes the memory of one page, and of its own bytes.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from PIL import Image

from core.errors import CannotEncode, ImageQueueError, NotAnImage, TooLarge
from core.formats import HEIC, PDF, TIFF, Format
from core.gathered import SUFFIX, read_list
from core.imaging.decode import Source, at_page, open_source, shown
from core.imaging.encode import DEFAULT_QUALITY, fitting, tiff_with
from core.imaging.metadata import Attached
from core.imaging.quality import lowered_whole
from core.imaging.writers import PDF_DOTS, TIFF_NAMES
from core.recipe import Output

MOST_PAGES: Final = 10_000


def holds_pages(source: Source, chosen: Format, output: Output) -> bool:
    """Return whether an output gets all pages of its source: there are several, and its format holds them."""
    return source.pages > 1 and chosen.keeps("pages") and output.animate


def first_only(source: Source) -> str:
    """Return the note that says which page was used alone."""
    if source.format is HEIC and not source.gathered:
        return f"Only the main one of {source.pages} images was used."
    return f"Only the first of {source.pages} pages was used."


def open_gathered(path: str) -> Source:
    """Open all images of a list as the pages of one source, whose first page it is.

    A file that is no list is a source by itself. Raises for the first image that cannot be read what
    `open_source` raises, and TooLarge for too many pages; nothing is decoded.
    """
    paths = read_list(path) if path.endswith(SUFFIX) and Path(path).is_file() else None
    if path.endswith(SUFFIX) and paths is None and Path(path).exists():
        raise NotAnImage(f"{shown(path)} is no list of images.")
    if paths is None:
        return open_source(path)
    pages: list[tuple[str, int]] = []
    size, stamps = 0, hashlib.blake2b(digest_size=8)
    notes: dict[str, None] = {}
    for one in paths:
        with open_source(one) as source:
            pages += [(one, number) for number in range(source.pages)]
            size += source.stamp[0]
            stamps.update(struct.pack("<qq", *source.stamp))
            notes |= dict.fromkeys(source.notes)
        if len(pages) > MOST_PAGES:
            raise TooLarge(f"{shown(path)} has more than {MOST_PAGES:,} pages.")
    changed = int.from_bytes(stamps.digest(), "big") >> 1
    first = open_source(paths[0])
    return replace(
        first, pages=len(pages), gathered=tuple(pages), stamp=(size, changed), notes=tuple(notes), frames=1
    )


def files_of(source: Source) -> list[str]:
    """Return the paths of all files that a source is read from, that which was changed last first."""
    files = list(dict.fromkeys(path for path, _ in source.gathered)) or [source.path]
    return sorted(files, key=_changed, reverse=True) if len(files) > 1 else files


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0


@contextmanager
def page_of(source: Source, number: int) -> Iterator[Source]:
    """Give one page, from 0, as a source of its own; raises as `open_source` does."""
    if not source.gathered:
        yield at_page(source, number)
        return
    path, at = source.gathered[number]
    with open_source(path) as one:
        yield at_page(one, at)


class Pages(Image.Image):
    """What Pillow's writers take for an image with frames; each is made when the writer comes to it."""

    def __init__(self, make: Callable[[int], Image.Image], count: int) -> None:
        super().__init__()
        self._make = make
        self._at = -1
        self.n_frames = count
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Make this page. Raises EOFError after the last."""
        if frame >= self.n_frames:
            raise EOFError
        if frame != self._at:
            page = self._make(frame)
            self.im, self._mode, self._size, self._at = page.im, page.mode, page.size, frame
            self.info = dict(page.info)

    def tell(self) -> int:
        """Return the number of the page that is there."""
        return self._at


def encode_pages(
    make: Callable[[int], Image.Image], count: int, chosen: Format, output: Output, attached: Attached
) -> tuple[bytes, tuple[str, ...]]:
    """Return the bytes of a file with these pages, and notes.

    make: gives the page of a number, from 0, in a mode that the format is written from; the colour profile is
    in its `info`. It is asked for each page again while a size limit is sought. attached: of the first page;
    what is no density stays with that page, and a PDF has one density for all. Raises CannotEncode.
    """
    attached, notes = fitting(attached, chosen)
    pages = Pages(make, count)

    def tried(quality: float) -> bytes:
        pages.seek(0)
        try:
            return _written(pages, chosen, output, int(quality), attached)
        except (ImageQueueError, MemoryError):
            raise
        except Exception as error:  # encoders raise what they like when an image is beyond them
            raise CannotEncode(f"The pages cannot be written as {chosen.spoken}: {error}.") from error

    quality = output.quality if output.quality is not None else DEFAULT_QUALITY.get(chosen.name, 0)
    if output.max_bytes is None or "max_bytes" not in chosen.options:
        return tried(quality), notes
    content, note = lowered_whole(tried, quality, output.max_bytes)
    return content, notes + note


def _written(pages: Pages, chosen: Format, output: Output, quality: int, attached: Attached) -> bytes:
    file = io.BytesIO()
    if chosen is PDF:
        dpi = attached.dpi if attached.dpi is not None else (PDF_DOTS, PDF_DOTS)
        # Without dates the same images give the same bytes.
        pages.save(file, "PDF", save_all=True, quality=quality, dpi=dpi, creationDate="", modDate="")
        return file.getvalue()
    assert chosen is TIFF
    compression = output.tiff_compression or "deflate"
    options: dict[str, Any] = {"quality": quality} if compression == "jpeg" else {}
    if attached.dpi is not None:
        options["dpi"] = attached.dpi
    if TIFF_NAMES[compression] is not None:
        options["compression"] = TIFF_NAMES[compression]
    pages.save(file, "TIFF", save_all=True, **options)
    return tiff_with(file.getvalue(), attached)
