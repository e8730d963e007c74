"""The words of the recipe editor: titles, labels, units, hints and choices, all translated."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from core.formats import format_named
from core.recipe import Recipe
from core.recipe.draft import Kind, Part
from gui import words
from gui.recipes.specs import COLOUR, FLAG, WHOLE, shown_fields, spec_of, way_of, word_of


def _tr(text: str) -> str:
    return QCoreApplication.translate("recipes", text)


def title(kind: Kind) -> str:
    """Return what a kind of part is called."""
    word = word_of(kind)
    return {
        "recipe": _tr("All outputs"),
        "output": _tr("Output"),
        "thumbnail": _tr("Thumbnail"),
        "resize": _tr("Resize"),
        "crop": _tr("Crop"),
        "rotate": _tr("Rotate"),
        "flip": _tr("Flip"),
        "auto-orient": _tr("Set upright"),
        "watermark": _tr("Watermark"),
        "border": _tr("Border"),
        "sharpen": _tr("Sharpen"),
        "blur": _tr("Blur"),
        "grey": _tr("Grey"),
        "adjust": _tr("Adjust"),
        "flatten": _tr("Flatten"),
        "profile": _tr("Colour profile"),
        "metadata": _tr("Metadata"),
        "dpi": _tr("Print density"),
    }.get(word) or _plain(word)


def hint_of(kind: Kind) -> str:
    """Return one sentence on what a kind of part does."""
    return {
        "recipe": _tr("What holds for all files that this recipe makes."),
        "output": _tr("One file that is made of each image."),
        "thumbnail": _tr("Fits the image into a box, or fills the box and cuts off what stands out."),
        "resize": _tr("Scales the image. It gets larger only where you allow that."),
        "crop": _tr("Cuts out a part of the image."),
        "rotate": _tr("Turns the image clockwise."),
        "flip": _tr("Mirrors the image."),
        "auto-orient": _tr("Sets the image upright by its EXIF, which is always done first."),
        "watermark": _tr("Puts a text or an image onto the image."),
        "border": _tr("Puts an even border around the image, which grows by it."),
        "sharpen": _tr("Sharpens for the size of the output; best as the last step."),
        "blur": _tr("Blurs the whole image."),
        "grey": _tr("Takes the colours away."),
        "adjust": _tr("Changes brightness, contrast and saturation."),
        "flatten": _tr("Lays what is transparent on a colour."),
        "profile": _tr("Writes this output in other colours than the rest."),
        "metadata": _tr("Keeps or strips the metadata of this output, and names who made it."),
        "dpi": _tr("Notes the density for print. No pixel changes."),
    }.get(word_of(kind), "")


def label(kind: Kind, name: str) -> str:
    """Return what a field is called."""
    return known_labels().get(f"{word_of(kind)}.{name}") or _plain(name)


def known_labels() -> dict[str, str]:
    """Return the labels of all fields that this room knows, by "word.field"."""
    width, height, background = _tr("Width"), _tr("Height"), _tr("Background")
    enlarge, radius = _tr("Enlarge small images"), _tr("Radius")
    return {
        "recipe.name": _tr("Name"),
        "recipe.description": _tr("Description"),
        "recipe.folder": _tr("Folder"),
        "recipe.mirror": _tr("Keep subfolders"),
        "recipe.replace_original": _tr("Replace the original"),
        "recipe.existing": _tr("If a file is there"),
        "recipe.metadata": _tr("Metadata"),
        "recipe.colour": _tr("Colours"),
        "recipe.background": background,
        "recipe.keep_times": _tr("Keep the time of change"),
        "recipe.fast": _tr("Fast decoding of JPEG"),
        "recipe.skip_larger": _tr("Skip files that get larger"),
        "recipe.gather": _tr("Gather into one file"),
        "output.name": _tr("Name"),
        "output.format": _tr("Format"),
        "output.template": _tr("File name"),
        "output.quality": _tr("Quality"),
        "output.lossless": _tr("Without loss"),
        "output.progressive": _tr("Progressive"),
        "output.optimize": _tr("Smaller by MozJPEG"),
        "output.subsampling": _tr("Colour detail"),
        "output.colours": _tr("Palette"),
        "output.animate": _tr("Keep animations"),
        "output.compression": _tr("PNG compression"),
        "output.tiff_compression": _tr("TIFF compression"),
        "output.effort": _tr("Effort"),
        "output.max_bytes": _tr("At most"),
        "output.look": _tr("Looks the same"),
        "thumbnail.width": width,
        "thumbnail.height": height,
        "thumbnail.fill": _tr("Fill the box"),
        "thumbnail.enlarge": enlarge,
        "resize.width": width,
        "resize.height": height,
        "resize.percent": _tr("Scale"),
        "resize.exact": _tr("Stretch to exactly the box"),
        "resize.enlarge": enlarge,
        "resize.mode": _tr("How it fits"),
        "resize.megapixels": _tr("At most"),
        "resize.background": background,
        "crop.left": _tr("From the left"),
        "crop.top": _tr("From the top"),
        "crop.width": width,
        "crop.height": height,
        "crop.ratio": _tr("Width to height"),
        "crop.around": _tr("Around"),
        "crop.trim": _tr("Tolerance"),
        "rotate.angle": _tr("Angle"),
        "flip.direction": _tr("Direction"),
        "watermark.text": _tr("Text"),
        "watermark.image": _tr("Image"),
        "watermark.place": _tr("Place"),
        "watermark.size": _tr("Size"),
        "watermark.opacity": _tr("Opacity"),
        "watermark.margin": _tr("Margin"),
        "watermark.tiled": _tr("Repeat all over"),
        "watermark.colour": _tr("Colour"),
        "watermark.font": _tr("Font file"),
        "border.width": width,
        "border.percent": width,
        "border.colour": _tr("Colour"),
        "sharpen.amount": _tr("Amount"),
        "sharpen.radius": radius,
        "sharpen.threshold": _tr("Threshold"),
        "blur.radius": radius,
        "adjust.brightness": _tr("Brightness"),
        "adjust.contrast": _tr("Contrast"),
        "adjust.saturation": _tr("Saturation"),
        "flatten.background": background,
        "profile.to": _tr("Colours"),
        "profile.file": _tr("Profile file"),
        "metadata.policy": _tr("Metadata"),
        "metadata.copyright": _tr("Copyright"),
        "metadata.author": _tr("Author"),
        "dpi.value": _tr("Density"),
    }


def unit(kind: Kind, name: str) -> str:
    """Return the unit that stands behind a number; "" for one that has none."""
    pixels, percent = _tr("px"), _tr("%")
    return {
        "output.max_bytes": _tr("kB"),
        "output.quality": _tr("of 100"),
        "output.compression": _tr("of 9"),
        "output.effort": _tr("of 10"),
        "thumbnail.width": pixels,
        "thumbnail.height": pixels,
        "resize.width": pixels,
        "resize.height": pixels,
        "resize.percent": percent,
        "resize.megapixels": _tr("megapixels"),
        "crop.left": pixels,
        "crop.top": pixels,
        "crop.width": pixels,
        "crop.height": pixels,
        "crop.trim": _tr("levels of 255"),
        "rotate.angle": _tr("° clockwise"),
        "watermark.size": _tr("% of the image"),
        "watermark.opacity": percent,
        "watermark.margin": _tr("% of the shorter side"),
        "border.width": _tr("px on each side"),
        "border.percent": _tr("% of the shorter side"),
        "sharpen.amount": percent,
        "sharpen.radius": pixels,
        "sharpen.threshold": _tr("levels of 255"),
        "blur.radius": pixels,
        "adjust.brightness": percent,
        "adjust.contrast": percent,
        "adjust.saturation": percent,
        "dpi.value": _tr("pixels per inch"),
    }.get(f"{word_of(kind)}.{name}", "")


def empty(kind: Kind, name: str) -> str:
    """Return what holds while a field is empty, as a placeholder."""
    return {
        "output.quality": _tr("as usual"),
        "output.compression": "2",
        "output.effort": _tr("as usual"),
        "thumbnail.height": _tr("as wide"),
        "resize.width": _tr("in proportion"),
        "resize.height": _tr("in proportion"),
        "resize.background": _tr("as for all outputs"),
        "crop.ratio": "16:9",
        "flatten.background": _tr("as for all outputs"),
        "watermark.font": _tr("the app's own"),
        "recipe.description": _tr("one sentence"),
        "recipe.folder": _tr("choose a folder"),
    }.get(f"{word_of(kind)}.{name}", "")


def hint(kind: Kind, name: str) -> str:
    """Return a sentence on a field that its label does not say."""
    return {
        "recipe.fast": _tr("Lets the JPEG decoder shrink; off is a little better, and slower."),
        "recipe.background": _tr("Laid under transparency where the format has none."),
        "recipe.skip_larger": _tr("A file with more bytes than its source is not written."),
        "recipe.keep_times": _tr("The files get the time at which their source was last changed."),
        "recipe.mirror": _tr("In the folder, the same folders as below the folder that you add."),
        "recipe.gather": _tr("All images that are added together become the pages of one PDF or TIFF."),
        "output.effort": _tr("0 is the fastest, 10 the smallest."),
        "output.compression": _tr("0 is the fastest, 9 the smallest; the pixels are the same."),
        "output.optimize": _tr("A sixth smaller at the same quality, and slower."),
        "output.progressive": _tr("Shows coarse first while it is loaded."),
        "crop.around": _tr("The part that draws the eye is found by edges, skin and strong colours."),
        "crop.trim": _tr("How far the borders that are cut off may differ in colour."),
        "sharpen.threshold": _tr("Smaller differences stay as they are: noise is not to be sharpened."),
    }.get(f"{word_of(kind)}.{name}", "")


def choice(kind: Kind, name: str, value: object) -> str:
    """Return the words for one of the values of a field."""
    key = f"{word_of(kind)}.{name}"
    if key == "output.format":
        found = format_named(str(value)) if value is not None else None
        return found.spoken if found is not None else _tr("As the source")
    if value is None:
        return {
            "resize.mode": _tr("Inside the box"),
            "crop.around": _tr("The centre"),
            "metadata.policy": _tr("As for all outputs"),
            "output.colours": _tr("All colours"),
        }.get(key, _tr("As usual"))
    if key == "output.colours":
        return _tr("{n} colours").format(n=value)
    return _choices().get(f"{name}={value}") or _choices().get(str(value)) or str(value)


def _choices() -> dict[str, str]:
    return {
        "existing=keep": _tr("Keep it"),
        "existing=number": _tr("Number the new one"),
        "existing=replace": _tr("Replace it"),
        "existing=newer": _tr("Replace it if older"),
        "metadata=keep": _tr("Keep"),
        "metadata=strip": _tr("Strip"),
        "metadata=no-location": _tr("Keep, without the location"),
        "policy=keep": _tr("Keep"),
        "policy=strip": _tr("Strip"),
        "policy=no-location": _tr("Keep, without the location"),
        "colour=srgb": _tr("Convert to sRGB"),
        "colour=keep": _tr("Keep, with their profile"),
        "to=keep": _tr("As in the source"),
        "srgb": _tr("sRGB"),
        "display-p3": _tr("Display P3"),
        "fill": _tr("Fill the box, cut off the rest"),
        "cover": _tr("Cover the box, cut off nothing"),
        "pad": _tr("Inside the box, filled up with a colour"),
        "exact": _tr("Stretched to exactly the box"),
        "attention": _tr("The part that draws the eye"),
        "horizontal": _tr("Left and right"),
        "vertical": _tr("Top and bottom"),
        "none": _tr("None"),
        "lzw": "LZW",
        "deflate": "Deflate",
        "jpeg": "JPEG",
        "4:4:4": _tr("4:4:4, full"),
        "4:2:2": _tr("4:2:2, half across"),
        "4:2:0": _tr("4:2:0, half both ways"),
        "top-left": _tr("Top left"),
        "top": _tr("Top"),
        "top-right": _tr("Top right"),
        "left": _tr("Left"),
        "centre": _tr("Centre"),
        "right": _tr("Right"),
        "bottom-left": _tr("Bottom left"),
        "bottom": _tr("Bottom"),
        "bottom-right": _tr("Bottom right"),
    }


def way_label(kind: Kind) -> str:
    """Return what the choice between the ways of a part is called."""
    return {
        "recipe": _tr("Output folder"),
        "output": _tr("Quality by"),
        "watermark": _tr("Mark"),
        "profile": _tr("Profile"),
    }.get(word_of(kind), _tr("By"))


def way_text(kind: Kind, name: str) -> str:
    """Return the words for one of the ways of a part."""
    return {
        "recipe.beside": _tr("Beside the source"),
        "recipe.folder": _tr("In a folder"),
        "recipe.original": _tr("In the original's place, which goes to the trash"),
        "output.quality": _tr("A number"),
        "output.max_bytes": _tr("The size of the file"),
        "output.look": _tr("The eye: looks the same"),
        "output.lossless": _tr("Nothing lost"),
        "resize.box": _tr("Width and height"),
        "resize.percent": _tr("Per cent"),
        "resize.megapixels": _tr("Megapixels"),
        "crop.box": _tr("Width and height"),
        "crop.ratio": _tr("Proportions"),
        "crop.trim": _tr("The borders"),
        "watermark.text": _tr("A text"),
        "watermark.image": _tr("An image file"),
        "border.pixels": _tr("Pixels"),
        "border.percent": _tr("Per cent"),
        "profile.to": _tr("A known one"),
        "profile.file": _tr("A file"),
    }.get(f"{word_of(kind)}.{name}", _plain(name))


def summary(part: Part) -> str:
    """Return in a few words what a part says: "2,048 × 2,048 px"."""
    said, left_out = [], {"name", "description", "template"}
    width, height = part.values.get("width"), part.values.get("height")
    if isinstance(width, int) and isinstance(height, int):
        said.append(f"{words.number(width)} × {words.number(height)} {unit(part.kind, 'width')}")
        left_out |= {"width", "height"}
    for name in shown_fields(part):
        if name not in part.values or name in left_out:
            continue
        value, spec = part.values[name], spec_of(part.kind, name)
        if isinstance(value, bool) or spec.control == FLAG:
            said.append(words.inside(label(part.kind, name)) if value else "")
        elif isinstance(value, int | float):
            said.append(f"{words.figure(f'{value / spec.scale:,.10g}')} {unit(part.kind, name)}".strip())
        elif spec.choices:
            chosen = choice(part.kind, name, value)
            said.append(f"{label(part.kind, name)}: {chosen}" if part.kind is Recipe else chosen)
        else:
            said.append(str(value) if spec.control == COLOUR else f"“{_short(str(value))}”")
    way = way_of(part)
    if way is not None and way.sets and not way.shows:
        said.append(way_text(part.kind, way.name))
    return ", ".join(one for one in said if one)


def _short(text: str) -> str:
    line = " ".join(text.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].split())
    return line if len(line) <= 24 else line[:23] + "…"


def sentence(part: Part, name: str, said: str) -> str:
    """Return why a part cannot be as it is, for people; `said` is what core said of it, of the field `name`.

    name: "" when it is not one field alone.
    """
    spec = spec_of(part.kind, name) if name and name not in ("outputs", "operations") else None
    if spec is not None and spec.high > spec.low and name in part.values:
        text = _tr("A whole number from {low} to {high}") if spec.control == WHOLE else _tr("{low} to {high}")
        behind = "" if spec.high <= 100 and spec.control == WHOLE else unit(part.kind, name)  # "of 100"
        low, high = words.figure(f"{spec.low:,g}"), words.figure(f"{spec.high:,.10g}")
        return f"{text.format(low=low, high=high)} {behind}".strip() + "."
    if name == "outputs" and "switched on" in said:
        return _tr("Add an output, or switch one on.")
    if name == "name" and not str(part.value("name") or "").strip():
        return _tr("Give it a name.")
    if name == "name" and "differ" in said:
        return _tr("Another output has this name.")
    if name == "folder":
        return _tr("Choose a folder, or give its whole path.")
    if name in ("file", "image", "font"):
        return _tr("Choose a file, or give its whole path.")
    said = words.said(said)
    for field in sorted((*part.values, *shown_fields(part)), key=len, reverse=True):
        for prefix in (f"{word_of(part.kind)}s.", f"{word_of(part.kind)}."):
            said = said.replace(f"{prefix}{field}", f"“{label(part.kind, field)}”")
    return said


def template_fields() -> tuple[tuple[str, str], ...]:
    """Return what a name template may hold between braces, and what each stands for."""
    return (
        ("{stem}", _tr("the source's name")),
        ("{output}", _tr("the output's name")),
        ("{width}", _tr("width in pixels")),
        ("{height}", _tr("height in pixels")),
        ("{index:04}", _tr("a counter, as 0001")),
        ("{date}", _tr("when it was taken, as 2026-11-25")),
        ("{date:%Y/%m}", _tr("folders by year and month")),
        ("{time}", _tr("the time of day, as 10-31-05")),
        ("{camera}", _tr("the camera")),
        ("{ext}", _tr("the source's suffix")),
    )


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()
