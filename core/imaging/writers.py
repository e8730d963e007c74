"""Writes the formats beyond the common ones, and the smaller kinds of JPEG and PNG."""

from __future__ import annotations

import io
from typing import Any, Final

from PIL import Image

from core.formats import HEIC, JXL
from core.imaging.libvips import libvips
from core.imaging.metadata import Attached
from core.imaging.readers import use_library
from core.recipe import Output

_ICON_SIDES: Final = (16, 24, 32, 48, 64, 128)
PDF_DOTS: Final = 150.0
"""Pixels in an inch of a PDF where the source says nothing."""

_X265_PRESETS: Final = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium")
_THOROUGH_WEBP: Final = 3  # of libwebp's methods, 0 to 6: from here on all give one look at one quality
_QUICK_WEBP_LACKS: Final = 1.5
_EXIF_OFFSET: Final = bytes(4)  # of the TIFF header in the box (ISO/IEC 18181-2)
_BITS: Final = {2: 1, 4: 2, 16: 4, 256: 8}
TIFF_NAMES: Final = {"none": None, "lzw": "tiff_lzw", "deflate": "tiff_adobe_deflate", "jpeg": "jpeg"}
"""Pillow's names of the compressions."""


def saved(image: Image.Image, format: str, **options: Any) -> bytes:  # noqa: A002 - Pillow's word
    """Return the bytes that Pillow writes, without anything that clings to the image; None is no option."""
    file = io.BytesIO()
    if type(image) is not Image.Image:
        image = image.copy()  # an opened file, from which Pillow would copy tags
    image.info = {}  # the same
    image.save(file, format, **{name: value for name, value in options.items() if value is not None})
    return file.getvalue()


def webp_options(output: Output, quality: float) -> dict[str, Any]:
    """Return how Pillow is to write a WebP, so that a quality means one look whatever the effort.

    libwebp's quick methods leave more behind of a picture at the same number than 4, its own default. One and
    a half more makes up for that, from 60 to 90 and from 512 to 1600 pixels: at 80 photos of 1600 pixels have
    40.71 dB and an SSIM of 0.9763 by method 2 with 13 % more bytes and in 45 ms, 40.62 and 0.9755 by method 4
    in 112; without the one and a half it were 40.48 and 0.9745 with 4 % more.
    """
    method = round((4 if output.effort is None else output.effort) * 0.6)
    if output.lossless:
        quality = 100 if output.quality is None else quality
    elif method < _THOROUGH_WEBP:
        quality = min(quality + _QUICK_WEBP_LACKS, 100)
    exact = output.lossless  # also the colours under full transparency
    return {"quality": quality, "lossless": output.lossless, "exact": exact, "method": method}


def with_prefix(exif: bytes | None) -> bytes | None:
    """Return EXIF as Pillow takes it."""
    return None if exif is None else b"Exif\0\0" + exif


def dense_jpeg(image: Image.Image, output: Output, quality: int) -> bytes | None:
    """Return a JPEG that MozJPEG has made small, without metadata; None where libvips or the mode is not.

    Of a photo of 1920 x 1080 pixels at quality 85 it makes 122 KB and 40.1 dB in 137 ms, where libjpeg with
    tables made for the image makes 146 KB and 40.1 dB in 9 ms.
    """
    bands = {"L": 1, "RGB": 3}.get(image.mode)
    modes = {None: "on", "4:2:0": "on", "4:4:4": "off"}
    vips = None if bands is None or output.subsampling not in modes else libvips()
    if vips is None:
        return None
    pixels = vips.Image.new_from_memory(image.tobytes(), image.width, image.height, bands, "uchar")
    content = pixels.copy(interpretation="b-w" if bands == 1 else "srgb").jpegsave_buffer(
        Q=quality,
        keep="none",
        subsample_mode=modes[output.subsampling],
        interlace=output.progressive,
        optimize_coding=True,
        trellis_quant=True,
        overshoot_deringing=True,
        optimize_scans=output.progressive,
        quant_table=3,
    )
    return bytes(content)


def with_segments_of(jpeg: bytes, other: bytes) -> bytes:
    """Return a JPEG with the metadata of another (ITU-T T.81, B.1.1.4: APPn and COM stand first)."""
    at = 2
    while other[at] == 0xFF and (0xE0 <= other[at + 1] <= 0xEF or other[at + 1] == 0xFE):
        at += 2 + int.from_bytes(other[at + 2 : at + 4], "big")
    return jpeg[:2] + other[2:at] + jpeg[2:]


def write_heic(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    """Write HEIC with x265 in one thread, so that its bytes do not depend on the machine."""
    use_library(HEIC)
    effort = 2 if output.effort is None else output.effort
    preset = _X265_PRESETS[min(effort // 2, len(_X265_PRESETS) - 1)]
    return saved(
        image,
        "HEIF",
        quality=int(quality),
        chroma=(output.subsampling or "4:2:0").replace(":", ""),
        enc_params={"x265:pools": "none", "x265:frame-threads": "1", "preset": preset},
        exif=with_prefix(attached.exif),
        xmp=attached.xmp,
        icc_profile=attached.icc,
    )


def write_jxl(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    """Write JPEG XL with libjxl in one thread; the library takes no colour profile, so colours are sRGB."""
    use_library(JXL)
    effort = 4 if output.effort is None else output.effort
    return saved(
        image,
        "JXL",
        quality=int(quality),
        lossless=output.lossless,
        effort=max(1, min(effort, 9)),
        num_threads=0,
        exif=None if attached.exif is None else _EXIF_OFFSET + attached.exif,
        xmp=attached.xmp,
    )


def write_gif(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    """Write a GIF of one frame; what is less than half opaque becomes transparent."""
    del attached, quality  # of which it has neither
    if image.mode == "P":
        return saved(image, "GIF")
    return gif_of([image], output, None)


def gif_of(frames: list[Image.Image], output: Output, timing: tuple[tuple[int, ...], int] | None) -> bytes:
    """Return a GIF with these frames, of one size, RGB or RGBA.

    timing: how long each is shown, in milliseconds, and how often all are, 0 for without an end.
    """
    colours = output.colours or 256
    vips = libvips()
    if vips is None:
        return _gif_of_pillow(frames, colours, timing)
    strip = Image.new("RGBA", (frames[0].width, frames[0].height * len(frames)))
    for number, frame in enumerate(frames):
        strip.paste(frame.convert("RGBA"), (0, number * frame.height))
    image = vips.Image.new_from_memory(strip.tobytes(), strip.width, strip.height, 4, "uchar")
    image = image.copy(interpretation="srgb")
    image.set_type(vips.GValue.gint_type, "page-height", frames[0].height)
    if timing is not None:
        image.set_type(vips.GValue.array_int_type, "delay", list(timing[0]))
        image.set_type(vips.GValue.gint_type, "loop", timing[1])
    content = image.gifsave_buffer(bitdepth=_BITS[colours], effort=7, keep="none")
    return bytes(content)


def _gif_of_pillow(
    frames: list[Image.Image], colours: int, timing: tuple[tuple[int, ...], int] | None
) -> bytes:
    """Do the same where libvips is missing, without dithering; the last colour is the transparent one."""
    clear = colours - 1 if any(one.mode == "RGBA" for one in frames) else None
    reduced = []
    for frame in frames:
        palette = frame.convert("RGB").quantize(colours if clear is None else max(1, clear))
        if clear is not None and frame.mode == "RGBA":
            palette.paste(clear, mask=frame.getchannel("A").point(lambda value: 255 * (value < 128)))
        reduced.append(palette)
    if timing is None:
        return saved(reduced[0], "GIF", transparency=clear)
    durations, plays = timing
    return saved(
        reduced[0],
        "GIF",
        transparency=clear,
        save_all=True,
        append_images=reduced[1:],
        duration=list(durations),
        loop=None if plays == 1 else max(0, plays - 1),  # a GIF counts the times after the first
        disposal=2,
    )


def write_ico(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    """Write an icon with the image and the usual smaller sides; at most 256 pixels a side."""
    del output, attached, quality
    sides = [(side, side) for side in _ICON_SIDES if side < min(image.size)]
    return saved(image.convert("RGBA"), "ICO", sizes=[image.size, *sides])


def write_pdf(image: Image.Image, output: Output, attached: Attached, quality: float) -> bytes:
    """Write a PDF of one page that the image fills, as a JPEG; black and white stays so."""
    del output
    across, down = attached.dpi if attached.dpi is not None else (PDF_DOTS, PDF_DOTS)
    # Without dates the same image gives the same bytes.
    return saved(image, "PDF", quality=int(quality), dpi=(across, down), creationDate="", modDate="")


def palette_png(image: Image.Image, colours: int, level: int) -> bytes:
    """Return a PNG whose pixels are of a palette of 2, 4, 16 or 256 colours made for the image."""
    bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}.get(image.mode)
    vips = None if bands is None else libvips()
    if vips is None or image.mode == "L":  # libvips makes levels of grey of it, and not a palette
        method = Image.Quantize.FASTOCTREE if "A" in image.mode else Image.Quantize.MEDIANCUT
        plain = image.convert("RGBA" if "A" in image.mode else "RGB")
        return saved(plain.quantize(colours, method), "PNG", compress_level=level)
    pixels = vips.Image.new_from_memory(image.tobytes(), image.width, image.height, bands, "uchar")
    kind = "b-w" if image.mode == "LA" else "srgb"
    content = pixels.copy(interpretation=kind).pngsave_buffer(
        palette=True, bitdepth=_BITS[colours], compression=level, effort=7, dither=1.0, keep="none"
    )
    return bytes(content)
