"""Files of the formats that Pillow does not write by itself, made from a picture."""

from __future__ import annotations

import io
import struct

from PIL import Image

from core.formats import FORMATS
from tests.core.imaging.pictures import encoded

_PILLOW = {one.name: one.pillow for one in FORMATS}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8}


def heic(picture: Image.Image, **options: object) -> bytes:
    import pillow_heif

    pillow_heif.register_heif_opener()
    return encoded(picture, "HEIF", **options)


def jxl(picture: Image.Image, **options: object) -> bytes:
    import pillow_jxl

    assert pillow_jxl
    return encoded(picture, "JXL", **options)


def svg(width: int, height: int, body: str = "") -> bytes:
    """Red, green above blue, yellow: `quarters` as a drawing."""
    w, h = width / 2, height / 2
    parts = "".join(
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" fill="{colour}"/>'
        for x, y, colour in (
            (0, 0, "#dc1e1e"),
            (w, 0, "#1eb41e"),
            (0, h, "#1e1edc"),
            (w, h, "#dcdc1e"),
        )
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
    return f"{head}{parts}{body}</svg>".encode()


def psd(picture: Image.Image, *, depth: int = 8, large: bool = False, packed: bool = False) -> bytes:
    """The flattened image of a PSD, or of a large one, without layers (Adobe Photoshop file format)."""
    planes = [one.tobytes() for one in picture.split()]
    kind = {"L": 1, "RGB": 3, "RGBA": 3, "CMYK": 4}[picture.mode]
    if picture.mode == "CMYK":
        planes = [bytes(255 - value for value in one) for one in planes]
    if depth == 16:
        planes = [bytes(byte for value in one for byte in (value, 77)) for one in planes]
    row = picture.width * depth // 8
    body = b"".join(planes)
    if packed:
        rows = [body[at : at + row] for at in range(0, len(body), row)]
        lines = [b"".join(bytes([len(part) - 1]) + part for part in _parts(one)) for one in rows]
        counts = b"".join(len(one).to_bytes(4 if large else 2, "big") for one in lines)
        body = counts + b"".join(lines)
    sizes = len(planes), picture.height, picture.width, depth, kind
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if large else 1, *sizes)
    return head + bytes(16 if large else 12) + bytes([0, int(packed)]) + body


def _parts(row: bytes) -> list[bytes]:
    return [row[at : at + 128] for at in range(0, len(row), 128)]


def directory(entries: list[tuple[int, int, tuple[object, ...] | bytes]], at: int) -> bytes:
    """A TIFF directory that lies at an offset, with its values behind it, little-endian."""
    head, values = struct.pack("<H", len(entries)), b""
    behind = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        if isinstance(value, bytes):
            raw, count = value, len(value)
        else:
            letter = {1: "B", 3: "H", 4: "I", 5: "I", 10: "i"}[kind]
            raw = struct.pack(f"<{len(value)}{letter}", *value)
            count = len(raw) // _SIZES[kind]
        head += struct.pack("<HHI", tag, kind, count)
        if len(raw) <= 4:
            head += raw.ljust(4, b"\0")
        else:
            head += struct.pack("<I", behind + len(values))
            values += raw + bytes(len(raw) & 1)
    return head + bytes(4) + values


def dng(
    picture: Image.Image, preview: bytes | None, preview_size: tuple[int, int], orientation: int = 1
) -> bytes:
    """A camera RAW: a Bayer pattern of 16 bits, with a JPEG of its own as the preview (DNG 1.4)."""
    width, height = picture.size
    red, green, blue = (one.tobytes() for one in picture.convert("RGB").split())
    values = bytearray()
    for y in range(height):
        for x in range(width):
            plane = ((red, green), (green, blue))[y & 1][x & 1]
            linear = (plane[y * width + x] / 255) ** 2.2
            values += struct.pack("<H", round(linear * 60_000))
    one = (1, 1)
    unit = tuple(number for row in range(3) for column in range(3) for number in (int(row == column), 1))
    raw_at = 8
    jpeg = preview or b""
    jpeg_at = raw_at + len(values)
    sub_at = jpeg_at + len(jpeg) + (len(jpeg) & 1)
    cfa: list[tuple[int, int, tuple[object, ...] | bytes]] = [
        (254, 4, (0,)),
        (256, 4, (width,)),
        (257, 4, (height,)),
        (258, 3, (16,)),
        (259, 3, (1,)),
        (262, 3, (32803,)),
        (273, 4, (raw_at,)),
        (277, 3, (1,)),
        (278, 4, (height,)),
        (279, 4, (len(values),)),
        (33421, 3, (2, 2)),
        (33422, 1, (0, 1, 1, 2)),
        (50714, 3, (0,)),
        (50717, 4, (60_000,)),
    ]
    sub = directory(cfa, sub_at)
    main_at = sub_at + len(sub) + (len(sub) & 1)
    main: list[tuple[int, int, tuple[object, ...] | bytes]] = [
        (254, 4, (1,)),
        (256, 4, (preview_size[0],)),
        (257, 4, (preview_size[1],)),
        (258, 3, (8, 8, 8)),
        (259, 3, (7,)),
        (262, 3, (6,)),
        (271, 2, b"Maker\0"),
        (272, 2, b"Model\0"),
        (273, 4, (jpeg_at,)),
        (274, 3, (orientation,)),
        (277, 3, (3,)),
        (278, 4, (preview_size[1],)),
        (279, 4, (len(jpeg),)),
        (330, 4, (sub_at,)),
        (50706, 1, (1, 4, 0, 0)),
        (50708, 2, b"Maker Model\0"),
        (50721, 10, unit),
        (50728, 5, one * 3),
        (50778, 3, (21,)),
    ]
    if preview is None:
        main = [(tag, kind, value) for tag, kind, value in main if tag not in (273, 279)]
    content = struct.pack("<2sHI", b"II", 42, main_at) + bytes(values) + jpeg
    content = content.ljust(sub_at, b"\0") + sub
    return content.ljust(main_at, b"\0") + directory(main, main_at)


def icon_with(content: bytes) -> bytes:
    """An icon whose directory says 16 x 16, whatever the picture in it is."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(content), 22) + content


def tiled_bigtiff(picture: Image.Image) -> bytes:
    import pyvips

    vips = pyvips.Image.new_from_memory(picture.tobytes(), picture.width, picture.height, 3, "uchar")
    made: bytes = vips.copy(interpretation="srgb").tiffsave_buffer(
        tile=True, tile_width=64, tile_height=64, bigtiff=True, compression="deflate"
    )
    return made


def pdf(*pages: Image.Image) -> bytes:
    file = io.BytesIO()
    pages[0].save(file, "PDF", resolution=72, save_all=True, append_images=pages[1:])
    return file.getvalue()


def sample(name: str, picture: Image.Image) -> bytes:
    """A file of the format of this name with the picture; an SVG has the size alone, and `quarters`."""
    match name:
        case "heic":
            return heic(picture, quality=95)
        case "jxl":
            return jxl(picture, quality=95)
        case "svg":
            return svg(*picture.size)
        case "pdf":
            return pdf(picture)
        case "psd":
            return psd(picture)
        case "raw":
            return dng(picture, encoded(picture, "JPEG", quality=95), picture.size)
        case "ico":
            return encoded(picture, "ICO", sizes=[picture.size])
        case _:
            return encoded(picture, _PILLOW[name])
