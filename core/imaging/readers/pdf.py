"""Draws the pages of a PDF with pypdfium2 (PDFium, without scripts)."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Final

import pypdfium2
from PIL import Image

from core.imaging.readers.lazy import DrawnImage

DOTS: Final = 150
"""Pixels in an inch at which a page is drawn when no size is asked for: text of 10 points can be read."""

_POINTS: Final = 72  # in an inch (ISO 32000-1, section 8.3.2.3)


class PdfImage(DrawnImage):
    """A page, RGB on white, at its own size or the one that `draft` asked for."""

    format = "PDF"

    def __init__(self, document: pypdfium2.PdfDocument, file: BinaryIO) -> None:
        self._document = document
        self._turn_to(0)
        self.n_frames = len(document)
        super().__init__(file, self._own_size(), "RGB", {})

    def _turn_to(self, number: int) -> None:
        self._page = self._document[number]
        self._points = self._page.get_size()

    def _own_size(self) -> tuple[int, int]:
        wide, high = (max(1, round(one * DOTS / _POINTS)) for one in self._points)
        return wide, high

    def seek(self, frame: int) -> None:
        """Turn to a page, from 0, at its own size. Raises EOFError after the last."""
        if frame >= self.n_frames:
            raise EOFError
        self._turn_to(frame)
        self._size = self._own_size()
        self._im = None

    def drawn(self) -> Image.Image:
        """Draw it."""
        scale = max(self._size[0] / self._points[0], self._size[1] / self._points[1])
        page = self._page.render(scale=scale, rev_byteorder=True, fill_color=(255, 255, 255, 255))
        image: Image.Image = page.to_pil()
        return image.convert("RGB")

    def close(self) -> None:
        """Close the document too."""
        self._document.close()
        super().close()


def open_image(file: BinaryIO, check: Callable[[int, int], None]) -> Image.Image:
    """Return the first page, not drawn yet. PDFium fetches nothing that a document may refer to."""
    del check  # nothing takes memory before it is drawn
    try:
        return PdfImage(pypdfium2.PdfDocument(file.read()), file)
    except pypdfium2.PdfiumError as error:
        raise SyntaxError(f"the PDF cannot be read: {error}") from error
