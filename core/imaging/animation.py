"""Takes an animation apart into whole frames, and writes frames as an animation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from PIL import Image

from core.errors import CannotEncode, ImageQueueError, TooLarge
from core.formats import AVIF, GIF, PNG, WEBP, Format
from core.imaging.colour import scalable
from core.imaging.decode import Source, check_work, decoded, max_pixels, shown
from core.imaging.encode import DEFAULT_QUALITY, check_sides, fitting, png_with
from core.imaging.exif import without_orientation
from core.imaging.metadata import Attached
from core.imaging.quality import lowered_whole
from core.imaging.upright import set_upright
from core.imaging.writers import gif_of, saved, webp_options, with_prefix
from core.recipe import Output

_Frames: TypeAlias = list[Image.Image]
REDUCED_TO_FIRST: Final = "The animation was reduced to its first frame."


@dataclass(frozen=True, slots=True)
class Timing:
    """How an animation runs."""

    durations: tuple[int, ...]  # of each frame, in milliseconds
    plays: int  # how often all of it is shown; 0 for without an end


def moves(source: Source, chosen: Format, output: Output) -> bool:
    """Return whether an output is an animation: its source is one, and its format holds one."""
    return source.frames > 1 and chosen.keeps("animation") and output.animate


def check_frames(source: Source, size: tuple[int, int], output: Output) -> None:
    """Raise TooLarge when the frames of an output, of this size in pixels, take too much memory or time.

    Together they may have half as many pixels as one image: they are all there at once, and again as a file.
    """
    pixels, limit = source.frames * size[0] * size[1], max_pixels() // 2
    if pixels > limit:
        raise TooLarge(
            f"The output {output.name} of {shown(source.path)} would have {source.frames} frames of "
            f"{size[0]} × {size[1]} pixels, {pixels / 1e6:,.0f} megapixels; the limit is {limit / 1e6:,.0f}."
        )
    check_work(shown(source.path), source.frames, "frames", source.stored)


def each_frame(source: Source) -> Iterator[tuple[Image.Image, int]]:
    """Give each frame as it is to be seen, upright and whole, L, LA, RGB or RGBA, and its milliseconds.

    Raises DamagedImage for what cannot be decoded to its end.
    """
    header = source.header
    first = 1 if header.info.get("default_image") else 0  # a PNG may hold a still image for old programs
    for number in range(first, first + source.frames):

        def frame(number: int = number) -> Image.Image:
            _seek(source, number)
            header.load()
            whole = scalable(header.copy(), keep_deep=False)[0]
            # A GIF's frame may reach over the edge, and then Pillow makes the image larger: browsers cut it.
            return whole if whole.size == source.stored else whole.crop((0, 0, *source.stored))

        image = decoded(frame, source.path)
        yield set_upright(image, source.carried.orientation), round(float(header.info.get("duration", 0)))


def _seek(source: Source, number: int) -> None:
    """Go to a frame, which may claim a size of its own: Pillow's check has to be on when it takes memory."""
    Image.MAX_IMAGE_PIXELS = max(1, max_pixels() // 2)  # it raises at twice of it
    try:
        source.header.seek(number)
    except Image.DecompressionBombError as error:
        limit = f"the limit is {max_pixels() / 1e6:,.0f}"
        raise TooLarge(f"{shown(source.path)} has a frame of too many megapixels; {limit}.") from error
    finally:
        Image.MAX_IMAGE_PIXELS = None


def plays_of(source: Source) -> int:
    """Return how often an animation is shown, 0 for without an end.

    A GIF says how often it is shown after the first time, and nothing for once (Netscape's extension, as
    browsers and giflib take it); WebP and APNG say how often in all.
    """
    loop = source.header.info.get("loop")
    if source.format is GIF:
        return 1 if loop is None else 0 if loop == 0 else int(loop) + 1
    return int(loop or 0)


def encode_frames(
    frames: Sequence[Image.Image], timing: Timing, chosen: Format, output: Output, attached: Attached
) -> tuple[bytes, tuple[str, ...]]:
    """Return the bytes of an animation, and notes.

    frames: of one size, without palettes. With `max_bytes` the quality goes down. Raises CannotEncode.
    """
    check_sides(frames[0], chosen)
    attached, notes = fitting(attached, chosen)
    if chosen is PNG and output.colours is not None:
        notes = (*notes, "An animated PNG keeps all its colours.")
    if chosen is AVIF and timing.plays:
        notes = (*notes, "The animation goes on without an end: Pillow cannot say anything else in an AVIF.")
    mode = "RGBA" if any("A" in one.mode for one in frames) else "RGB"
    images = [one if one.mode == mode else one.convert(mode) for one in frames]

    def tried(quality: float) -> bytes:
        try:
            return _WRITERS[chosen](images, timing, output, attached, int(quality))
        except (ImageQueueError, MemoryError):
            raise
        except Exception as error:  # encoders raise what they like when an image is beyond them
            raise CannotEncode(f"The animation cannot be written as {chosen.spoken}: {error}.") from error

    quality = output.quality if output.quality is not None else DEFAULT_QUALITY.get(chosen.name, 0)
    if output.max_bytes is None or "max_bytes" not in chosen.options:
        return tried(quality), notes
    content, note = lowered_whole(tried, quality, output.max_bytes)
    return content, notes + note


def _gif(frames: _Frames, timing: Timing, output: Output, attached: Attached, quality: int) -> bytes:
    del attached, quality  # of which it has neither
    return gif_of(frames, output, (timing.durations, timing.plays))


def _webp(frames: _Frames, timing: Timing, output: Output, attached: Attached, quality: int) -> bytes:
    return saved(
        frames[0],
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=list(timing.durations),
        loop=timing.plays,
        **webp_options(output, quality),
        exif=with_prefix(attached.exif),
        xmp=attached.xmp,
        icc_profile=attached.icc,
    )


def _png(frames: _Frames, timing: Timing, output: Output, attached: Attached, quality: int) -> bytes:
    """Write whole frames that replace each other (PNG specification, third edition, 11.3.6)."""
    del quality
    content = saved(
        frames[0],
        "PNG",
        save_all=True,
        append_images=frames[1:],
        duration=list(timing.durations),
        loop=timing.plays,
        disposal=0,
        blend=0,
        compress_level=output.png_level,
    )
    return png_with(content, attached)


def _avif(frames: _Frames, timing: Timing, output: Output, attached: Attached, quality: int) -> bytes:
    return saved(
        frames[0],
        "AVIF",
        save_all=True,
        append_images=frames[1:],
        duration=list(timing.durations),
        quality=quality,
        speed=10 - (3 if output.effort is None else output.effort),
        subsampling=output.subsampling or "4:2:0",
        max_threads=1,
        exif=None if attached.exif is None else with_prefix(without_orientation(attached.exif)),
        xmp=attached.xmp,
        icc_profile=attached.icc,
    )


_Writer = Callable[[_Frames, Timing, Output, Attached, int], bytes]
_WRITERS: Final[dict[Format, _Writer]] = {GIF: _gif, WEBP: _webp, PNG: _png, AVIF: _avif}
