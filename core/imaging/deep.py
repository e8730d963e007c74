"""Makes outputs with colours of 16 bits, for which Pillow has no mode.

libvips reads and writes them; between the two each channel is an image of 16-bit grey, and goes through the
same steps. With transparency the colours are multiplied by it on the way, so that what cannot be seen has no
weight.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any, Final

from PIL import Image, ImageColor

from core.formats import PNG, TIFF, Format
from core.imaging.colour import is_srgb
from core.imaging.credits import credited, policy_of
from core.imaging.decode import Source, open_again
from core.imaging.encode import check_sides, fitting, png_with, tiff_with
from core.imaging.libvips import libvips
from core.imaging.metadata import attached_to
from core.imaging.plan import Cut, Plan, Scale, Size, Spin, Turn, needed_size
from core.imaging.profiles import goal_of
from core.imaging.transform import perform
from core.imaging.upright import set_upright
from core.recipe import Colour, Output, Recipe

_TOP: Final = 65_535
_LOADERS: Final = {"PNG": "pngload_source", "TIFF": "tiffload_source", "AVIF": "heifload_source"}
_ORIENTATION: Final = 0x0112
_MILLIMETRES: Final = 25.4  # in an inch
_COMPRESSIONS: Final = {"none": "none", "lzw": "lzw", "deflate": "deflate"}


def goes_deep(source: Source, chosen: Format, output: Output, planned: Plan, recipe: Recipe) -> bool:
    """Return whether an output keeps the 16 bits of its source's colours."""
    return (
        source.deep
        and source.frames == 1
        and (source.header.format in _LOADERS or source.header.format == "HEIF")
        and not (source.header.format == "AVIF" and source.carried.orientation != 1)  # libheif turns it
        and chosen in (PNG, TIFF)
        and output.colours is None
        and output.tiff_compression != "jpeg"
        and all(isinstance(step, Scale | Cut | Turn | Spin) for step in planned.steps)
        and isinstance(goal_of(output.operations, recipe), Colour)
        and libvips() is not None
    )


def encode_deep(
    source: Source, planned: Plan, chosen: Format, output: Output, recipe: Recipe
) -> tuple[bytes, Size, tuple[str, ...]] | None:
    """Return the bytes of the file, the size of its image in pixels, and notes; None when libvips cannot.

    Then the image can still be made with 8 bits. Raises CannotEncode for too long a side.
    """
    vips = libvips()
    assert vips is not None
    try:
        channels = _channels(source, planned, vips)
        backgrounds = _backgrounds(len(channels), recipe.background)
        made = [
            perform(one, planned.steps, source.size, background=background, fast=recipe.fast)
            for one, background in zip(channels, backgrounds, strict=True)
        ]
        check_sides(made[0], chosen)
        return _written(made, source, chosen, output, recipe, vips)
    except (vips.Error, OSError):
        return None


def _channels(source: Source, planned: Plan, vips: ModuleType) -> list[Image.Image]:
    """Return the channels of the upright image, at the size that the plan needs."""
    needed = needed_size([planned], source.size)
    if needed is not None and source.turned:
        needed = needed[1], needed[0]
    file = open_again(source)
    try:
        image = _opened(source, file, vips)
        if image.format != "ushort" or image.hasalpha() != source.has_alpha:
            raise vips.Error("another kind of pixels than Pillow found")
        if image.hasalpha():
            image = _whole_numbers(image.premultiply(max_alpha=_TOP))
        if needed is not None:
            across, down = needed[0] / image.width, needed[1] / image.height
            image = _whole_numbers(image.resize(across, vscale=down, kernel="lanczos3"))
        image = image.copy_memory()
        size = image.width, image.height
        return [
            set_upright(
                Image.frombytes("I;16", size, image.extract_band(band).write_to_memory()),
                source.carried.orientation,
            )
            for band in range(image.bands)
        ]
    finally:
        os.close(file)


def _opened(source: Source, file: int, vips: ModuleType) -> Any:
    """Return the image with all the bits that it has, brought to 16."""
    kind = str(source.header.format)
    if kind == "HEIF":  # the libvips of its wheel has no decoder for it
        import pillow_heif

        with os.fdopen(os.dup(file), "rb") as opened:
            heif = pillow_heif.open_heif(opened, convert_hdr_to_8bit=False)
        bands = {"RGB;16": 3, "RGBA;16": 4}.get(heif.mode)
        width, height = heif.size
        if bands is None or heif.stride != width * bands * 2:
            raise vips.Error("another kind of pixels")
        image = vips.Image.new_from_memory(bytes(heif.data), width, height, bands, "ushort")
        return image.copy(interpretation="rgb16")
    loader = getattr(vips.Image, _LOADERS[kind])
    # Pillow sets a TIFF upright by itself; to turn one, all of it has to be there.
    turned = kind == "TIFF" and source.header.getexif().get(_ORIENTATION, 1) != 1
    access = "random" if turned else "sequential"
    image = loader(vips.Source.new_from_descriptor(file), fail_on="truncated", access=access)
    return image.autorot() if turned else image


def _whole_numbers(image: Any) -> Any:
    return image if image.format == "ushort" else image.rint().cast("ushort")


def _backgrounds(channels: int, background: str) -> list[str]:
    """Return what shows in the corners of a turned image, for each channel: nothing where there is alpha."""
    if channels in (2, 4):
        return ["#000000"] * channels
    return [f"#{value:02x}{value:02x}{value:02x}" for value in ImageColor.getrgb(background)[:3]]


def _written(
    channels: list[Image.Image],
    source: Source,
    chosen: Format,
    output: Output,
    recipe: Recipe,
    vips: ModuleType,
) -> tuple[bytes, Size, tuple[str, ...]]:
    size = channels[0].size
    if len(channels) == 2 and chosen is TIFF:
        channels = [channels[0]] * 3 + channels[1:]  # Pillow reads no grey of 16 bits with alpha in a TIFF
    bands = [vips.Image.new_from_memory(one.tobytes(), *size, 1, "ushort") for one in channels]
    kind = "grey16" if len(bands) < 3 else "rgb16"
    image = bands[0].bandjoin(bands[1:]).copy(interpretation=kind)
    if len(bands) in (2, 4):
        image = _whole_numbers(image.unpremultiply(max_alpha=_TOP)).copy(interpretation=kind)
    icc = source.carried.icc
    converted = icc is not None and goal_of(output.operations, recipe) is not Colour.KEEP
    if icc is not None and converted:
        if not is_srgb(icc):
            image = image.copy()
            image.set_type(vips.GValue.blob_type, "icc-profile-data", icc)
            image = image.icc_transform(
                "srgb", embedded=True, intent="relative", black_point_compensation=True, depth=16
            ).copy()
            image.remove("icc-profile-data")
        icc = None
    policy = policy_of(output.operations, recipe)
    attached, told = attached_to(source.carried, policy, size, icc=icc, srgb=converted)
    attached, notes = credited(attached, output.operations, chosen)
    attached, more = fitting(attached, chosen)
    notes = told + notes
    if chosen is PNG:
        level = output.png_level
        content = image.pngsave_buffer(
            compression=level, filter="all" if level else "none", bitdepth=16, keep="none"
        )
        return png_with(bytes(content), attached), size, notes + more
    compression = _COMPRESSIONS[output.tiff_compression or "deflate"]
    if attached.icc is not None:
        image.set_type(vips.GValue.blob_type, "icc-profile-data", attached.icc)
    across, down = attached.dpi if attached.dpi is not None else (72.0, 72.0)
    image = image.copy(xres=across / _MILLIMETRES, yres=down / _MILLIMETRES)
    content = image.tiffsave_buffer(compression=compression, keep="icc", resunit="inch")
    return tiff_with(bytes(content), attached), size, notes + more
