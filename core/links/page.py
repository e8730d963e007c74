"""Finds the images that a page names."""

from __future__ import annotations

from contextlib import suppress
from html.parser import HTMLParser
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from core.formats import READABLE_SUFFIXES
from core.links.address import clean_link

_MOST: Final = 500
_PICTURES_IN_META: Final = frozenset({"og:image", "og:image:url", "og:image:secure_url", "twitter:image"})


def images_of_page(html: str, base: str = "") -> list[str]:
    """Return the links to images that a page names, in its order, each once, at most 500.

    Taken are the pictures that it shows (of several sizes the largest), the links to files that are named
    like images, and the picture that it gives to those who share it. `base` is the page's own link.
    """
    parser = _Finder(base)
    with suppress(AssertionError):  # as Python's parser answers "<![:": what it found before that counts
        parser.feed(html)
    return list(parser.found)[:_MOST]


class _Finder(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = base
        self.found: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element's attributes."""
        values = {name: value or "" for name, value in attrs}
        if tag == "base" and values.get("href"):
            self._base = urljoin(self._base, values["href"])
        elif tag in ("img", "source"):
            self._take(_largest_of(values.get("srcset", "")) or values.get("src", ""))
        elif tag == "a" and _named_like_image(values.get("href", "")):
            self._take(values["href"])
        elif tag == "meta" and (values.get("property") or values.get("name")) in _PICTURES_IN_META:
            self._take(values.get("content", ""))
        elif tag == "link" and values.get("rel") == "image_src":
            self._take(values.get("href", ""))

    def _take(self, address: str) -> None:
        if not address.strip():
            return
        try:
            link = clean_link(urljoin(self._base, quote(address.strip(), safe="%/:?#[]@!$&'()*+,;=~")))
        except ValueError:
            return
        if link is not None and not link.partition("?")[0].lower().endswith(".svg"):
            self.found[link] = None


def _largest_of(srcset: str) -> str:
    """Return the address of the largest picture of a set of sizes ("a.jpg 1x, b.jpg 2x"); "" for none."""
    best, best_size = "", -1.0
    for part in srcset.split(", "):
        address, _, size = part.strip().rstrip(",").rpartition(" ")
        if not address:
            address, size = size, "1x"
        try:
            number = float(size[:-1])
        except ValueError:
            number = 0.0
        if address and number > best_size:
            best, best_size = address, number
    return best


def _named_like_image(address: str) -> bool:
    try:
        name = urlsplit(address).path.rpartition("/")[2].lower()
    except ValueError:
        return False
    return any(name.endswith(suffix) for suffix in READABLE_SUFFIXES)
