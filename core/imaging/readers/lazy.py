"""The base of the readers: an image whose size and mode are known, and whose pixels come when wanted."""

from __future__ import annotations

import abc
from typing import Any, BinaryIO, TypeAlias

from PIL import Image, ImageFile

Info: TypeAlias = dict[str | tuple[int, int], Any]
"""What Pillow keeps beside the pixels."""


class LazyImage(ImageFile.ImageFile):
    """A Pillow image that `pixels` fills when it is loaded."""

    format: str
    deep = False  # whether its samples had 16 bits, of which 8 are left

    def __init__(self, file: BinaryIO, size: tuple[int, int], mode: str, info: Info) -> None:
        self._first = size, mode, info
        super().__init__(file)

    def _open(self) -> None:
        self._size, self._mode, info = self._first
        self.info = dict(info)
        self.tile = []

    @abc.abstractmethod
    def pixels(self) -> Image.Image:
        """Return the decoded image."""

    def load(self) -> Any:
        """Decode it, once."""
        if self._im is None:
            image = self.pixels()
            self._size, self._mode = image.size, image.mode
            self.im = image.im
        return super().load()


class DrawnImage(LazyImage):
    """An image without pixels of its own, drawn at its own size until `draft` asks for another."""

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> Any:
        """Let it be drawn at this size in pixels, which may be larger than its own; also more than once."""
        if size is not None:
            self._size = size
            self._im = None
        return mode, (0, 0, *self._size)

    def pixels(self) -> Image.Image:
        """Draw it."""
        drawn = self.drawn()
        return drawn if drawn.size == self._size else drawn.resize(self._size, Image.Resampling.LANCZOS)

    @abc.abstractmethod
    def drawn(self) -> Image.Image:
        """Return it drawn at about the size of this image, and not smaller but for rounding."""
