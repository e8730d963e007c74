"""How much smaller a JPEG is decoded where the recipe is fast."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from core.imaging import decode
from core.imaging.decode import open_source
from core.imaging.shrinking import shrink_for

FULL = (4000, 3000)
AT_90 = {0: [736] + [0] * 63}
PLAIN, FINE = 450_000, 1_500_000  # bytes: 0.3 and 1 bit for each pixel


def test_it_is_never_decoded_smaller_than_needed() -> None:
    for size in ((4000, 3000), (2001, 1500), (2000, 1501), (3999, 10)):
        assert shrink_for(size, FULL, PLAIN, AT_90) == 1
    assert shrink_for((1, 1), (3, 1), 100, AT_90) == 1


@pytest.mark.parametrize(("edge", "shrink"), [(256, 8), (353, 8), (500, 4), (707, 4), (1000, 2), (1415, 2)])
def test_where_the_load_is_twice_what_is_needed_the_largest_shrink_is_taken(edge: int, shrink: int) -> None:
    assert shrink_for((edge, edge * 3 // 4), FULL, FINE, AT_90) == shrink


@pytest.mark.parametrize(("edge", "shrink"), [(355, 4), (499, 4), (708, 2), (999, 2)])
def test_an_image_far_below_its_size_is_loaded_larger_than_needed_whatever_it_shows(
    edge: int, shrink: int
) -> None:
    for file_bytes in (PLAIN, FINE):
        assert shrink_for((edge, edge * 3 // 4), FULL, file_bytes, AT_90) == shrink


def test_about_half_the_size_a_plain_image_is_decoded_at_half_and_one_of_fine_detail_in_full() -> None:
    assert shrink_for((1920, 1440), FULL, PLAIN, AT_90) == 2
    assert shrink_for((1920, 1440), FULL, FINE, AT_90) == 1
    assert shrink_for((1600, 1200), FULL, FINE, AT_90) == 2  # of which the output shows less


def test_more_bytes_for_a_higher_quality_are_no_finer_detail(tmp_path: Path) -> None:
    grain = Image.effect_noise((800, 600), 30).filter(ImageFilter.GaussianBlur(1.2)).convert("RGB")
    for deviation, shrink in ((0.0, 1), (4.0, 2)):
        picture = grain.filter(ImageFilter.GaussianBlur(deviation))
        for quality in (80, 90, 95, 98):
            path = tmp_path / f"{deviation}-{quality}.jpg"
            picture.save(path, quality=quality)
            with open_source(str(path)) as source:
                assert decode._shrink(source, (380, 285)) == shrink, (deviation, quality)


def test_a_file_without_a_table_for_luma_is_decoded_as_a_plain_one() -> None:
    assert shrink_for((1920, 1440), FULL, FINE, {}) == 2
