"""EXIF as bytes, edited where it lies: offsets inside maker notes stay right, and what is unknown stays.

A block is a TIFF header with directories of twelve-byte entries (Exif 2.32, section 4.5; TIFF 6.0,
section 2).
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

PREFIX: Final = b"Exif\0\0"

_MODEL: Final = 0x0110
_ORIENTATION: Final = 0x0112
_TAKEN: Final = 0x9003  # DateTimeOriginal
_EXIF_DIRECTORY: Final = 0x8769
_GPS_DIRECTORY: Final = 0x8825
_INTEROP_DIRECTORY: Final = 0xA005
_COLOUR_SPACE: Final = 0xA001
_WIDTH: Final = 0xA002
_HEIGHT: Final = 0xA003
_THUMBNAIL_OFFSET: Final = 0x0201
_THUMBNAIL_LENGTH: Final = 0x0202
_XMP: Final = 0x02BC
_IPTC: Final = 0x83BB
_PHOTOSHOP: Final = 0x8649
_MAKER_NOTE: Final = 0x927C  # in a form of the maker's own; some say in it the city, or the landmark
_PLACES: Final = (_GPS_DIRECTORY, _XMP, _IPTC, _PHOTOSHOP, _MAKER_NOTE)  # what may say where it was

_UNIT_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_MOST_ENTRIES: Final = 2_000
_LONGEST_TEXT: Final = 2_000  # bytes


class BrokenExif(Exception):
    """The block does not follow the format; it is told as a note, and never fails a job."""


@dataclass(frozen=True, slots=True)
class _Entry:
    at: int  # where the entry begins
    tag: int
    kind: int
    bytes: int  # of its value
    value_at: int  # where its value begins


class _Block:
    def __init__(self, raw: bytes) -> None:
        self.data = bytearray(raw.removeprefix(PREFIX))
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(self.data[:4]))
        if order is None:
            raise BrokenExif("no TIFF header")
        self.order = order
        self.main = self.number(4, 4)

    def number(self, at: int, length: int) -> int:
        if at < 0 or at + length > len(self.data):
            raise BrokenExif(f"offset {at} is outside")
        return int(struct.unpack_from(self.order + {2: "H", 4: "I"}[length], self.data, at)[0])

    def put(self, at: int, length: int, value: int) -> None:
        struct.pack_into(self.order + {2: "H", 4: "I"}[length], self.data, at, value)

    def entries(self, directory: int) -> Iterator[_Entry]:
        count = self.number(directory, 2)
        if count > _MOST_ENTRIES or directory + 2 + count * 12 > len(self.data):
            raise BrokenExif(f"a directory of {count} entries")
        for at in range(directory + 2, directory + 2 + count * 12, 12):
            kind = self.number(at + 2, 2)
            length = _UNIT_BYTES.get(kind, 1) * self.number(at + 4, 4)
            value_at = at + 8 if length <= 4 else self.number(at + 8, 4)
            yield _Entry(at, self.number(at, 2), kind, length, value_at)

    def find(self, directory: int, tag: int) -> _Entry | None:
        return next((one for one in self.entries(directory) if one.tag == tag), None)

    def linked(self, directory: int, tag: int) -> int | None:
        """Return where the directory begins that an entry points to; None when there is no such entry."""
        entry = self.find(directory, tag)
        return None if entry is None else self.number(entry.at + 8, 4)

    def value(self, entry: _Entry) -> int | None:
        if entry.kind == 3 and entry.bytes >= 2:
            return self.number(entry.value_at, 2)
        if entry.kind == 4 and entry.bytes >= 4:
            return self.number(entry.value_at, 4)
        return None

    def text(self, directory: int, tag: int) -> str:
        """Return an entry's text to its first zero; "" when there is none, or it is something else."""
        entry = self.find(directory, tag)
        if entry is None or entry.kind != 2 or not 0 < entry.bytes <= _LONGEST_TEXT:
            return ""
        value = bytes(self.data[entry.value_at : entry.value_at + entry.bytes])
        return value.partition(b"\0")[0].decode("utf-8", "replace").strip()

    def set_value(self, entry: _Entry | None, value: int) -> None:
        if entry is not None and entry.kind in (3, 4):
            self.put(entry.at + 8, 2 if entry.kind == 3 else 4, value)

    def blank(self, start: int, length: int) -> None:
        end = min(start + length, len(self.data))
        if 8 <= start < end:
            self.data[start:end] = bytes(end - start)

    def blank_directory(self, directory: int) -> None:
        """Overwrite a directory and its values with zeros."""
        for entry in list(self.entries(directory)):
            self.blank(entry.value_at, entry.bytes)
        self.blank(directory, 2 + self.number(directory, 2) * 12 + 4)

    def remove(self, directory: int, tag: int) -> None:
        """Take an entry out of a directory, and overwrite its value."""
        entry = self.find(directory, tag)
        if entry is None:
            return
        count = self.number(directory, 2)
        if entry.bytes > 4:
            self.blank(entry.value_at, entry.bytes)
        end = directory + 2 + count * 12 + 4
        rest = bytes(self.data[entry.at + 12 : end])
        self.data[entry.at : end] = (rest + bytes(12))[: end - entry.at]
        self.put(directory, 2, count - 1)

    def extent(self, directory: int) -> int:
        """Return where the last byte ends that a directory and those below it use."""
        end = directory + 2 + self.number(directory, 2) * 12 + 4
        for entry in self.entries(directory):
            if entry.bytes > 4:
                end = max(end, entry.value_at + entry.bytes)
        return end


def texts_of(raw: bytes) -> tuple[str, str]:
    """Return the camera's model, and when the image was taken as EXIF writes it: "" for what is not told.

    Raises BrokenExif.
    """
    block = _Block(raw)
    below = block.linked(block.main, _EXIF_DIRECTORY)
    taken = "" if below is None else block.text(below, _TAKEN)
    return block.text(block.main, _MODEL), taken


def orientation_of(raw: bytes) -> int:
    """Return the orientation, 1 to 8; 1 when there is none or it makes no sense. Raises BrokenExif."""
    block = _Block(raw)
    entry = block.find(block.main, _ORIENTATION)
    value = None if entry is None else block.value(entry)
    return value if value is not None and 1 <= value <= 8 else 1


def rewritten(raw: bytes, size: tuple[int, int], *, location: bool, srgb: bool) -> bytes:
    """Return the block as it is to go with an output of `size` (width, height; pixels), without the prefix.

    The orientation becomes 1, the embedded thumbnail goes (it shows the image as it was), the size is set
    where one is noted; without `location` the GPS directory and the maker notes are erased, and with `srgb`
    the colour space is set where one is noted. Raises BrokenExif.
    """
    block = _Block(raw)
    _drop_thumbnail(block)
    block.set_value(block.find(block.main, _ORIENTATION), 1)
    exif = block.linked(block.main, _EXIF_DIRECTORY)
    if exif is not None:
        block.set_value(block.find(exif, _WIDTH), size[0])
        block.set_value(block.find(exif, _HEIGHT), size[1])
        if srgb:
            block.set_value(block.find(exif, _COLOUR_SPACE), 1)
    if not location:
        for directory in (block.main,) if exif is None else (exif, block.main):
            _drop_places(block, directory)
    return bytes(block.data)


def without_orientation(raw: bytes) -> bytes:
    """Return the block without the tag of the orientation; a broken block as it is.

    Pillow writes the EXIF of an AVIF anew where it has that tag, and loses what it does not know.
    """
    try:
        block = _Block(raw)
        block.remove(block.main, _ORIENTATION)
    except BrokenExif:
        return raw
    return bytes(block.data)


def with_entries(raw: bytes | None, entries: Mapping[int, tuple[int, bytes]]) -> bytes:
    """Return the block with these entries in its main directory, in the place of those of the same tags.

    Each entry is its kind (2 for text, 3 for a number of 16 bits, 5 for a fraction) and its value in little
    endian. Without a block a new one is made. The directory is written anew at the end, so that nothing else
    moves; what it had said before is overwritten. A block that is broken is replaced by a new one.
    """
    empty = b"II*\0" + struct.pack("<IHI", 8, 0, 0)
    try:
        block = _Block(raw if raw is not None else empty)
        kept = {one.tag: bytes(block.data[one.at : one.at + 12]) for one in block.entries(block.main)}
        for tag in entries:
            block.remove(block.main, tag)
        block.blank(block.main, 2 + block.number(block.main, 2) * 12)
    except BrokenExif:
        block, kept = _Block(empty), {}
    for tag, (kind, value) in entries.items():
        if block.order == ">" and kind != 2:
            unit = _UNIT_BYTES[kind] // 2 if kind == 5 else _UNIT_BYTES[kind]
            value = b"".join(value[at : at + unit][::-1] for at in range(0, len(value), unit))
        head = struct.pack(block.order + "HHI", tag, kind, len(value) // _UNIT_BYTES[kind])
        if len(value) > 4:
            block.data += bytes(len(block.data) & 1)
            kept[tag] = head + struct.pack(block.order + "I", len(block.data))
            block.data += value
        else:
            kept[tag] = head + value.ljust(4, b"\0")
    block.data += bytes(len(block.data) & 1)
    block.put(4, 4, len(block.data))
    block.data += struct.pack(block.order + "H", len(kept))
    block.data += b"".join(kept[tag] for tag in sorted(kept)) + bytes(4)
    return bytes(block.data)


def _drop_places(block: _Block, directory: int) -> None:
    """Erase every entry of a directory that may say a place: a hostile one can have several of a kind."""
    for tag in _PLACES:
        while block.find(directory, tag) is not None:
            gps = block.linked(directory, tag) if tag == _GPS_DIRECTORY else None
            if gps is not None:
                block.blank_directory(gps)
            block.remove(directory, tag)


def _drop_thumbnail(block: _Block) -> None:
    link = block.main + 2 + block.number(block.main, 2) * 12
    if link + 4 > len(block.data):
        return  # some writers leave the link out
    second = block.number(link, 4)
    block.put(link, 4, 0)
    if second == 0:
        return
    used = block.extent(block.main)
    for tag in (_EXIF_DIRECTORY, _GPS_DIRECTORY):
        below = block.linked(block.main, tag)
        if below is not None:
            used = max(used, block.extent(below))
            interop = block.linked(below, _INTEROP_DIRECTORY)
            used = max(used, block.extent(interop)) if interop is not None else used
    try:
        start = block.linked(second, _THUMBNAIL_OFFSET)
        length = block.find(second, _THUMBNAIL_LENGTH)
        first = min(second, start) if start is not None else second
        if first >= used:
            del block.data[used:]
            return
        if start is not None and length is not None:
            block.blank(start, block.value(length) or 0)
        block.blank_directory(second)
    except BrokenExif:
        return  # the link is gone, which is what matters


def added_to_tiff(tiff: bytes, raw: bytes, tags: Collection[int] = ()) -> bytes:
    """Return a TIFF file with the EXIF and GPS directories of a block appended to it.

    libtiff, by which Pillow compresses, writes no such directories, and Pillow writes texts as ASCII. The
    file's first directory is written anew at the end with links to them, with the texts as they are, and with
    those `tags` of the block's own first directory that the file has not. Raises BrokenExif; a BigTIFF counts
    as broken.
    """
    file, block = _Block(tiff), _Block(raw)
    added: dict[int, bytes] = {}
    for tag in (_EXIF_DIRECTORY, _GPS_DIRECTORY):
        directory = block.linked(block.main, tag)
        if directory is not None:
            file.data += bytes(len(file.data) & 1)
            added[tag] = struct.pack(file.order + "HHII", tag, 4, 1, len(file.data))
            file.data += _moved(block, directory, len(file.data), file.order)
    for one in block.entries(block.main):
        if one.tag in tags and one.tag not in added and one.value_at + one.bytes <= len(block.data):
            added[one.tag] = _entry(block, one, file)
    entries = {one.tag: bytes(file.data[one.at : one.at + 12]) for one in file.entries(file.main)}
    texts = [one for one in _foreign_texts(block) if one.tag in entries]
    if not added and not texts:
        return tiff
    link = file.main + 2 + 12 * file.number(file.main, 2)
    following = bytes(file.data[link : link + 4]).ljust(4, b"\0")  # where the next page's directory is
    entries = {**added, **entries} if tags else {**entries, **added}
    entries |= {one.tag: _entry(block, one, file) for one in texts}
    file.data += bytes(len(file.data) & 1)
    file.put(4, 4, len(file.data))
    file.data += struct.pack(file.order + "H", len(entries))
    file.data += b"".join(entries[tag] for tag in sorted(entries)) + following
    return bytes(file.data)


def _entry(block: _Block, one: _Entry, file: _Block) -> bytes:
    """Return an entry of a block as one of a file, to which its value is appended when it is long."""
    value = _turned(block, one, file.order)
    head = struct.pack(file.order + "HHI", one.tag, one.kind, one.bytes // _UNIT_BYTES.get(one.kind, 1))
    if len(value) <= 4:
        return head + value.ljust(4, b"\0")
    file.data += bytes(len(file.data) & 1)
    head += struct.pack(file.order + "I", len(file.data))
    file.data += value
    return head


def _turned(block: _Block, one: _Entry, order: str) -> bytes:
    """Return the value of an entry in this byte order."""
    value = bytes(block.data[one.value_at : one.value_at + one.bytes])
    if order == block.order:
        return value
    unit = {5: 4, 10: 4}.get(one.kind, _UNIT_BYTES.get(one.kind, 1))  # a fraction is two numbers
    return b"".join(value[at : at + unit][::-1] for at in range(0, len(value), unit))


def _foreign_texts(block: _Block) -> Iterator[_Entry]:
    """Yield the texts of the main directory that have letters beyond ASCII."""
    for one in block.entries(block.main):
        value = block.data[one.value_at : one.value_at + one.bytes]
        if one.kind == 2 and len(value) == one.bytes and not value.isascii():
            yield one


def _moved(block: _Block, directory: int, to: int, order: str) -> bytes:
    """Return a directory and its values as they are to lie at the offset `to`, in this byte order."""
    kept = [
        one
        for one in block.entries(directory)
        if one.tag != _INTEROP_DIRECTORY and one.value_at + one.bytes <= len(block.data)
    ]
    head, values = bytearray(struct.pack(order + "H", len(kept))), bytearray()
    values_at = to + 2 + 12 * len(kept) + 4
    for one in kept:
        value = _turned(block, one, order)
        head += struct.pack(order + "HHI", one.tag, one.kind, one.bytes // _UNIT_BYTES.get(one.kind, 1))
        if len(value) <= 4:
            head += value.ljust(4, b"\0")
        else:
            head += struct.pack(order + "I", values_at + len(values))
            values += value + bytes(len(value) & 1)
    return bytes(head + bytes(4) + values)


def set_upright(raw: bytes) -> bytes:
    """Return the block with orientation 1, for pixels that are upright already. Raises BrokenExif."""
    block = _Block(raw)
    block.set_value(block.find(block.main, _ORIENTATION), 1)
    return bytes(block.data)
