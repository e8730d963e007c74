"""Encodes one image into the bytes of a file: the same image and options always give the same bytes.

PNG is written by libvips where it is there, at level 2 with the filter "sub" for all rows: 1600 x 1200 pixels
of a photo take 41 ms and 1,834 kB, against 110 ms and 1,827 kB of Pillow. At level 3 it were 49 ms and
1,735 kB, at level 1 26 ms and 2,644 kB, at level 2 with filters chosen by row 79 ms and 1,745 kB; a
screenshot is 3 % larger than at level 3, and 3 to 5 % larger with one filter.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from PIL import Image

from core.errors import CannotEncode, ImageQueueError
from core.formats import JPEG, TIFF, Format
from core.imaging.exif import added_to_tiff, without_orientation
from core.imaging.libvips import libvips
from core.imaging.metadata import DESCRIPTIVE_TAGS, IPTC_RESOURCE, Attached, fits_in_jpeg, for_tiff
from core.imaging.quality import jpeg_tables, looking_same, lowered, reduced
from core.imaging.writers import (
    TIFF_NAMES,
    dense_jpeg,
    palette_png,
    saved,
    webp_options,
    with_segments_of,
    write_gif,
    write_heic,
    write_ico,
    write_jxl,
    write_pdf,
)
from core.recipe import Output

DEFAULT_QUALITY: Final = {
    "jpeg": 85,
    "webp": 80,
    "avif": 65,
    "tiff": 85,
    "heic": 60,
    "jxl": 85,
    "pdf": 85,
}
"""The quality of an output that gives none, 1 to 100."""

_MODES: Final = {
    "jpeg": ("L", "RGB", "CMYK"),
    "png": ("1", "P", "L", "LA", "RGB", "RGBA", "I;16"),
    "webp": ("RGB", "RGBA"),
    "avif": ("L", "RGB", "RGBA"),
    "tiff": ("1", "P", "L", "LA", "RGB", "RGBA", "CMYK", "I;16"),
    "gif": ("P", "RGB", "RGBA"),
    "heic": ("L", "RGB", "RGBA"),
    "jxl": ("L", "LA", "RGB", "RGBA", "I;16"),
    "ico": ("RGB", "RGBA"),
    "pdf": ("1", "L", "RGB", "CMYK"),
}
"""The modes that each format is written from; others are brought to the nearest of them."""

_XMP_TAG: Final = 700
_MORE_EFFORT: Final = {"webp": 10, "avif": 3}
"""The effort that gives sizes between those of a format's coarse steps of quality."""

_SMALL_PNG: Final = 100_000  # pixels; below it Pillow is as fast


def takes_alpha(chosen: Format, output: Output) -> bool:
    """Return whether an output in this format keeps transparency."""
    return chosen.alpha and not (chosen is TIFF and output.tiff_compression == "jpeg")


def takes_mode(chosen: Format, output: Output, mode: str) -> bool:
    """Return whether the format is written from this mode of an image as it is."""
    if chosen is TIFF and output.tiff_compression == "jpeg":
        return mode in ("L", "RGB", "CMYK")
    return mode in _MODES[chosen.name]


def encode(
    image: Image.Image, chosen: Format, output: Output, attached: Attached
) -> tuple[bytes, tuple[int, int], tuple[str, ...]]:
    """Return the bytes of the file, the size of its image in pixels, and notes.

    image: in a mode of `_MODES`, without transparency where the format has none. With `max_bytes` the quality
    goes down first, then the size; a format without quality goes down in size. With `look` the quality is the
    lowest at which the image looks the same. Raises CannotEncode when the format cannot hold the image.
    """
    check_sides(image, chosen)
    attached, notes = fitting(attached, chosen)
    image = in_mode_of(image, chosen)
    quality = output.quality if output.quality is not None else DEFAULT_QUALITY.get(chosen.name, 0)

    def encoded(picture: Image.Image, at: float) -> bytes:
        return _encoded(picture, chosen, output, attached, at)

    if output.look is not None and chosen.takes("look"):
        content, note = looking_same(encoded, image, chosen)
        return content, image.size, notes + note
    if output.max_bytes is None:
        return encoded(image, quality), image.size, notes
    if chosen.takes("max_bytes"):
        harder = replace(output, effort=_MORE_EFFORT.get(chosen.name, output.effort))

        def encoded_harder(picture: Image.Image, at: float) -> bytes:
            return _encoded(picture, chosen, harder, attached, at)

        ways = (encoded,) if harder == output else (encoded, encoded_harder)
        content, size, note = lowered(ways, image, chosen, quality, output.max_bytes)
    else:
        content, size, note = reduced(encoded, image, quality, output.max_bytes)
    return content, size, notes + note


def fitting(attached: Attached, chosen: Format) -> tuple[Attached, tuple[str, ...]]:
    """Return what an output in this format can hold of what goes along with it, with notes on the rest."""
    notes: tuple[str, ...] = ()
    name = chosen.spoken
    if not chosen.keeps("EXIF") and (attached.exif is not None or attached.xmp is not None):
        notes = (f"The metadata was left out: {name} has no place for it.",)
    elif chosen is JPEG:
        attached, notes = fits_in_jpeg(attached)
    elif attached.photoshop is not None and IPTC_RESOURCE in attached.photoshop:
        notes = (f"The IPTC was left out: it is kept in JPEG alone, and this is {name}.",)
    return attached, notes


def check_sides(image: Image.Image, chosen: Format) -> None:
    """Raise CannotEncode when the format cannot hold an image of this size."""
    if chosen.longest_side and max(image.size) > chosen.longest_side:
        raise CannotEncode(
            f"{chosen.spoken} holds at most {chosen.longest_side:,} pixels along a side; "
            f"the output has {image.width} × {image.height}."
        )


def in_mode_of(image: Image.Image, chosen: Format) -> Image.Image:
    """Return the image in a mode that the format is written from."""
    if image.mode in _MODES[chosen.name]:
        return image
    return image.convert("RGBA" if image.mode in ("LA", "RGBA") else "RGB")


def _encoded(image: Image.Image, chosen: Format, output: Output, attached: Attached, quality: float) -> bytes:
    try:
        return _WRITERS[chosen.name](image, output, attached, quality)
    except (ImageQueueError, MemoryError):
        raise
    except Exception as error:  # encoders raise what they like when an image is beyond them
        raise CannotEncode(f"The image cannot be written as {chosen.spoken}: {error}.") from error


def _jpeg(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    extra = b""
    if attached.photoshop is not None:
        extra = b"\xff\xed" + struct.pack(">H", 2 + len(attached.photoshop)) + attached.photoshop
    whole = quality == int(quality)
    small = dense_jpeg(image, output, int(quality)) if output.optimize else None
    content = saved(
        image if small is None else Image.new(image.mode, (1, 1)),
        "JPEG",
        quality=int(quality) if whole else None,
        qtables=None if whole else jpeg_tables(quality),
        progressive=output.progressive or None,
        optimize=output.optimize or output.progressive or None,
        subsampling=None if image.mode == "L" else output.subsampling or "4:2:0",
        exif=None if attached.exif is None else b"Exif\0\0" + attached.exif,
        xmp=attached.xmp,
        comment=attached.comment,
        icc_profile=attached.icc,
        dpi=attached.dpi,
        extra=extra or None,
    )
    return content if small is None else with_segments_of(small, content)


def _webp(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    return saved(
        image,
        "WEBP",
        **webp_options(output, quality),
        exif=None if attached.exif is None else b"Exif\0\0" + attached.exif,
        xmp=attached.xmp,
        icc_profile=attached.icc,
    )


def _avif(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    effort = 3 if output.effort is None else output.effort  # at 2 the same likeness takes half as much again
    return saved(
        image,
        "AVIF",
        quality=int(quality),
        speed=10 - effort,
        subsampling=output.subsampling or "4:2:0",
        max_threads=1,  # four workers fill the processors by themselves
        exif=None if attached.exif is None else b"Exif\0\0" + without_orientation(attached.exif),
        xmp=attached.xmp,
        icc_profile=attached.icc,
    )


def _tiff(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    compression = output.tiff_compression or "deflate"
    content = saved(
        image,
        "TIFF",
        compression=TIFF_NAMES[compression],
        quality=int(quality) if compression == "jpeg" else None,
        exif=for_tiff(attached),
        icc_profile=attached.icc,
        dpi=attached.dpi,
    )
    return content if attached.exif is None else added_to_tiff(content, attached.exif)


def tiff_with(content: bytes, attached: Attached) -> bytes:
    """Return a TIFF of libvips with what goes along with it in its directories."""
    tags = for_tiff(attached)
    if tags is not None:
        content = added_to_tiff(content, tags, (*DESCRIPTIVE_TAGS, _XMP_TAG))
    return content if attached.exif is None else added_to_tiff(content, attached.exif)


# -- PNG --------------------------------------------------------------------------------------------------


def _png(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    """Write the pixels, then put the metadata before them (PNG specification, third edition, 11.3)."""
    del quality
    level = output.png_level
    if output.colours is not None and image.mode not in ("1", "I;16"):
        return png_with(palette_png(image, output.colours, level), attached)
    transparency = image.info.get("transparency") if image.mode in ("1", "P", "L", "RGB") else None
    content = None
    if image.width * image.height >= _SMALL_PNG and transparency is None:
        content = _png_by_vips(image, level)
    if content is None:
        content = saved(image, "PNG", compress_level=level, transparency=transparency)
    return png_with(content, attached)


def _png_by_vips(image: Image.Image, level: int) -> bytes | None:
    """Return the PNG that libvips writes; None when it is missing, or the mode is not one for it."""
    bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}.get(image.mode)
    vips = None if bands is None else libvips()
    if vips is None:
        return None
    try:
        pixels = vips.Image.new_from_memory(image.tobytes(), image.width, image.height, bands, "uchar")
        kind = "b-w" if image.mode in ("L", "LA") else "srgb"
        content = pixels.copy(interpretation=kind).pngsave_buffer(
            compression=level, filter="sub" if level else "none", keep="none"
        )
    except vips.Error:
        return None
    return bytes(content)


def png_with(content: bytes, attached: Attached) -> bytes:
    """Return a PNG with what goes along with it put before its pixels."""
    return _with_chunks(content, _chunks_of(attached))


def _chunks_of(attached: Attached) -> list[tuple[bytes, bytes]]:
    chunks: list[tuple[bytes, bytes]] = []
    if attached.icc is not None:
        chunks.append((b"iCCP", b"icc\0\0" + zlib.compress(attached.icc, 9)))
    if attached.dpi is not None:
        across, down = (round(one / 0.0254) for one in attached.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    if attached.exif is not None:
        chunks.append((b"eXIf", attached.exif))
    if attached.xmp is not None:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + attached.xmp))
    for name, text in attached.texts:
        chunks.append((b"iTXt", name.encode("latin-1", "replace") + b"\0\0\0\0\0" + text.encode()))
    return chunks


def _with_chunks(content: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    after_header = 8 + 12 + 13
    made = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return content[:after_header] + made + _without_dots(content[after_header:])


def _without_dots(chunks: bytes) -> bytes:
    """Return chunks without one of dots an inch: libvips writes 25.4 where it has been told of none."""
    at = 0
    while at + 8 <= len(chunks):
        length, kind = struct.unpack_from(">I4s", chunks, at)
        if kind == b"pHYs":
            return chunks[:at] + chunks[at + 12 + length :]
        if kind == b"IDAT":
            break
        at += 12 + length
    return chunks


_WRITERS: Final[Mapping[str, Callable[[Image.Image, Output, Attached, float], bytes]]] = MappingProxyType(
    {
        "jpeg": _jpeg,
        "png": _png,
        "webp": _webp,
        "avif": _avif,
        "tiff": _tiff,
        "gif": write_gif,
        "heic": write_heic,
        "jxl": write_jxl,
        "ico": write_ico,
        "pdf": write_pdf,
    }
)
