"""Reads the flattened image of a PSD of 16 bits, or of a PSB, which Pillow does not."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from PIL import Image

from core.imaging.readers.lazy import Info, LazyImage

_MODES: Final = {1: "L", 3: "RGB", 4: "CMYK"}  # grey, RGB, CMYK (Adobe Photoshop file format, "File header")
_LAYOUTS: Final = {"L": 1, "RGB": 3, "CMYK": 4}
_HEADER: Final = 26
_MOST_CHANNELS: Final = 56
_PROFILE: Final = 1039  # the image resource with the ICC profile
_LONGEST_SECTION: Final = 2**26


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the flattened image lies in the file."""

    channels: int
    depth: int  # bits of a sample
    large: bool  # a PSB
    at: int  # where it begins


class PsdImage(LazyImage):
    """The flattened image, of 8 bits."""

    format = "PSD"

    def __init__(self, file: BinaryIO, size: tuple[int, int], mode: str, info: Info, layout: _Layout) -> None:
        self._source, self._layout = file, layout
        self.deep = layout.depth == 16
        super().__init__(file, size, mode, info)

    def pixels(self) -> Image.Image:
        """Decode the channels one after the other; of 16 bits the high ones are taken."""
        file, layout = self._source, self._layout
        file.seek(layout.at)
        (packed,) = struct.unpack(">H", _exactly(file, 2))
        if packed > 1:
            raise SyntaxError("its flattened image is packed in a way that nobody writes")
        width, height = self._size
        row = width * layout.depth // 8
        channels = len(Image.new(self._mode, (1, 1)).getbands())
        lengths = [height * row] * channels
        if packed:
            unit = 4 if layout.large else 2
            counts = _exactly(file, unit * height * layout.channels)
            rows = struct.unpack(f">{len(counts) // unit}{'I' if layout.large else 'H'}", counts)
            lengths = [sum(rows[one * height : (one + 1) * height]) for one in range(channels)]
        planes = []
        for length in lengths:
            content = _exactly(file, length)
            coder = ("packbits", "L") if packed else ("raw", "L")
            plane = Image.frombytes("L", (row, height), content, *coder).tobytes()
            planes.append(Image.frombytes("L", (width, height), plane[:: layout.depth // 8]))
        image = Image.merge(self._mode, planes)
        return Image.eval(image, lambda value: 255 - value) if self._mode == "CMYK" else image


def open_image(file: BinaryIO, check: Callable[[int, int], None]) -> Image.Image:
    """Return the flattened image, not decoded yet. Raises what `check` raises for its size."""
    _, version, channels, height, width, depth, kind = struct.unpack(">4sH6xHIIHH", _exactly(file, _HEADER))
    check(width, height)
    mode = _MODES.get(kind)
    if version not in (1, 2) or depth not in (8, 16) or mode is None or not 1 <= channels <= _MOST_CHANNELS:
        raise SyntaxError("its samples are of a kind that cannot be read")
    if channels < _LAYOUTS[mode]:
        raise SyntaxError("it lacks a channel")
    if channels == _LAYOUTS[mode] + 1 and mode != "CMYK":
        mode += "A"
    _section(file, ">I")  # the colour table
    info: Info = {}
    profile = _profile_in(_section(file, ">I"))
    if profile:
        info["icc_profile"] = profile
    (length,) = struct.unpack(">Q" if version == 2 else ">I", _exactly(file, 8 if version == 2 else 4))
    _check_left(file, length)
    at = file.seek(length, 1)  # behind the layers
    return PsdImage(file, (width, height), mode, info, _Layout(channels, depth, version == 2, at))


def _exactly(file: BinaryIO, length: int) -> bytes:
    _check_left(file, length)  # before memory is taken for it
    return file.read(length)


def _check_left(file: BinaryIO, length: int) -> None:
    at = file.tell()
    left = file.seek(0, 2) - at
    file.seek(at)
    if left < length:
        raise SyntaxError("it is cut off")


def _section(file: BinaryIO, form: str) -> bytes:
    (length,) = struct.unpack(form, _exactly(file, struct.calcsize(form)))
    if length > _LONGEST_SECTION:
        raise SyntaxError("one of its sections is too long")
    return _exactly(file, length)


def _profile_in(resources: bytes) -> bytes:
    """Return the ICC profile among the image resources; nothing when there is none."""
    at = 0
    while at + 12 <= len(resources) and resources[at : at + 4] == b"8BIM":
        (kind,) = struct.unpack_from(">H", resources, at + 4)
        name = (resources[at + 6] + 2) & ~1
        if at + 6 + name + 4 > len(resources):
            break
        (length,) = struct.unpack_from(">I", resources, at + 6 + name)
        start = at + 6 + name + 4
        if kind == _PROFILE:
            return resources[start : start + length]
        at = start + length + (length & 1)
    return b""
