"""Recipes that a queue has kept since the first release are read as what they were."""

from __future__ import annotations

from core.operations import Crop, Flip, Resize, Rotate, Thumbnail
from core.recipe import Colour, Existing, Metadata, Output, Recipe

# As the first release wrote it into a store.
KEPT = (
    '{"background":"#102030","colour":"keep","description":"An umlaut: \\u00fc","existing":"number",'
    '"fast":false,"folder":"/somewhere","keep_times":true,"metadata":"no-location","name":"Everything",'
    '"outputs":[{"lossless":false,"name":"a","operations":[{"do":"crop","left":0,"ratio":"16:9","top":0},'
    '{"do":"thumbnail","enlarge":false,"fill":true,"height":50,"width":100},{"angle":12.5,"do":"rotate"},'
    '{"direction":"vertical","do":"flip"}],"optimize":false,"progressive":false,'
    '"template":"{stem}-{output}"},{"format":"jpeg","lossless":false,"max_bytes":50000,"name":"b",'
    '"operations":[{"do":"resize","enlarge":false,"exact":false,"percent":50}],"optimize":false,'
    '"progressive":false,"quality":70,"template":"{index}-{output}"},{"effort":9,"format":"webp",'
    '"lossless":true,"name":"c","operations":[{"do":"crop","height":40,"left":1,"top":2,"width":30},'
    '{"do":"resize","enlarge":true,"exact":false,"width":10}],"optimize":false,"progressive":false,'
    '"template":"{stem}-{output}"},{"format":"tiff","lossless":false,"name":"d","operations":[],'
    '"optimize":false,"progressive":false,"template":"{stem}-{output}","tiff_compression":"lzw"}],'
    '"version":1}'
)


def test_a_kept_recipe_is_read_as_what_it_was() -> None:
    assert Recipe.from_json(KEPT) == Recipe(
        "Everything",
        (
            Output("a", (Crop(ratio="16:9"), Thumbnail(100, 50, fill=True), Rotate(12.5), Flip("vertical"))),
            Output("b", (Resize(percent=50),), "jpeg", "{index}-{output}", quality=70, max_bytes=50_000),
            Output("c", (Crop(1, 2, 30, 40), Resize(10, enlarge=True)), "webp", lossless=True, effort=9),
            Output("d", (), "tiff", tiff_compression="lzw"),
        ),
        description="An umlaut: ü",
        folder="/somewhere",
        existing=Existing.NUMBER,
        metadata=Metadata.NO_LOCATION,
        colour=Colour.KEEP,
        background="#102030",
        keep_times=True,
        fast=False,
    )


def test_a_kept_recipe_keeps_its_text_and_its_hash_so_that_the_store_knows_it_again() -> None:
    recipe = Recipe.from_json(KEPT)
    assert recipe.to_json() == KEPT
    assert recipe.id_hash == "3cedf5b3944caea76aa4f4f874d2e9a7"
