"""What other programs drag and copy is understood: paths, links, and pictures that have neither."""

from __future__ import annotations

import base64
import struct

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from core.intake.foreign import Loose
from gui.mime import pictures_of_mime, pictures_promised, sources_of_mime

PNG = b"\x89PNG\r\n\x1a\n" + bytes(30)
JPEG = b"\xff\xd8\xff\xe0" + bytes(30)
IN_PAGE = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def urls(*addresses: str, html: str = "") -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl(address) for address in addresses])
    if html:
        mime.setHtml(html)
    return mime


PICTURE = '<meta charset="utf-8"><a href="https://h/page"><img src="https://h/a%20b.jpg?w=9&amp;h=8"></a>'


@pytest.mark.parametrize(
    ("mime", "sources"),
    [
        (urls("https://h/a b.jpg#top", "file:///b.jpg"), ["https://h/a%20b.jpg", "/b.jpg"]),
        (urls("https://h/page", html=PICTURE), ["https://h/a%20b.jpg?w=9&h=8"]),
        (urls("https://h/full.jpg", html='<img src="https://h/thumb.jpg">'), ["https://h/full.jpg"]),
        (urls("https://h/page", html="<b>words</b>"), ["https://h/page"]),
        (urls("blob:https://h/1", html='<img src="data:image/png;base64,AA">'), []),
        (urls("ftp://h/a.jpg", "javascript:alert(1)"), []),
    ],
)
def test_links_are_taken_and_of_a_page_the_picture_that_was_dragged(
    mime: QMimeData, sources: list[str]
) -> None:
    assert sources_of_mime(mime) == sources


def test_html_alone_gives_its_pictures() -> None:
    mime = QMimeData()
    mime.setHtml(PICTURE)
    assert sources_of_mime(mime) == ["https://h/a%20b.jpg?w=9&h=8"]


def test_a_text_with_paths_and_links_can_be_pasted() -> None:
    mime = QMimeData()
    mime.setText("/photos/a.jpg\nfile:///photos/b%20c.jpg\nno path\nhttp://h/d.jpg\n")
    assert sources_of_mime(mime) == ["/photos/a.jpg", "/photos/b c.jpg", "http://h/d.jpg"]


def formats(**contents: bytes) -> QMimeData:
    mime = QMimeData()
    for name, content in contents.items():
        mime.setData(NAMES[name], content)
    return mime


NAMES = {
    "moz_file": "application/x-moz-file",
    "moz_url": "text/x-moz-url",
    "gnome": "x-special/gnome-copied-files",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "wide": 'application/x-qt-windows-mime;value="FileGroupDescriptorW"',
    "narrow": 'application/x-qt-windows-mime;value="FileGroupDescriptor"',
    "first": 'application/x-qt-windows-mime;value="FileContents";index=0',
    "third": 'application/x-qt-windows-mime;value="FileContents";index=2',
    "direct_save": "XdndDirectSave0",
}


@pytest.mark.parametrize(
    ("mime", "sources"),
    [
        (formats(moz_file="file:///photos/a%20b.jpg".encode("utf-16")), ["/photos/a b.jpg"]),
        (formats(moz_file=b"/photos/a.jpg"), ["/photos/a.jpg"]),
        (formats(moz_url="https://h/a.jpg\n/r/pics".encode("utf-16-le")), ["https://h/a.jpg"]),
        (
            formats(moz_url=b"https://h/a.jpg\nA\nhttps://h/b.jpg\nB"),
            ["https://h/a.jpg", "https://h/b.jpg"],
        ),
        (formats(moz_url=b"\xff\xfe\xff"), []),
        (formats(moz_url=b""), []),
        (
            formats(gnome=b"cut\nfile:///photos/a.jpg\nfile:///photos/b.jpg"),
            ["/photos/a.jpg", "/photos/b.jpg"],
        ),
    ],
)
def test_what_browsers_and_file_managers_call_their_own_is_read(mime: QMimeData, sources: list[str]) -> None:
    assert sources_of_mime(mime) == sources


def descriptor(*files: tuple[str, bool], wide: bool = True, count: int | None = None) -> bytes:
    """A FILEGROUPDESCRIPTOR of these names, each with whether it is a folder."""
    content = struct.pack("<I", len(files) if count is None else count)
    for name, is_folder in files:
        encoded = name.encode("utf-16-le" if wide else "cp1252")
        content += struct.pack("<I32xI32x", 4, 16 if is_folder else 32)
        content += encoded.ljust(520 if wide else 260, b"\0")
    return content


@pytest.mark.parametrize("wide", [True, False])
def test_virtual_files_come_with_their_names_and_folders_are_left_out(wide: bool) -> None:
    listed = descriptor(("a ä.png", False), ("folder", True), (r"..\..\folder\evil.jpg", False), wide=wide)
    mime = formats(**{"wide" if wide else "narrow": listed}, first=PNG, third=JPEG)
    assert sources_of_mime(mime) == []
    assert pictures_promised(mime) == 2
    assert pictures_of_mime(mime) == [Loose("a ä.png", PNG), Loose("evil.jpg", JPEG)]


def test_a_virtual_file_that_its_program_does_not_give_or_that_is_no_image_is_said() -> None:
    mime = formats(wide=descriptor(("a.png", False), ("b", True), ("c.doc", False)), third=b"words")
    gone, other = pictures_of_mime(mime)
    assert isinstance(gone, Loose)
    assert isinstance(other, Loose)
    assert gone.problem() == "a.png is empty: the program that it comes from did not give it."
    assert other.problem() == "c.doc is not an image that can be read."


@pytest.mark.parametrize(
    "listed", [b"", b"\1", descriptor(count=2**32 - 1), descriptor(("a.png", False), count=9)[:400]]
)
def test_g15_a_list_of_virtual_files_that_lies_gives_what_it_holds(listed: bytes) -> None:
    assert pictures_promised(formats(wide=listed)) == 0
    assert pictures_of_mime(formats(wide=listed)) == []


def test_a_picture_in_the_page_itself_is_taken_and_not_the_page() -> None:
    html = f'<a href="https://h/page"><img src="{IN_PAGE}"></a>'
    for mime in (urls("https://h/page", html=html), urls(IN_PAGE)):
        assert sources_of_mime(mime) == []
        assert pictures_promised(mime) == 1
        assert pictures_of_mime(mime) == [Loose("", PNG, "png")]
    text = QMimeData()
    text.setText(IN_PAGE)
    assert pictures_of_mime(text) == [Loose("", PNG, "png")]


def test_bytes_of_a_picture_stay_as_they_are_and_what_loses_nothing_goes_first() -> None:
    assert pictures_of_mime(formats(jpeg=JPEG, png=PNG)) == [Loose("", PNG, "png")]
    assert pictures_of_mime(formats(jpeg=JPEG)) == [Loose("", JPEG, "jpeg")]
    assert pictures_of_mime(formats(jpeg=JPEG, png=b"no picture")) == [Loose("", JPEG, "jpeg")]


def test_a_bitmap_is_taken_when_there_is_no_more() -> None:
    mime = QMimeData()
    mime.setImageData(QImage(8, 6, QImage.Format.Format_RGB32))
    assert pictures_promised(mime) == 1
    (image,) = pictures_of_mime(mime)
    assert isinstance(image, QImage)


@pytest.mark.parametrize(
    "mime",
    [formats(direct_save=b"photo.jpg"), formats(png=b""), urls("data:image/png;base64,!"), QMimeData()],
)
def test_what_cannot_be_asked_for_gives_nothing(mime: QMimeData) -> None:
    assert sources_of_mime(mime) == []
    assert [one for one in pictures_of_mime(mime) if not isinstance(one, Loose) or not one.problem()] == []
