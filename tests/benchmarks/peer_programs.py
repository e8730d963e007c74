"""The peers, each in its own best form for a batch, warm, and without the start of its processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from PIL import Image

from core.machine import processors

SUFFIXES: Final = {"jpeg": ".jpg", "webp": ".webp", "avif": ".avif", "png": ".png"}
# What one of several processes weighs where the system shares processors out by session: together as one.
_NICE: Final = {1: 0, 2: 3, 4: 6}
_LOWEST_FOR_ALL: Final = 13  # what four workers of the lowest priority weigh together

# ImageMagick would go to the disk for large batches; this gives it memory.
_POLICY: Final = """<policymap>
<policy domain="resource" name="memory" value="4GiB"/>
<policy domain="resource" name="map" value="4GiB"/>
<policy domain="resource" name="area" value="1GP"/>
<policy domain="resource" name="disk" value="8GiB"/>
<policy domain="resource" name="width" value="64KP"/>
<policy domain="resource" name="height" value="64KP"/>
</policymap>"""


@dataclass(frozen=True)
class Batch:
    """What to make of some sources."""

    sources: tuple[Path, ...]
    edges: tuple[int, ...]  # the longest side of each output in pixels, the largest first
    format: str
    quality: int | None
    # Of our recipe alone: its quality and effort, where they are not the peer's and the default.
    fast: bool = True
    our_quality: int | None = None
    effort: int | None = None

    @property
    def suffix(self) -> str:
        """Of the outputs, with the dot."""
        return SUFFIXES[self.format]

    def outputs(self, folder: Path, edge: int) -> list[Path]:
        """The files of this size that were made in a folder, one for each source."""
        paths = [folder / f"{source.stem}-{edge}{self.suffix}" for source in self.sources]
        return [
            path if path.exists() else folder / f"{path.stem.rpartition('-')[0]}{path.suffix}"
            for path in paths
        ]


class Peer(Protocol):
    """A program that can make a batch."""

    name: str

    def make(self, batch: Batch, out: Path) -> float:
        """Make the outputs in a folder that is there; seconds that it took."""

    def close(self) -> None:
        """End what was started."""


def level(processes: Sequence[int]) -> None:
    """Give these processes, each the head of a session, one priority, and together the weight of one session.

    Our workers have the lowest priority, which would slow them alone where other programs run as well.
    """
    lowest = os.geteuid() != 0
    nice = _NICE[len(processes)] + (_LOWEST_FOR_ALL if lowest else 0)
    for process in processes:
        for thread in Path(f"/proc/{process}/task").glob("*"):
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, int(thread.name), 19 if lowest else 0)
        with suppress(OSError):  # no such sharing here, or no right to it
            Path(f"/proc/{process}/autogroup").write_text(str(nice), encoding="ascii")


class Sharp:
    """sharp for Node, one process with its own threads, images in flight side by side."""

    name = "sharp"

    def __init__(self, folder: Path) -> None:
        if not (shutil.which("node") and shutil.which("npm")):
            raise LookupError("node and npm not found")
        folder.mkdir()
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "sharp"]
        if subprocess.run(install, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode:
            raise LookupError("npm could not install sharp")
        script = Path(__file__).with_name("peer_sharp.mjs")
        self._node = subprocess.Popen(
            ["node", str(script), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        level([self._node.pid])

    def make(self, batch: Batch, out: Path) -> float:
        options: dict[str, object] = {} if batch.quality is None else {"quality": batch.quality}
        if batch.format == "jpeg":
            options["optimiseCoding"] = False  # as ours, and quicker
        if batch.format == "avif":
            options["chromaSubsampling"] = "4:2:0"  # as ours, and quicker
        asked = {
            "sources": [str(source) for source in batch.sources],
            "out": str(out),
            "edges": batch.edges,
            "format": batch.format,
            "suffix": batch.suffix,
            "options": options,
        }
        assert self._node.stdin
        assert self._node.stdout
        print(json.dumps(asked), file=self._node.stdin, flush=True)
        return float(self._node.stdout.readline())

    def close(self) -> None:
        self._node.kill()
        self._node.wait()


class _Commands:
    """A program that takes a list of files: as many processes as there are cores, each with a part."""

    name: str

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        out = folder / "out"
        out.mkdir(parents=True)
        dots = tuple(folder / f"{number}.jpg" for number in range(processors()))
        for dot in dots:
            Image.new("RGB", (1, 1)).save(dot)
        self._env = {**os.environ, **env}
        self._starting = 0.0
        self._starting = sorted(self.make(Batch(dots, (1,), "jpeg", 85), out) for _ in range(5))[2]

    def command(self, batch: Batch, out: Path, sources: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def make(self, batch: Batch, out: Path) -> float:
        count = min(processors(), 4)
        parts = [[str(source) for source in batch.sources[first::count]] for first in range(count)]
        started = time.perf_counter()
        running = [
            subprocess.Popen(
                self.command(batch, out, part),
                env=self._env,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            for part in parts
            if part
        ]
        level([process.pid for process in running])
        ended = [process.wait() for process in running]
        assert not any(ended), self.name
        return time.perf_counter() - started - self._starting

    def close(self) -> None:
        pass


class VipsThumbnail(_Commands):
    """vipsthumbnail of libvips."""

    name = "vipsthumbnail"

    def __init__(self, folder: Path) -> None:
        if not shutil.which("vipsthumbnail"):
            raise LookupError("vipsthumbnail not found (libvips-tools)")
        super().__init__(folder, {"VIPS_CONCURRENCY": "1"})  # each has a core

    def command(self, batch: Batch, out: Path, sources: Sequence[str]) -> list[str]:
        (edge,) = batch.edges
        quality = "" if batch.quality is None else f"[Q={batch.quality}]"
        target = f"{out}/%s-{edge}{batch.suffix}{quality}"
        return ["vipsthumbnail", "--size", f"{edge}x{edge}>", "-o", target, *sources]


class ImageMagick(_Commands):
    """mogrify of ImageMagick, which is told to let the JPEG decoder shrink."""

    name = "ImageMagick"

    def __init__(self, folder: Path) -> None:
        if not shutil.which("mogrify"):
            raise LookupError("mogrify not found (imagemagick)")
        policy = folder.with_name("policy")
        policy.mkdir()
        (policy / "policy.xml").write_text(_POLICY, encoding="ascii")
        super().__init__(folder, {"MAGICK_CONFIGURE_PATH": str(policy), "MAGICK_THREAD_LIMIT": "1"})

    def command(self, batch: Batch, out: Path, sources: Sequence[str]) -> list[str]:
        (edge,) = batch.edges
        box = f"{edge}x{edge}"
        hint = ["-define", f"jpeg:size={2 * edge}x{2 * edge}"]
        quality = [] if batch.quality is None else ["-quality", str(batch.quality)]
        return [
            "mogrify",
            "-path",
            str(out),
            *hint,
            "-thumbnail",
            box,
            *quality,
            "-sampling-factor",
            "4:2:0",
            *sources,
        ]


PEERS: Final[dict[str, Callable[[Path], Peer]]] = {
    one.name: one for one in (Sharp, VipsThumbnail, ImageMagick)
}
