"""Tells what is dragged or was copied: paths and links, or else pictures that have neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from core.intake.foreign import Loose, number_of_pictures_in, pictures_in, sources_of_moz, virtual_files
from core.intake.formats import named_like_image
from core.intake.text import sources_of_text
from core.links.address import clean_link, is_link, link_name
from core.links.page import images_of_page

Picture = Loose | QImage

_LONGEST_HTML: Final = (
    200_000  # characters of what was dragged out of a page that are looked through for links
)
_LONGEST_PICTURE: Final = 2**26  # characters of it that are looked through for pictures within it
_ENCODED: Final = QUrl.ComponentFormattingOption.FullyEncoded
_MOZILLA: Final = ("application/x-moz-file", "text/x-moz-url", "text/x-moz-url-data")
_COPIED_FILES: Final = ("x-special/gnome-copied-files", "x-special/mate-copied-files")
# What holds a picture as bytes, the ones that lose nothing first: a program that was not asked for the file
# itself encodes the picture anew, in each format that it offers.
_KINDS: Final = ("png", "tiff", "webp", "avif", "heic", "gif", "svg+xml", "jpeg", "jpg", "bmp", "x-bmp")
_WINDOWS: Final = 'application/x-qt-windows-mime;value="{0}"'


def sources_of_mime(mime: QMimeData) -> list[str]:
    """Return the paths and links that are dragged or were copied; nothing on any disk is looked at.

    A browser gives a picture within a page as its page's link and as HTML: the picture's own link is wanted,
    unless what is given is a link to an image already.
    """
    urls = mime.urls() if mime.hasUrls() else []
    found = [url.toLocalFile() if url.isLocalFile() else clean_link(url.url(_ENCODED)) for url in urls]
    sources = [one for one in found if one]
    for name in _MOZILLA:
        if not sources and mime.hasFormat(name):
            sources = sources_of_moz(_bytes_of(mime, name), titled=name == "text/x-moz-url")
    for name in _COPIED_FILES:
        if not sources and mime.hasFormat(name):
            sources = sources_of_text(_bytes_of(mime, name).decode("utf-8", "surrogateescape"))
    if all(is_link(one) and not named_like_image(link_name(one)) for one in sources) and mime.hasHtml():
        html = mime.html()
        sources = images_of_page(html[:_LONGEST_HTML]) or (
            [] if number_of_pictures_in(html[:4_096]) else sources
        )
    return sources or (sources_of_text(mime.text()) if mime.hasText() and not urls else [])


def pictures_promised(mime: QMimeData) -> int:
    """Return how many pictures are given that have no path and no link, without taking in their content."""
    if virtual := _virtual_files(mime):
        return len(virtual)
    if mime.hasImage() or any(mime.hasFormat(f"image/{kind}") for kind in _KINDS):
        return 1
    return next(
        (found for text in _texts_of(mime) if (found := number_of_pictures_in(text[:_LONGEST_HTML]))), 0
    )


def pictures_of_mime(mime: QMimeData) -> list[Picture]:
    """Return the pictures that have no path and no link: virtual files, those in a page itself, a bitmap.

    What the other program offers as a file is kept as its bytes. A file that it would write by itself into a
    place of our choice (XdndDirectSave0) cannot be asked for through Qt: such a drag is not taken.
    """
    if virtual := _virtual_files(mime):
        contents = _WINDOWS.format("FileContents")
        return [Loose(name, _bytes_of(mime, f"{contents};index={number}")) for number, name in virtual]
    if found := _in_page(mime):
        return list(found)
    for kind in _KINDS:
        if mime.hasFormat(f"image/{kind}"):
            picture = Loose("", _bytes_of(mime, f"image/{kind}"), kind)
            if not picture.problem():
                return [picture]
    image = mime.imageData() if mime.hasImage() else None
    return [image] if isinstance(image, QImage) else []


def _virtual_files(mime: QMimeData) -> list[tuple[int, str]]:
    for name, wide in (("FileGroupDescriptorW", True), ("FileGroupDescriptor", False)):
        if mime.hasFormat(_WINDOWS.format(name)):
            return virtual_files(_bytes_of(mime, _WINDOWS.format(name)), wide=wide)
    return []


def _in_page(mime: QMimeData) -> list[Loose]:
    texts = (text[:_LONGEST_PICTURE] for text in _texts_of(mime))
    return next((found for text in texts if (found := pictures_in(text))), [])


def _texts_of(mime: QMimeData) -> Iterator[str]:
    """Yield what pictures may be written into."""
    if mime.hasUrls():
        yield "\n".join(url.url(_ENCODED) for url in mime.urls() if url.scheme() == "data")
    if mime.hasHtml():
        yield mime.html()
    if mime.hasText():
        yield mime.text()


def _bytes_of(mime: QMimeData, name: str) -> bytes:
    return bytes(mime.data(name).data())
