"""The image formats that can be read and written, as a table that needs no imaging library."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final


@dataclass(frozen=True, slots=True)
class Format:
    """One image format."""

    name: str  # as recipes say it
    pillow: str  # as Pillow says it
    suffixes: tuple[str, ...]  # lower case, with the dot; the first one is given to outputs
    writable: bool = False
    alpha: bool = False  # whether an output in this format keeps transparency
    options: frozenset[str] = frozenset()  # the fields of `Output` that this format takes
    longest_side: int = 0  # pixels that the format can hold along one side; 0 for no limit that matters
    title: str = ""  # as people write it; empty: the name in capitals
    library: str = ""  # the module that reads it; empty: Pillow, which is always there
    package: str = ""  # what has that module
    drawn: bool = False  # made of lines and not of pixels: it is drawn at the size that is wanted

    @property
    def suffix(self) -> str:
        """The suffix of the files that are written, with the dot."""
        return self.suffixes[0]

    @property
    def spoken(self) -> str:
        """The name as people write it, such as "JPEG XL"."""
        return self.title or self.name.upper()


JPEG: Final = Format(
    name="jpeg",
    pillow="JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    writable=True,
    options=frozenset({"quality", "progressive", "optimize", "subsampling", "max_bytes"}),
    longest_side=65_500,
)
PNG: Final = Format(
    name="png",
    pillow="PNG",
    suffixes=(".png", ".apng"),
    writable=True,
    alpha=True,
    options=frozenset({"compression", "lossless"}),
)
WEBP: Final = Format(
    name="webp",
    pillow="WEBP",
    suffixes=(".webp",),
    writable=True,
    alpha=True,
    options=frozenset({"quality", "lossless", "effort", "max_bytes"}),
    longest_side=16_383,
)
AVIF: Final = Format(
    name="avif",
    pillow="AVIF",
    suffixes=(".avif",),
    writable=True,
    alpha=True,
    options=frozenset({"quality", "effort", "subsampling", "max_bytes"}),
    longest_side=65_536,
)
TIFF: Final = Format(
    name="tiff",
    pillow="TIFF",
    suffixes=(".tif", ".tiff"),
    writable=True,
    alpha=True,
    options=frozenset({"tiff_compression", "quality", "lossless"}),
)

_RAW_SUFFIXES: Final = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".raf", ".orf", ".rw2", ".rwl"),
    *(".pef", ".srw", ".3fr", ".fff", ".iiq", ".erf", ".kdc", ".dcr", ".mef", ".mos", ".mrw", ".x3f", ".gpr"),
)
RAW: Final = Format("raw", "RAW", _RAW_SUFFIXES, title="camera RAW", library="rawpy", package="rawpy")
SVG: Final = Format("svg", "SVG", (".svg", ".svgz"), library="pyvips", package="pyvips[binary]", drawn=True)
PDF: Final = Format("pdf", "PDF", (".pdf",), library="pypdfium2", package="pypdfium2", drawn=True)
HEIC: Final = Format("heic", "HEIF", (".heic", ".heif", ".hif"), library="pillow_heif", package="pillow-heif")
JXL: Final = Format(
    "jxl", "JXL", (".jxl",), title="JPEG XL", library="pillow_jxl", package="pillow-jxl-plugin"
)

FORMATS: Final[tuple[Format, ...]] = (
    JPEG,
    PNG,
    WEBP,
    AVIF,
    TIFF,
    Format("gif", "GIF", (".gif",)),
    HEIC,
    JXL,
    Format("jpeg2000", "JPEG2000", (".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"), title="JPEG 2000"),
    RAW,
    SVG,
    PDF,
    Format("bmp", "BMP", (".bmp", ".dib")),
    Format("ico", "ICO", (".ico",)),
    Format("psd", "PSD", (".psd",)),
    Format("tga", "TGA", (".tga", ".vda", ".icb", ".vst")),
    Format("dds", "DDS", (".dds",)),
    Format("pnm", "PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm")),
    Format("qoi", "QOI", (".qoi",)),
)
"""Every format that can be read."""

WRITABLE: Final[tuple[str, ...]] = tuple(one.name for one in FORMATS if one.writable)
"""The names that `Output.format` takes."""

READABLE_SUFFIXES: Final[frozenset[str]] = frozenset(suffix for one in FORMATS for suffix in one.suffixes)
"""Suffixes, lower case and with the dot, of files that are taken for images."""

_SPOKEN: Final = {"jpg": "jpeg", "tif": "tiff", "heif": "heic", "jpegxl": "jxl"}
_BY_NAME: Final = {one.name: one for one in FORMATS}


def format_named(name: str) -> Format | None:
    """Return the format of a name such as "jpeg" or "jpg" in any case of letters; None when there is none."""
    lowered = name.lower()
    return _BY_NAME.get(_SPOKEN.get(lowered, lowered))


def unavailable(one: Format) -> str:
    """Return why a format can be neither read nor written here, as a sentence; empty when it can.

    It looks for the library and does not import it, so that it takes no time when the window starts.
    """
    if not one.library or find_spec(one.library) is not None:
        return ""
    return f"{one.spoken} needs {one.package}, which is not installed."
