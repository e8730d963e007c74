"""Colours: brings an image into a mode that can be scaled, and its colours to sRGB."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Final

from PIL import Image, ImageCms, ImageColor

RELATIVE: Final = ImageCms.Intent.RELATIVE_COLORIMETRIC
"""Colours that both spaces have stay as they are; with black point compensation, as is usual for photos."""

_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION
_SIXTEEN: Final = ("I;16", "I;16L", "I;16B", "I;16N")
_TO_SCALABLE: Final = {
    "1": "L",
    "PA": "RGBA",
    "La": "LA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "HSV": "RGB",
}


def scalable(image: Image.Image, *, keep_deep: bool) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the image in a mode that can be scaled (L, LA, RGB, RGBA, CMYK or I;16), and notes.

    Palettes, bitmaps and transparent colours are expanded, floating point and 32-bit grey become 8 bits.
    16-bit grey stays when `keep_deep`, else it becomes 8 bits.
    """
    mode = image.mode
    if mode in _SIXTEEN:
        return (_as_sixteen(image), ()) if keep_deep else (to_eight(image), (REDUCED,))
    if mode in ("I", "F"):
        return _stretched(image)
    if mode == "LAB":
        return _from_lab(image), ()
    if "transparency" in image.info and mode in ("1", "L", "P", "RGB"):
        return image.convert("LA" if mode in ("1", "L") else "RGBA"), ()
    if mode == "P":
        return image.convert(image.palette.mode if image.palette else "RGB"), ()
    if mode in _TO_SCALABLE:
        return image.convert(_TO_SCALABLE[mode]), ()
    return image, ()


_SRGB_NAMES: Final = frozenset(
    {"srgb", "srgb built-in", "c2", "usrgb", "srgb iec61966-2.1", "srgb iec61966-2-1 black scaled"}
)
REDUCED: Final = "Its samples of more than 8 bits were reduced to 8."


def _as_sixteen(image: Image.Image) -> Image.Image:
    return image if image.mode == "I;16" else image.convert("I").convert("I;16")


def to_eight(image: Image.Image) -> Image.Image:
    """Return 16-bit grey as 8-bit grey by the high byte; Pillow's own conversion clips at 255."""
    raw = _as_sixteen(image).tobytes()
    return Image.frombytes("L", image.size, raw[1::2])


def _stretched(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Return 32-bit samples as 8 bits: by the range of 16 bits when they are in it, else by their own."""
    low, high = (float(one) for one in image.getextrema())  # type: ignore[arg-type]
    if image.mode == "I" and low >= 0 and high <= 65_535:
        low, high = 0.0, 255.0 if high <= 255 else 65_535.0
    elif image.mode == "F" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    if not high > low:  # one value everywhere, or not a number
        low, high = 0.0, max(high, 1.0)
    scale = 255 / (high - low)
    grey = image.convert("F").point(lambda value: value * scale + (0.5 - low * scale)).convert("L")
    return grey, ("Its 32-bit samples were brought to 8 bits.",)


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), _srgb()
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None
    return converted


def to_srgb(image: Image.Image, icc: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the image with its colours in sRGB, in a mode of L, LA, RGB or RGBA, and notes.

    icc: the profile that its colours are in; None for sRGB (or plain CMYK). A profile that is broken, or is
    for another kind of image, is left out with a note.
    """
    notes: tuple[str, ...] = ()
    if icc is not None:
        try:
            return _converted(image, icc), ()
        except _BROKEN:
            notes = (_LEFT_OUT,)
    return (image.convert("RGB") if image.mode == "CMYK" else image), notes


_BROKEN: Final = (ImageCms.PyCMSError, OSError, ValueError, TypeError, KeyError)
_LEFT_OUT: Final = "The colour profile is broken or of another kind, and was left out."


def to_profile(image: Image.Image, icc: bytes | None, goal: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the image with its colours in another profile, in the mode of `mode_of(goal)`, and notes.

    image: L, LA, RGB, RGBA or CMYK; its alpha is kept. icc: the profile that its colours are in; None for
    sRGB. A profile of the source that is broken is left out with a note.
    """
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    flat = image if alpha is None else image.convert(image.mode[:-1])
    notes: tuple[str, ...] = ()
    result = None
    if icc is not None and space_of(icc) != "sRGB":
        try:
            fitting = flat.convert("RGB") if space_of(icc) == "RGB " else flat
            result = ImageCms.applyTransform(fitting, _transform(icc, fitting.mode, goal))
        except _BROKEN:
            notes = (_LEFT_OUT,)
    if result is None:
        result = ImageCms.applyTransform(flat.convert("RGB"), _transform(None, "RGB", goal))
    assert result is not None
    if alpha is not None:
        result.putalpha(alpha)
    return result, notes


def from_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Return an RGB image whose colours are in sRGB with its colours in an RGB profile; None for sRGB."""
    if icc is None or space_of(icc) != "RGB ":
        return image
    return to_profile(image, None, icc)[0]


def mode_of(icc: bytes) -> str | None:
    """Return the mode of the images that a profile is for: RGB, CMYK or L; None for other profiles."""
    return {"sRGB": "RGB", "RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}.get(space_of(icc))


def _converted(image: Image.Image, icc: bytes) -> Image.Image:
    space = space_of(icc)
    if space == "sRGB":
        return image.convert("RGB") if image.mode == "CMYK" else image
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    flat = image if alpha is None else image.convert(image.mode[:-1])
    grey = flat.mode == "L"
    if space == "RGB " and grey:
        flat = flat.convert("RGB")
    transform = _transform(icc, flat.mode, None)
    result = ImageCms.applyTransform(flat, transform)
    assert result is not None
    if grey:
        result = result.convert("L")
    if alpha is not None:
        result.putalpha(alpha)
    return result


@lru_cache(maxsize=16)
def _transform(icc: bytes | None, mode: str, goal: bytes | None) -> ImageCms.ImageCmsTransform:
    """Return the transform from one profile to another; None for sRGB."""
    to = "RGB" if goal is None else mode_of(goal)
    assert to is not None
    return ImageCms.buildTransform(_profile(icc), _profile(goal), mode, to, RELATIVE, _FLAGS)


def _profile(icc: bytes | None) -> ImageCms.ImageCmsProfile:
    return _srgb() if icc is None else ImageCms.ImageCmsProfile(io.BytesIO(icc))


def is_srgb(icc: bytes) -> bool:
    """Return whether a profile is that of sRGB itself, so that there is nothing to convert."""
    return space_of(icc) == "sRGB"


@lru_cache(maxsize=16)
def space_of(icc: bytes) -> str:
    """Return the four letters of the profile's colour space, or "sRGB" for a profile of sRGB itself.

    It is empty for what is no profile.
    """
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
    except _BROKEN:
        return ""
    name = (profile.profile_description or "").lower()
    if name.strip() in _SRGB_NAMES and profile.xcolor_space == "RGB ":
        return "sRGB"
    return str(profile.xcolor_space)


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def laid_on(image: Image.Image, background: str, icc: bytes | None = None) -> Image.Image:
    """Return an image without transparency: L, RGB or CMYK; what shines through is the background colour.

    icc: the profile that its colours are in; None for sRGB.
    """
    if image.mode not in ("LA", "RGBA"):
        return image
    mode = "L" if image.mode == "LA" and _is_neutral(background) else "RGB"
    under = Image.new(mode, image.size, fill_of(mode, background, icc))
    under.paste(image.convert(under.mode), mask=image.getchannel("A"))
    return under


def with_alpha(image: Image.Image) -> Image.Image:
    """Return the image with an alpha channel: LA or RGBA."""
    return image.convert({"L": "LA", "RGB": "RGBA"}.get(image.mode, image.mode))


def taking(image: Image.Image, colour: str) -> Image.Image:
    """Return the image in a mode that can hold a colour: grey stays grey where the colour is grey too."""
    if image.mode not in ("L", "LA", "I;16") or _is_neutral(colour):
        return image
    flat = to_eight(image) if image.mode == "I;16" else image
    return flat.convert("RGBA" if flat.mode == "LA" else "RGB")


def _is_neutral(colour: str) -> bool:
    return len(set(ImageColor.getrgb(colour)[:3])) == 1


def fill_of(
    mode: str, background: str, icc: bytes | None = None, *, opaque: bool = False
) -> float | tuple[int, ...]:
    """Return the pixel to put where an image has none: with alpha nothing unless `opaque`, else the colour.

    icc: the profile that the image's colours are in; None for sRGB.
    """
    if mode in ("LA", "RGBA"):
        if not opaque:
            return (0,) * len(mode)
        solid = fill_of(mode[:-1], background, icc)
        return (*(solid if isinstance(solid, tuple) else (round(solid),)), 255)
    red, green, blue = ImageColor.getrgb(background)[:3]
    if mode == "RGB" and icc is not None:
        pixel = from_srgb(Image.new("RGB", (1, 1), (red, green, blue)), icc).getpixel((0, 0))
        assert isinstance(pixel, tuple)
        return pixel
    grey = round(0.299 * red + 0.587 * green + 0.114 * blue)
    if mode == "L":
        return grey
    if mode == "I;16":
        return grey * 257
    if mode == "CMYK":
        return 255 - red, 255 - green, 255 - blue, 0
    return red, green, blue
