"""How near an output is to what it should be: a full decode, scaled by Lanczos, before any encoding."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyvips
from PIL import Image

_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2  # of SSIM: Wang et al. 2004, section III.B
_SIGMA = 1.5  # pixels of its window


@dataclass(frozen=True)
class Likeness:
    """Mean likeness of several outputs to their references."""

    psnr: float  # dB, over the three colours
    ssim: float  # of the luma, at most 1

    def __str__(self) -> str:
        return f"{self.psnr:.2f} dB {self.ssim:.4f}"


def likeness(pairs: Iterable[tuple[Path, Path]]) -> Likeness:
    """Compare pairs of source and output."""
    found = [_one(source, output) for source, output in pairs]
    return Likeness(*(sum(values) / len(found) for values in zip(*found, strict=True)))


def _one(source: Path, output: Path) -> tuple[float, float]:
    with Image.open(output) as opened:
        made = _as_vips(opened.convert("RGB"))
    wanted = _as_vips(_reference(source, (made.width, made.height)))
    error = ((made - wanted) ** 2).avg()
    return (10 * math.log10(255**2 / error) if error else 99.0), _ssim(_luma(made), _luma(wanted))


@lru_cache(maxsize=64)
def _reference(source: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(source) as image:
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _as_vips(image: Image.Image) -> Any:
    return pyvips.Image.new_from_memory(image.tobytes(), image.width, image.height, 3, "uchar").cast("float")


def _luma(image: Any) -> Any:
    return image[0] * 0.299 + image[1] * 0.587 + image[2] * 0.114


def _ssim(one: Any, other: Any) -> float:
    def mean(image: Any) -> Any:
        return image.gaussblur(_SIGMA, precision="float")

    m1, m2 = mean(one), mean(other)
    v1, v2 = mean(one * one) - m1 * m1, mean(other * other) - m2 * m2
    both = mean(one * other) - m1 * m2
    similar = ((m1 * m2 * 2 + _C1) * (both * 2 + _C2)) / ((m1 * m1 + m2 * m2 + _C1) * (v1 + v2 + _C2))
    return float(similar.avg())
