"""Photos to measure with: twelve megapixels each, real ones where Debian's wallpapers can be had."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFilter
from platformdirs import user_cache_path

SIZE = (4000, 3000)  # pixels
PACKAGE = "plasma-workspace-wallpapers"  # of Debian
DISTINCT = 12  # photos; more are copies under other names


@dataclass(frozen=True)
class Photos:
    """JPEG files of `SIZE`, and in words what they are."""

    paths: tuple[Path, ...]
    described: str


def photos(folder: Path, count: int) -> Photos:
    """Put `count` photos into a folder, as links to the distinct ones."""
    real = _kept("real", _from_debian)
    distinct = real or _kept("generated", _generated)
    folder.mkdir(parents=True)
    paths = []
    for number in range(count):
        path = folder / f"photo-{number:03}.jpg"
        shutil.copyfile(distinct[number % len(distinct)], path)
        paths.append(path)
    what = (
        f"{len(distinct)} real photos ({PACKAGE})"
        if real
        else f"generated images ({PACKAGE} could not be had)"
    )
    return Photos(tuple(paths), f"{what}, scaled to {SIZE[0]} x {SIZE[1]}, JPEG 90")


def _kept(kind: str, make: Callable[[Path], None]) -> list[Path]:
    folder = user_cache_path("imagequeue-benchmarks") / kind
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / "complete").touch()
    return sorted(folder.glob("*.jpg"))


def _from_debian(folder: Path) -> None:
    """Fetch the package and unpack it, without installing; leave the folder empty where that fails."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return
    work = folder / "package"
    work.mkdir()
    # apt's own sandbox user cannot write into a home folder.
    fetch = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", PACKAGE]
    subprocess.run(fetch, cwd=work, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    for package in work.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package.name, "."], cwd=work, check=True)
    pictures = [
        path for path in work.rglob("*") if path.suffix in {".jpg", ".jpeg", ".png"} and not path.is_symlink()
    ]
    large = sorted(pictures, key=lambda path: path.stat().st_size, reverse=True)
    kept = 0
    for path in large:
        with Image.open(path) as image:
            if kept < DISTINCT and image.width * image.height >= 8_000_000 and image.width >= image.height:
                _save(image.convert("RGB"), folder / f"{kept:02}.jpg")
                kept += 1
    shutil.rmtree(work)


def _generated(folder: Path) -> None:
    """Clouds with grain: about as many bytes for each pixel as a photo has."""
    for number in range(DISTINCT):
        bands = []
        for _ in range(3):
            clouds = Image.effect_noise((SIZE[0] // 40, SIZE[1] // 40), 160).resize(
                SIZE, Image.Resampling.BICUBIC
            )
            grain = Image.effect_noise(SIZE, 24).filter(ImageFilter.GaussianBlur(0.8))
            bands.append(Image.blend(clouds, grain, 0.3))
        _save(Image.merge("RGB", bands), folder / f"{number:02}.jpg")


def _save(image: Image.Image, path: Path) -> None:
    """Scale and crop to `SIZE`."""
    scale = max(SIZE[0] / image.width, SIZE[1] / image.height)
    width, height = SIZE[0] / scale, SIZE[1] / scale
    left, top = (image.width - width) / 2, (image.height - height) / 2
    box = (left, top, left + width, top + height)
    image.resize(SIZE, Image.Resampling.LANCZOS, box=box).save(path, quality=90)


def plain_pillow(paths: tuple[Path, ...], folder: Path, edge: int) -> None:
    """Make copies of at most `edge` pixels the way most people write it: open, resize, save, one by one."""
    folder.mkdir(parents=True)
    for path in paths:
        with Image.open(path) as image:
            scale = edge / max(image.size)
            size = (round(image.width * scale), round(image.height * scale))
            image.resize(size, Image.Resampling.LANCZOS).save(folder / path.name)
