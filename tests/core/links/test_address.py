"""Links are told from what only looks like one, and names from outside are made safe."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.links.address import clean_link, link_name, named_by_server, safe_name, shown_link
from core.links.page import images_of_page


@pytest.mark.parametrize(
    ("text", "link"),
    [
        (" HTTP://Host/a.jpg#top ", "http://Host/a.jpg"),
        ("https://user:secret@host:8080/a?b=c", "https://user:secret@host:8080/a?b=c"),
        ("https://bücher.example/ä.jpg", "https://bücher.example/ä.jpg"),
        ("http://", None),
        ("http:///a.jpg", None),
        ("http://host:port/", None),
        ("http://host/a b", None),
        ("http://host/a\nb", None),
        ("http://[::1/a", None),
        ("file:///a.jpg", None),
        ("http://host/" + "a" * 5_000, None),
    ],
)
def test_a_link_is_http_or_https_with_a_host(text: str, link: str | None) -> None:
    assert clean_link(text) == link


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("https://h/a/b%20c.jpg?d=/e.png", "b c.jpg"),
        ("https://h/a/", "a"),
        ("https://h/", "image"),
        ("https://h/..%2f..%2fetc%2fpasswd", "passwd"),
        ("https://h/%00.%2e", "image"),
    ],
)
def test_a_link_stands_for_the_last_part_of_its_path(link: str, name: str) -> None:
    assert link_name(link) == name


@given(st.text())
def test_g15_a_safe_name_is_one_name_in_a_folder(given_name: str) -> None:
    name = safe_name(given_name)
    assert not set(name) & set('/\\\0<>:"|?*')
    assert len(name.encode()) <= 150
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("CON", "_CON"),
        ("com1.jpg", "_com1.jpg"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("ä" * 200 + ".jpeg", "ä" * 72 + ".jpeg"),
    ],
)
def test_names_that_deceive_or_that_a_system_refuses_are_changed(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_a_servers_own_name_is_joined_with_the_links() -> None:
    assert named_by_server("sunset.jpg", "https://h/photos/123") == "sunset-123.jpg"
    assert named_by_server("123.jpg", "https://h/photos/123.php") == "123.jpg"


def test_a_link_is_shown_without_its_password() -> None:
    assert shown_link("https://me:secret@host/a.jpg?token=5") == "https://host/a.jpg"
    assert len(shown_link("https://host/" + "a" * 1_000)) < 120


PAGE = """
<base href="https://cdn.example/x/"><img src="a.jpg"><IMG SRC='/b.png' alt=">">
<img srcset="s.jpg 480w, l.jpg 1200w, m.jpg 800w" src="s.jpg"><img src="data:image/png;base64,AA">
<a href="c.jpeg">c</a><a href="page.html">no</a><a href="d.TIFF?x">d</a><a href="mailto:me@example.com">
<meta property="og:image" content="https://other.example/e.jpg"><img src="a.jpg"><img src="logo.svg"><img>
<picture><source srcset="f.webp"><img src="http://[bad"></picture><script>"<img src='no.jpg'>"</script>
"""


def test_a_page_names_its_images_once_each() -> None:
    links = images_of_page(PAGE, "https://example.org/gallery/")
    assert [link.removeprefix("https://cdn.example") for link in links] == [
        *("/x/a.jpg", "/b.png", "/x/l.jpg", "/x/c.jpeg", "/x/d.TIFF?x"),
        *("https://other.example/e.jpg", "/x/f.webp"),
    ]


def test_a_page_with_very_many_images_is_cut() -> None:
    assert len(images_of_page("".join(f"<img src='http://h/{n}.jpg'>" for n in range(900)))) == 500


@example("<![:")
@given(st.text("<>!-&;#='\" /aimgsrchtp:x[]%?@\n"))
def test_g15_no_page_makes_it_fail(html: str) -> None:
    images_of_page("<img src=" + html, "https://h/")
