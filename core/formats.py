"""The image formats that can be read and written, as a table that needs no imaging library."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

PARTS: Final = ("animation", "pages", "alpha", "ICC", "EXIF", "16 bit")
"""What an image may have beside pixels of 8 bits, as the columns of the table in the README."""


def _parts(*words: str) -> frozenset[str]:
    assert set(words) <= set(PARTS)
    return frozenset(words)


@dataclass(frozen=True, slots=True)
class Format:
    """One image format."""

    name: str  # as recipes say it
    pillow: str  # as Pillow says it
    suffixes: tuple[str, ...]  # lower case, with the dot; the first one is given to outputs
    reads: frozenset[str] = frozenset()  # the words of `PARTS` that say what a source in this format gives
    writes: frozenset[str] | None = None  # the same of what an output keeps; None: it cannot be written
    options: frozenset[str] = frozenset()  # the fields of `Output` that this format takes
    longest_side: int = 0  # pixels that the format can hold along one side; 0 for no limit that matters
    title: str = ""  # as people write it; empty: the name in capitals
    library: str = ""  # the module that reads it; empty: Pillow, which is always there
    package: str = ""  # what has that module
    drawn: bool = False  # made of lines and not of pixels: it is drawn at the size that is wanted
    followed: bool = False  # an output that names no format takes that of such a source

    def takes(self, option: str) -> bool:
        """Return whether this format takes a field of `Output`.

        A look is sought wherever a size can be, and the file can be read back as pixels.
        """
        if option == "look":
            return "max_bytes" in self.options and not self.drawn
        return option in self.options

    @property
    def suffix(self) -> str:
        """The suffix of the files that are written, with the dot."""
        return self.suffixes[0]

    @property
    def writable(self) -> bool:
        """Whether an output can be in this format."""
        return self.writes is not None

    @property
    def alpha(self) -> bool:
        """Whether an output in this format keeps transparency."""
        return self.keeps("alpha")

    def keeps(self, part: str) -> bool:
        """Return whether an output in this format keeps what a word of `PARTS` says."""
        return self.writes is not None and part in self.writes

    @property
    def spoken(self) -> str:
        """The name as people write it, such as "JPEG XL"."""
        return self.title or self.name.upper()


_LOSSY: Final = frozenset({"quality", "max_bytes"})

JPEG: Final = Format(
    name="jpeg",
    pillow="JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    reads=_parts("ICC", "EXIF"),
    writes=_parts("ICC", "EXIF"),
    options=_LOSSY | {"progressive", "optimize", "subsampling"},
    longest_side=65_500,
    followed=True,
)
PNG: Final = Format(
    name="png",
    pillow="PNG",
    suffixes=(".png", ".apng"),
    reads=_parts("animation", "alpha", "ICC", "EXIF", "16 bit"),
    writes=_parts("animation", "alpha", "ICC", "EXIF", "16 bit"),
    options=frozenset({"compression", "lossless", "colours", "animate"}),
    followed=True,
)
WEBP: Final = Format(
    name="webp",
    pillow="WEBP",
    suffixes=(".webp",),
    title="WebP",
    reads=_parts("animation", "alpha", "ICC", "EXIF"),
    writes=_parts("animation", "alpha", "ICC", "EXIF"),
    options=_LOSSY | {"lossless", "effort", "animate"},
    longest_side=16_383,
    followed=True,
)
AVIF: Final = Format(
    name="avif",
    pillow="AVIF",
    suffixes=(".avif",),
    reads=_parts("animation", "alpha", "ICC", "EXIF"),
    writes=_parts("animation", "alpha", "ICC", "EXIF"),
    options=_LOSSY | {"effort", "subsampling", "animate"},
    longest_side=32_768,  # as libavif reads it
    followed=True,
)
TIFF: Final = Format(
    name="tiff",
    pillow="TIFF",
    suffixes=(".tif", ".tiff"),
    reads=_parts("pages", "alpha", "ICC", "EXIF", "16 bit"),
    writes=_parts("pages", "alpha", "ICC", "EXIF", "16 bit"),
    options=frozenset({"tiff_compression", "quality", "lossless", "animate"}),
    followed=True,
)
GIF: Final = Format(
    name="gif",
    pillow="GIF",
    suffixes=(".gif",),
    reads=_parts("animation", "alpha"),
    writes=_parts("animation", "alpha"),
    options=frozenset({"colours", "animate"}),
    longest_side=65_535,
    followed=True,
)
HEIC: Final = Format(
    name="heic",
    pillow="HEIF",
    suffixes=(".heic", ".heif", ".hif"),
    library="pillow_heif",
    package="pillow-heif",
    reads=_parts("pages", "alpha", "ICC", "EXIF"),
    writes=_parts("alpha", "ICC", "EXIF"),
    options=_LOSSY | {"effort", "subsampling"},
    longest_side=16_384,
)
JXL: Final = Format(
    name="jxl",
    pillow="JXL",
    suffixes=(".jxl",),
    title="JPEG XL",
    library="pillow_jxl",
    package="pillow-jxl-plugin",
    reads=_parts("alpha", "ICC", "EXIF", "16 bit"),
    writes=_parts("alpha", "EXIF", "16 bit"),
    options=_LOSSY | {"lossless", "effort"},
)
ICO: Final = Format(
    name="ico",
    pillow="ICO",
    suffixes=(".ico",),
    reads=_parts("alpha"),
    writes=_parts("alpha"),
    longest_side=256,
)
PDF: Final = Format(
    name="pdf",
    pillow="PDF",
    suffixes=(".pdf",),
    library="pypdfium2",
    package="pypdfium2",
    drawn=True,
    reads=_parts("pages"),
    writes=_parts("pages"),
    options=_LOSSY | {"animate"},
    longest_side=65_500,
)
_RAW_SUFFIXES: Final = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".raf", ".orf", ".rw2", ".rwl"),
    *(".pef", ".srw", ".3fr", ".fff", ".iiq", ".erf", ".kdc", ".dcr", ".mef", ".mos", ".mrw", ".x3f", ".gpr"),
)
RAW: Final = Format(
    name="raw",
    pillow="RAW",
    suffixes=_RAW_SUFFIXES,
    title="camera RAW",
    library="rawpy",
    package="rawpy",
    reads=_parts("ICC", "EXIF"),
)
SVG: Final = Format(
    name="svg",
    pillow="SVG",
    suffixes=(".svg", ".svgz"),
    library="pyvips",
    package="pyvips[binary]",
    drawn=True,
    reads=_parts("alpha"),
)
JPEG_2000: Final = Format(
    name="jpeg2000",
    pillow="JPEG2000",
    suffixes=(".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"),
    title="JPEG 2000",
    reads=_parts("alpha", "ICC", "16 bit"),
)

FORMATS: Final[tuple[Format, ...]] = (
    *(JPEG, PNG, WEBP, AVIF, TIFF, GIF, HEIC, JXL, JPEG_2000, RAW, SVG, PDF, ICO),
    Format("psd", "PSD", (".psd", ".psb"), reads=_parts("alpha", "ICC")),
    Format("bmp", "BMP", (".bmp", ".dib"), reads=_parts("alpha")),
    Format("tga", "TGA", (".tga", ".vda", ".icb", ".vst"), reads=_parts("alpha")),
    Format("dds", "DDS", (".dds",), reads=_parts("alpha")),
    Format("pnm", "PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), reads=_parts("16 bit")),
    Format("qoi", "QOI", (".qoi",), reads=_parts("alpha")),
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


def table() -> str:
    """Return what can be read and written as a table in Markdown, for the README.

    A cell says "yes" where a source gives the part and an output keeps it, "read" or "write" for one of them.
    """
    lines = [f"| format | read | write | {' | '.join(PARTS)} |", "| --- " * (3 + len(PARTS)) + "|"]
    for one in FORMATS:
        cells = [one.spoken, "yes", "yes" if one.writable else ""]
        cells += [_CELLS[part in one.reads, one.keeps(part)] for part in PARTS]
        lines.append(f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |"))
    return "\n".join(lines) + "\n"


_CELLS: Final = {(True, True): "yes", (True, False): "read", (False, True): "write", (False, False): ""}
