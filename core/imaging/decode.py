"""Opens a source as an image, judges it before it is decoded, and loads it at about the size that is needed.

The shrinking load is one of the two places where libvips may stand in for Pillow; `_way` is its one rule.
Measured on 12-megapixel photos, one thread, ms of processor time for decode and Lanczos resize:

    JPEG to          256 px   1024 px   1920 px   2560 px       PNG to 1920   WebP   TIFF   AVIF
    Pillow, draft      14        43        64       172              369       325    209    336
    libvips, shrink    14        22        27        59              177       262    131    571

How far `fast` lets the JPEG decoder shrink, and what that costs, is in `shrinking`.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType, TracebackType
from typing import BinaryIO, Final, Self, TypeVar

from PIL import Image, UnidentifiedImageError

from core.errors import DamagedImage, ImageQueueError, NotAnImage, TooLarge, from_os_error
from core.formats import AVIF, FORMATS, Format
from core.imaging.libvips import libvips
from core.imaging.metadata import Carried, read_metadata
from core.imaging.readers import open_image
from core.imaging.readers.boxes import deep_avif
from core.imaging.readers.sizes import frames_in, scans_in
from core.imaging.shrinking import shrink_for

MAX_PIXELS: Final = 300_000_000
"""An image with more pixels is refused before it is decoded; IMAGEQUEUE_MAX_PIXELS overrides it."""

MAX_PIXELS_VARIABLE: Final = "IMAGEQUEUE_MAX_PIXELS"

_MOST_WORK: Final = 40  # times the limit in pixels: what all frames or scans may have together

_MOST_FRAMES: Final = 20_000  # of an animation

_BY_PILLOW: Final = {one.pillow: one for one in FORMATS} | {"MPO": FORMATS[0]}
_TURNED: Final = frozenset({5, 6, 7, 8})  # orientations that swap width and height

# libvips has a start of some 0.6 ms for each image, which a small one does not earn back: from 866 x 577 to
# 128 pixels Pillow is ahead, to 256 they are even, to 500 libvips takes 0.6 of the time.
_SMALL: Final = 400_000  # pixels
_VIPS_LOADERS: Final = {
    "JPEG": ("jpegload_source", ("RGB", "L")),
    "MPO": ("jpegload_source", ("RGB", "L")),
    "PNG": ("pngload_source", ("RGB", "RGBA", "L", "LA")),
    "WEBP": ("webpload_source", ("RGB", "RGBA")),
    "TIFF": ("tiffload_source", ("RGB", "L")),
}

_INTERPRETATIONS: Final = ("srgb", "rgb", "b-w", "rgb16", "grey16")
_READING: Final = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
)

_ORIENTATION: Final = 0x0112
_DAMAGED: Final = "is damaged, or of a kind that cannot be read"
T = TypeVar("T")

Image.MAX_IMAGE_PIXELS = None  # the limit is checked here, for every format, with a sentence of its own


def max_pixels() -> int:
    """Return the limit in pixels."""
    given = os.environ.get(MAX_PIXELS_VARIABLE, "")
    return int(given) if given.isascii() and given.isdigit() and int(given) > 0 else MAX_PIXELS


def check_pixels(width: int, height: int, what: str) -> None:
    """Raise TooLarge when an image of this size is over the limit; `what` begins the sentence."""
    limit = max_pixels()
    if width * height > limit:
        raise TooLarge(
            f"{what} {width} × {height} pixels, {width * height / 1e6:,.0f} megapixels; "
            f"the limit is {limit / 1e6:,.0f}."
        )


def check_work(name: str, times: int, what: str, size: tuple[int, int]) -> None:
    """Raise TooLarge when a file is to be decoded so many times that it would take all of a time limit.

    times: how many of `what`, frames or scans, each decoded at `size` in pixels.
    """
    pixels, limit = times * size[0] * size[1], _MOST_WORK * max_pixels()
    if pixels > limit:
        raise TooLarge(
            f"{name} has {times:,} {what} of {size[0]} × {size[1]} pixels, "
            f"{pixels / 1e6:,.0f} megapixels to decode; the limit is {limit / 1e6:,.0f}."
        )


@dataclass(frozen=True)
class Source:
    """An opened image, not decoded yet."""

    path: str
    file: BinaryIO
    header: Image.Image
    format: Format
    status: os.stat_result
    stored: tuple[int, int]  # width and height in pixels, as stored
    carried: Carried
    has_alpha: bool
    deep: bool  # colours, or grey with alpha, of 16 bits
    notes: tuple[str, ...] = ()
    frames: int = 1  # of an animation in a format whose animations are read
    pages: int = 1  # of a document in a format whose pages are read, or of all that is gathered
    page: int = 0  # which of them this is
    gathered: tuple[tuple[str, int], ...] = ()  # the file and the number in it of each page, of several files
    stamp: tuple[int, int] = (0, 0)  # bytes of all that is read, and the last change in ns since the epoch
    decoded: dict[object, Image.Image] | None = None  # by size, where it is opened again and again

    @property
    def turned(self) -> bool:
        """Whether its orientation swaps width and height."""
        return self.carried.orientation in _TURNED

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as shown."""
        width, height = self.stored
        return (height, width) if self.turned else (width, height)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.header.close()
        self.file.close()


def shown(path: str) -> str:
    """Return the name of a file as it can be printed anywhere."""
    name = os.path.basename(path.rstrip(os.sep))  # noqa: PTH119 (a Path takes ten times as long)
    return name.encode("utf-8", "replace").decode("utf-8")


def format_of(image: Image.Image) -> Format | None:
    """Return the format of a lazy image, as `open_image` gives it."""
    return _BY_PILLOW.get(str(image.format))


def status_of(path: str) -> os.stat_result:
    """Return the status of a file that can be read. Raises what `open_source` raises before it reads it."""
    file, status = _open_regular(path)
    file.close()
    return status


def open_source(path: str) -> Source:
    """Open an image and read its header.

    Raises NoSuchFile, NotReadable or another of `from_os_error`; NotAnImage for what is no image in a format
    of the list, and for what is no regular file; DamagedImage for a header that cannot be read; TooLarge for
    more pixels than the limit.
    """
    file, status = _open_regular(path)
    try:
        claimed = 0

        def check(width: int, height: int) -> None:
            nonlocal claimed
            claimed = max(claimed, width * height)
            check_pixels(width, height, f"{shown(path)} has")

        try:
            header = _guarded(lambda: open_image(file, path, check), path)
        except DamagedImage:
            bytearray(claimed * 8)  # a MemoryError when that is what its decoder lacked, and did not say
            raise
        if not _BY_PILLOW[str(header.format)].drawn:  # these have no pixels of their own
            check_pixels(*header.size, f"{shown(path)} has")
        if header.info.get("progressive"):
            check_work(shown(path), scans_in(file), "scans", header.size)
        if header.format == "GIF":  # Pillow goes through all frames to count them
            _check_frames(frames_in(file) // 2, path)
        carried = _guarded(lambda: read_metadata(header, file.fileno()), path)
        chosen = _BY_PILLOW[str(header.format)]
        frames = _guarded(lambda: _frames_of(header), path) if "animation" in chosen.reads else 1
        _check_frames(frames, path)
        pages = _guarded(lambda: int(getattr(header, "n_frames", 1)), path) if "pages" in chosen.reads else 1
        note = _guarded(lambda: _frames_note(header), path) if frames == pages == 1 else ()
        return Source(
            path=path,
            file=file,
            header=header,
            format=chosen,
            status=status,
            stored=header.size,
            carried=carried,
            has_alpha=_has_alpha(header),
            deep=_is_deep(header) or (chosen is AVIF and deep_avif(file)),
            notes=(*carried.notes, *note),
            frames=frames,
            pages=pages,
            stamp=(status.st_size, status.st_mtime_ns),
        )
    except BaseException:
        file.close()
        raise


def at_page(source: Source, number: int) -> Source:
    """Return a source as one of its pages, from 0; they share the file, so that one is read at a time.

    Raises DamagedImage for a page whose header cannot be read, and TooLarge.
    """
    if source.pages == 1:
        return source
    header = source.header
    _guarded(lambda: header.seek(number), source.path)
    if not source.format.drawn:
        check_pixels(*header.size, f"Page {number + 1} of {shown(source.path)} has")
    carried = source.carried
    if number:
        carried = replace(carried, icc=header.info.get("icc_profile") or None)
    return replace(
        source, stored=header.size, carried=carried, has_alpha=_has_alpha(header), deep=_is_deep(header),
        pages=1, page=number,
    )  # fmt: skip


_KEPT: Final = 2  # decoded sizes of a source that is opened again and again


def load(source: Source, size: tuple[int, int] | None, *, fast: bool) -> Image.Image:
    """Decode the first frame, or the page that it is; the result has the source's stored orientation.

    size: the width and height in pixels that are needed, in that orientation; the result has at least that
    size, and exactly that when it is drawn. None for the full size. fast: let the JPEG decoder shrink; see
    `Recipe.fast`.

    Raises DamagedImage for what cannot be decoded to its end.
    """
    if source.decoded is None:
        return _load(source, size, fast=fast)
    if (size, fast) not in source.decoded:
        while len(source.decoded) >= _KEPT:
            source.decoded.pop(next(iter(source.decoded)))
        source.decoded[size, fast] = _load(source, size, fast=fast).copy()
    return source.decoded[size, fast].copy()


def _load(source: Source, size: tuple[int, int] | None, *, fast: bool) -> Image.Image:
    if source.format.drawn:
        width, height = size if size is not None else source.stored
        check_pixels(width, height, f"{shown(source.path)} would have to be drawn at")
        source.header.draft(None, (width, height))
    elif size is not None and (size[0] < source.stored[0] or size[1] < source.stored[1]):
        bounded = min(size[0], source.stored[0]), min(size[1], source.stored[1])
        shrink = _shrink(source, bounded) if fast else 1
        way = _way(source, bounded, shrink)
        if way is not None:
            loaded = _load_with_vips(source, bounded, *way, shrink)
            if loaded is not None:
                return loaded
        if shrink > 1:
            width, height = source.stored
            source.header.draft(source.header.mode, (max(width // shrink, 1), max(height // shrink, 1)))
        elif fast and not hasattr(source.header, "quantization"):  # a reader with a smaller image of its own
            source.header.draft(source.header.mode, bounded)
    return _guarded(lambda: _load_with_pillow(source), source.path)


def decoded(work: Callable[[], T], path: str) -> T:
    """Return what `work` returns, which decodes a part of the file. Raises DamagedImage."""
    return _guarded(work, path)


def _load_with_pillow(source: Source) -> Image.Image:
    source.header.load()
    if source.header.format == "PPM" and source.header.mode == "I":
        return source.header.convert("I;16")  # as 16-bit grey comes from other formats
    return source.header


def _shrink(source: Source, size: tuple[int, int]) -> int:
    """Return by how much the decoder is to make it smaller: 1 for what is no JPEG."""
    tables = getattr(source.header, "quantization", None)
    return 1 if tables is None else shrink_for(size, source.stored, source.status.st_size, tables)


def _way(source: Source, size: tuple[int, int], shrink: int) -> tuple[ModuleType, str] | None:
    """Return libvips and its loader where it is the faster one for what is decoded smaller; None for Pillow.

    The rule: libvips, unless what the JPEG decoder leaves to be resized is small (below _SMALL pixels, or of
    the size asked for), or the mode is one that only Pillow reads in the same way. The table above is why.
    """
    name, modes = _VIPS_LOADERS.get(str(source.header.format), ("", ()))
    if source.header.mode not in modes:
        return None
    if source.header.format == "TIFF" and (source.deep or source.header.getexif().get(_ORIENTATION, 1) != 1):
        return None  # Pillow sets these upright while it loads
    width, height = source.stored
    left = math.ceil(width / shrink), math.ceil(height / shrink)
    if left[0] * left[1] <= _SMALL or (left == size and shrink > 1):
        return None
    vips = libvips()
    return None if vips is None else (vips, name)


def _load_with_vips(
    source: Source, size: tuple[int, int], vips: ModuleType, loader: str, shrink: int
) -> Image.Image | None:
    """Return the image in exactly this size; None when libvips cannot, and Pillow is to say why."""
    try:
        file = open_again(source)
    except OSError:
        return None
    try:
        options = {"shrink": shrink} if loader == "jpegload_source" else {}
        if source.page:
            options["page"] = source.page
        opened = vips.Source.new_from_descriptor(file)
        image = getattr(vips.Image, loader)(opened, access="sequential", fail_on="truncated", **options)
        if image.format not in ("uchar", "ushort") or image.interpretation not in _INTERPRETATIONS:
            return None
        alpha = image.hasalpha()
        top = 255 if image.format == "uchar" else 65_535
        if alpha:
            image = image.premultiply(max_alpha=top)
        image = image.resize(size[0] / image.width, vscale=size[1] / image.height, kernel="lanczos3")
        if alpha:
            image = image.unpremultiply(max_alpha=top)
        if top > 255:
            image = image / 257
        if image.format != "uchar":
            image = image.rint().cast("uchar")
        mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[image.bands]
        if (image.width, image.height) != size or alpha != source.has_alpha:
            return None
        return Image.frombytes(mode, size, image.write_to_memory())
    except (vips.Error, KeyError):
        return None
    finally:
        os.close(file)


def open_again(source: Source) -> int:
    """Return a descriptor of its own on the same file: two readers must not share a position."""
    file = os.open(source.path, _READING)
    status = os.fstat(file)
    if (status.st_dev, status.st_ino) != (source.status.st_dev, source.status.st_ino):
        os.close(file)
        raise FileNotFoundError(source.path)
    return file


def _open_regular(path: str) -> tuple[BinaryIO, os.stat_result]:
    """Open a regular file, and nothing that could block or act when it is opened, such as a pipe."""
    try:
        _check_regular(os.stat(path), path)  # noqa: PTH116
        descriptor = os.open(path, _READING)
    except OSError as error:
        raise from_os_error(error, writing=False) from error
    except ValueError as error:
        raise NotAnImage(f"{path!r} is no path of a file: {error}.") from error
    file = os.fdopen(descriptor, "rb")
    try:
        status = os.fstat(descriptor)
        _check_regular(status, path)
    except BaseException:
        file.close()
        raise
    return file, status


def _check_regular(status: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise NotAnImage(f"{shown(path)} is a folder, not an image.")
    if not stat.S_ISREG(status.st_mode):
        raise NotAnImage(f"{shown(path)} is a device or a pipe, not an image file.")
    if status.st_size == 0:
        raise NotAnImage(f"{shown(path)} is empty.")


def _has_alpha(header: Image.Image) -> bool:
    return header.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in header.info


def _is_deep(header: Image.Image) -> bool:
    """Return whether colours have 16 bits, by what Pillow notes of how they lie in the file."""
    if getattr(header, "deep", False):
        return True
    if header.format == "HEIF":
        return int(header.info.get("bit_depth", 8)) > 8
    kinds = [tile[3] for tile in getattr(header, "tile", ())]
    if header.mode not in ("RGB", "RGBA"):
        return False
    if header.format == "PPM":
        return any(isinstance(one, tuple) and one[-1] > 255 for one in kinds)  # its largest value
    return any(";16" in str(one) for one in kinds)


def _frames_of(header: Image.Image) -> int:
    if not getattr(header, "is_animated", False):
        return 1
    still = 1 if header.info.get("default_image") else 0  # of a PNG, and not part of the animation
    return max(1, int(getattr(header, "n_frames", 1)) - still)


def _check_frames(frames: int, path: str) -> None:
    if frames > _MOST_FRAMES:
        raise TooLarge(f"{shown(path)} has at least {frames:,} frames; the limit is {_MOST_FRAMES:,}.")


def _frames_note(header: Image.Image) -> tuple[str, ...]:
    if header.format in ("MPO", "PSD"):
        return ()  # other views of the same, and layers
    if getattr(header, "is_animated", False):
        return ("The animation was reduced to its first frame.",)
    return ()


def _guarded(work: Callable[[], T], path: str) -> T:
    """Return what `work` returns; a bad file becomes an error of the family, whatever the decoder raised."""
    try:
        return work()
    except UnidentifiedImageError as error:
        names = ", ".join(one.spoken for one in FORMATS)
        raise NotAnImage(f"{shown(path)} is not an image that can be read ({names}).") from error
    except (ImageQueueError, MemoryError):
        raise
    except SyntaxError as error:  # how Pillow's readers say that a header makes no sense
        raise DamagedImage(f"{shown(path)} {_DAMAGED}: {_sentence(error)}") from error
    except OSError as error:
        if error.errno is not None:
            raise from_os_error(error, writing=False) from error
        raise DamagedImage(f"{shown(path)} {_DAMAGED}: {_sentence(error)}") from error
    except Exception as error:  # decoders raise a dozen kinds of errors on bad files
        raise DamagedImage(f"{shown(path)} {_DAMAGED}: {type(error).__name__}: {_sentence(error)}") from error


def _sentence(error: Exception) -> str:
    return f"{str(error).rstrip('.')}."
