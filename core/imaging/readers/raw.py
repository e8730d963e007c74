"""Reads camera RAW with rawpy (LibRaw): the preview that the camera made, or the developed image."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from PIL import Image

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of numpy, which rawpy brings: no pool of threads
os.environ.setdefault("OMP_NUM_THREADS", "1")

import rawpy

from core.imaging.metadata import DESCRIPTIVE_TAGS
from core.imaging.readers.lazy import LazyImage

_ORIENTATIONS: Final = {0: 1, 3: 3, 5: 8, 6: 6}
"""The EXIF orientation for each way in which LibRaw says that an image is turned (LibRaw, `flip`)."""

_ORIENTATION: Final = 0x0112
_DIRECTORIES: Final = (34665, 34853)
_WHOLE: Final = 0.95  # of the developed sides: a preview of this size stands for the image
_SAME_SHAPE: Final = 0.02  # how far the proportions of a preview may be off


class RawImage(LazyImage):
    """A photo in sRGB, RGB of 8 bits, as stored: its EXIF has the orientation."""

    format = "RAW"

    def __init__(self, raw: rawpy.RawPy, preview: Image.Image | None, exif: bytes, file: BinaryIO) -> None:
        self._raw, self._preview = raw, preview
        developed = raw.sizes.width, raw.sizes.height
        self._developed = developed
        size, mode = developed, "RGB"
        info: dict[str | tuple[int, int], Any] = {"exif": exif}
        if preview is not None and all(a >= b * _WHOLE for a, b in zip(preview.size, developed, strict=True)):
            size, mode = preview.size, preview.mode
            info |= {name: preview.info[name] for name in ("icc_profile",) if name in preview.info}
        self._full = size
        self._wanted: tuple[int, int] | None = None
        super().__init__(file, size, mode, info)

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> Any:
        """Let it come at this size in pixels or above, from the preview when that is large enough."""
        self._wanted = size
        return mode, (0, 0, *self._size)

    def pixels(self) -> Image.Image:
        """Decode the preview, or develop the image with the white balance of the camera."""
        wanted = self._wanted if self._wanted is not None else self._full
        preview = self._preview
        if preview is not None and preview.width >= wanted[0] and preview.height >= wanted[1]:
            preview.draft(preview.mode, wanted)
            preview.load()
            return preview
        half = all(2 * a <= b for a, b in zip(wanted, self._developed, strict=True))
        pixels = self._raw.postprocess(
            use_camera_wb=True, user_flip=0, output_bps=8, half_size=half, output_color=rawpy.ColorSpace.sRGB
        )
        height, width = pixels.shape[:2]
        return Image.frombytes("RGB", (width, height), pixels.tobytes())

    def close(self) -> None:
        """Free what LibRaw holds."""
        self._raw.close()
        super().close()


def open_image(file: BinaryIO, check: Callable[[int, int], None]) -> Image.Image:
    """Return the photo, not decoded yet. Raises what `check` raises for its size, and that of its preview."""
    raw = rawpy.RawPy()
    try:
        raw.open_buffer(file)
        check(max(raw.sizes.raw_width, raw.sizes.width), max(raw.sizes.raw_height, raw.sizes.height))
        preview = _preview_of(raw, check)
        turned = _ORIENTATIONS.get(raw.sizes.flip, 1)
        return RawImage(raw, preview, _exif_of(file, preview, turned), file)
    except rawpy.LibRawError as error:
        raw.close()
        raise SyntaxError(f"LibRaw cannot read it: {_said(error)}") from error
    except BaseException:
        raw.close()
        raise


def _preview_of(raw: rawpy.RawPy, check: Callable[[int, int], None]) -> Image.Image | None:
    """Return the embedded JPEG when it shows the whole image the same way round, not decoded yet."""
    try:
        found = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if found.format is not rawpy.ThumbFormat.JPEG or not isinstance(found.data, bytes):
        return None
    try:
        preview = Image.open(io.BytesIO(found.data), formats=("JPEG",))
    except (OSError, SyntaxError, ValueError):
        return None
    check(*preview.size)
    shape = preview.width / preview.height * raw.sizes.height / max(1, raw.sizes.width)
    return preview if abs(shape - 1) <= _SAME_SHAPE and preview.mode in ("RGB", "L") else None


def _exif_of(file: BinaryIO, preview: Image.Image | None, orientation: int) -> bytes:
    """Return the EXIF of a file that is a TIFF, else that of the preview; with this orientation."""
    exif = Image.Exif()
    file.seek(0)
    if file.read(4) in (b"II*\0", b"MM\0*"):
        file.seek(0)
        try:
            given = Image.open(file, formats=("TIFF",)).getexif()
            for tag in DESCRIPTIVE_TAGS:
                if tag in given:
                    exif[tag] = given.get_ifd(tag) if tag in _DIRECTORIES else given[tag]
        except Exception:  # metadata is hostile input, and must never fail a job
            exif = Image.Exif()
    elif preview is not None and isinstance(preview.info.get("exif"), bytes):
        exif.load(preview.info["exif"])
    exif[_ORIENTATION] = orientation
    file.seek(0)
    try:
        return exif.tobytes()
    except Exception:  # the same
        plain = Image.Exif()
        plain[_ORIENTATION] = orientation
        return plain.tobytes()


def _said(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
