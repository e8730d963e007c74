"""Gives the decoders damaged files by the thousand, and bombs; each ends within its limits (G7, G15)."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Final

from PIL import Image

from core.errors import Bug, CrashesDecoder, TimedOut, WorkerCrashed
from core.executor import Done, Failed, Outcome, Task
from core.operations import Thumbnail
from core.recipe import Existing, Output, Recipe
from core.slots import ProcessSlots
from tests.reliability.attack import Result, Scale, Tally
from tests.reliability.bombs import ENDLESS, bombs
from tests.reliability.claims import claims
from tests.reliability.mutants import mutant, seeds

SLOTS: Final = 4
MEMORY: Final = 1_500_000_000  # bytes that a task may take
LIMIT: Final = 60.0  # seconds that one may take; the machine may be busy with other things
_BOMB_LIMIT: Final = 240.0  # the same for those that are within the limit in pixels, and are decoded
_ENDLESS_LIMIT: Final = 10.0  # the same for those whose end it is
_OVER: Final = 15.0  # seconds after the limit in which it must have ended


class Images:
    """A fuzzer over everything that is decoded, and decompression bombs."""

    name = "images"

    def run(self, scale: Scale, folder: Path) -> Result:
        tally = Tally()
        asyncio.run(_Fuzzer(tally, scale, folder).run())
        return tally.result()


class _Fuzzer:
    """Slots that decode one bad file after the other."""

    def __init__(self, tally: Tally, scale: Scale, folder: Path) -> None:
        self.tally, self.scale, self.folder = tally, scale, folder
        self.rng = scale.rng("mutants")
        self.recipe = Recipe(
            "Fuzz",
            (Output("small", (Thumbnail(24),), format="png"), Output("whole", format="jpeg")),
            folder=str(folder / "out"),
            existing=Existing.REPLACE,
        ).to_json()
        self.slots = ProcessSlots(memory_limit=MEMORY)
        self.ends: Counter[str] = Counter()
        self.crashed: Counter[str] = Counter()

    async def run(self) -> None:
        await self.slots.start(SLOTS, lambda _job, _fraction: None)
        try:
            files = seeds()
            for name, content in files.items():  # a seed that is refused would be no seed
                with self.tally.blow(f"the undamaged {name}"):
                    outcome = await self.decode(0, name, content)
                    self.tally.expect(isinstance(outcome, Done), "lost", f"it ended as {outcome!r:.300}")
            await self.throw_bombs()
            await self.throw_mutants(files)
            lost = [slot for slot in range(SLOTS) if not isinstance(
                await self.decode(slot, "png", files["png"]), Done)]  # fmt: skip
            self.tally.expect(not lost, "lost", f"slots {lost} decode no more")
        finally:
            await self.slots.close()
        self.tally.notes.append("ends: " + ", ".join(f"{code} {n:,}" for code, n in self.ends.most_common()))
        if self.crashed:
            said = ", ".join(f"{name} {n}" for name, n in self.crashed.most_common())
            self.tally.notes.append(f"decoders that died, each with its one worker and a sentence: {said}")

    async def throw_bombs(self) -> None:
        for name, content in claims().items():
            with self.tally.blow(name):
                self.judge(name, await self.decode(0, name, content))
        for name, make in () if self.scale.short else bombs().items():
            with self.tally.blow(name):
                content = await asyncio.to_thread(make)
                limit = _ENDLESS_LIMIT if name in ENDLESS else _BOMB_LIMIT
                self.judge(name, await self.decode(0, name, content, limit))

    async def throw_mutants(self, files: dict[str, bytes]) -> None:
        names, count = sorted(files), self.scale.of(20_000, 120)
        for at in self.scale.rounds(count // SLOTS, count // SLOTS):
            made = [mutant(self.rng, names, files) for _ in range(SLOTS)]
            with self.tally.blow(f"mutants {at} of {', '.join(name for name, _ in made)}", SLOTS):
                ends = await asyncio.gather(
                    *(self.decode(slot, name, content) for slot, (name, content) in enumerate(made))
                )
                for (name, _), outcome in zip(made, ends, strict=True):
                    self.judge(name, outcome)

    async def decode(self, slot: int, name: str, content: bytes, limit: float = LIMIT) -> Outcome:
        """Give a slot a file to decode; it must have ended shortly after its limit."""
        kind = name.partition("-")[0].partition(" ")[0].rstrip(",")
        suffix = "dng" if kind == "raw" else kind  # what is a TIFF is a RAW by its suffix
        source = self.folder / f"slot-{slot}.{suffix}"
        await asyncio.to_thread(source.write_bytes, content)
        task = Task(slot, 1, str(source), self.recipe, temp_tag=f"fuzz-{slot}", timeout=limit)
        began = time.monotonic()
        outcome = await self.slots.run(slot, task)
        took = time.monotonic() - began
        self.tally.expect(took < limit + _OVER, "stuck", f"{name} took {took:.0f} s")
        return outcome

    def judge(self, name: str, outcome: Outcome) -> None:
        """A damaged file is done, whole, or it failed for a reason that is not our own mistake."""
        if isinstance(outcome, Failed):
            error = outcome.error
            self.ends[error.code] += 1
            if error.code in (WorkerCrashed.code, CrashesDecoder.code):
                self.crashed[name] += 1
            self.tally.expect(
                error.code != Bug.code, "lost", f"{name}: {error.message[:200]} {error.details[-400:]}"
            )
            late = error.code == TimedOut.code and name not in ENDLESS
            self.tally.expect(not late, "stuck", f"{name} took longer than its limit")
            self.tally.expect(
                error.message.strip().endswith((".", "…")), "lost", f"{name}: {error.message!r:.200}"
            )
            return
        self.tally.expect(isinstance(outcome, Done), "lost", f"{name} ended as {outcome!r:.200}")
        self.ends["done"] += 1
        if isinstance(outcome, Done):
            for file in outcome.outputs:
                with warnings.catch_warnings(action="ignore"), Image.open(file.path) as image:
                    image.load()
                    self.tally.expect(image.size == (file.width, file.height), "torn", f"an output of {name}")
