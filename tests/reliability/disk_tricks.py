"""One round of tricks with disks; prints a tally.

Usage: python -m tests.reliability.disk_tricks FOLDER SEED [short]
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from core.job import ENDED, Job, JobState
from core.recipe import Existing, Recipe
from tests.reliability.attack import Tally
from tests.reliability.disk_stage import (
    MAY_MOUNT,
    PATIENCE,
    check,
    check_waiting,
    make_larger,
    no_large_files,
    photos,
    queue_in,
    read_only_disk,
    run,
    small_disk,
    stalling,
    waive_nothing,
)
from tests.reliability.disk_store_tricks import (
    a_full_disk_for_the_store,
    a_store_that_may_not_grow,
    a_store_that_stalls,
)
from tests.reliability.sources import encoded, recipe
from tests.reliability.stalling_folder import NAME


def main(folder: Path, seed: int, short: bool) -> None:
    """Play all tricks, and print what they broke as JSON."""
    tally = Tally()
    if not MAY_MOUNT:
        tally.notes.append("no disk could be mounted here: a limit of the process stood in for a full disk")
    for number, trick in enumerate(BRIEFLY if short else TRICKS):
        here = folder / trick.__name__
        here.mkdir()
        with tally.blow(trick.__name__.replace("_", " ")):
            trick(tally, here, random.Random(f"{seed} {number}"), 12 if short else 60)
            left = [str(path) for path in here.rglob(".imagequeue-*")]
            tally.expect(not left, "torn", f"{left[:3]} were left over")
    print(json.dumps({
        "count": tally.count, "survived": tally.survived, "findings": tally.findings, "notes": tally.notes,
    }))  # fmt: skip


# -- sources ----------------------------------------------------------------------------------------------


def odd_sources(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """Everything that can be dropped and is no image, and images whose names or places are odd."""
    made = recipe(here / "out")
    folder = here / "in"
    good, forbidden, gone = photos(folder, 3)
    wanted: dict[str, str] = {str(good): "done"}
    forbidden.chmod(0)
    wanted[str(forbidden)] = "not-readable"
    gone.unlink()
    wanted[str(gone)] = "no-such-file"
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        here_now = os.getcwd()
        os.chdir(folder)  # a socket's path is to be short
        listener.bind("socket.jpg")
        os.chdir(here_now)
        (folder / "circle-a.jpg").symlink_to("circle-b.jpg")
        (folder / "circle-b.jpg").symlink_to("circle-a.jpg")
        (folder / "nowhere.jpg").symlink_to("not-there.jpg")
        (folder / "a link.jpg").symlink_to(good)
        (folder / "folder.jpg").mkdir()
        closed = folder / "closed"
        photos(closed, 1)
        closed.chmod(0)
        (folder / "empty.jpg").write_bytes(b"")
        long_name = folder / f"{'n' * 251}.jpg"
        long_name.write_bytes(encoded(7, "JPEG"))
        raw = os.fsdecode(os.fsencode(folder) + b"/\xff\xfe na\xefve \n.png")
        Path(raw).write_bytes(encoded(8, "PNG"))
        wanted |= {
            str(folder / "pipe.jpg"): "not-an-image",
            str(folder / "socket.jpg"): "not-an-image",
            "/dev/zero": "not-an-image",
            "/dev/null": "not-an-image",
            str(folder / "circle-a.jpg"): "no-such-file",
            str(folder / "nowhere.jpg"): "no-such-file",
            str(folder / "a link.jpg"): "done",
            str(folder / "folder.jpg"): "not-an-image",
            str(closed / "photo-0.jpg"): "not-readable",
            str(folder / "empty.jpg"): "not-an-image",
            str(long_name): "done",
            raw: "done",
            f"{folder}/{'d' * 200 + '/'}" * 25 + "far.jpg": "bad-name",
            f"{folder}/{'n' * 300}.jpg": "bad-name",
            f"{good}/below.jpg": "no-such-file",
        }
        jobs = asyncio.run(run(here / "data", list(wanted), made))
    tally.expect(len(jobs) == len(wanted), "lost", f"{len(jobs)} jobs of {len(wanted)} sources")
    for job in jobs:
        check(tally, [job], wanted[job.source])
        tally.expect(job.attempts == 1, "lost", f"{job.source[-40:]!a} was tried {job.attempts} times")
    closed.chmod(0o700)


def sources_that_change(tally: Tally, here: Path, rng: random.Random, count: int) -> None:
    """Sources that are cut off, replaced and removed while they are read."""
    paths = photos(here / "in", count, side=900)
    whole = {path: path.read_bytes() for path in paths}

    def change() -> None:
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            path = rng.choice(paths)
            match rng.randrange(4):
                case 0:
                    if path.exists():
                        os.truncate(path, rng.randrange(len(whole[path])))
                case 1:
                    path.unlink(missing_ok=True)
                case 2:
                    path.write_bytes(whole[rng.choice(paths)])
                case _:
                    path.write_bytes(whole[path])
            time.sleep(0.001)

    jobs = asyncio.run(run(here / "data", paths, recipe(here / "out"), change))
    check(tally, jobs, "done", "no-such-file", "not-an-image", "damaged-image", "io-error", "worker-crashed")


def a_folder_that_stalls(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """A read that never returns costs its job an attempt, and neither other slots nor the end of the app."""
    good = photos(here / "in", 6)
    with stalling(tally, here / "stalled") as stalled:
        if stalled is None:
            return
        began = time.monotonic()
        sources = [stalled / NAME, *good]
        jobs = asyncio.run(run(here / "data", sources, recipe(here / "out"), limit=3.0, retries=0))
        tally.expect(time.monotonic() - began < 45, "stuck", f"it took {time.monotonic() - began:.0f} s")
        check(tally, [job for job in jobs if job.source == str(stalled / NAME)], "timed-out")
        check(tally, [job for job in jobs if job.source != str(stalled / NAME)], "done")


# -- outputs ----------------------------------------------------------------------------------------------


def a_full_disk_for_outputs(tally: Tally, here: Path, _rng: random.Random, count: int) -> None:
    """The queue pauses itself with a sentence; when there is room again, all is done, and nothing is torn."""
    if not MAY_MOUNT:
        return
    out, sources = here / "out", photos(here / "in", count, side=200)
    with small_disk(out, "256k"):
        filler = out / "filler"
        filler.write_bytes(b"x" * 240_000)

        async def story() -> None:
            queue = queue_in(here / "data")
            await queue.open()
            ids = list((await queue.enqueue_batch([str(one) for one in sources], recipe(out))).ids)
            await queue.start()
            async with asyncio.timeout(PATIENCE):
                await queue.drained()
            status = queue.status()
            tally.expect("full" in status.reason, "lost", f"it paused for {status.reason!r}")
            tally.expect(status.live > 0, "lost", "retries were spent on a full disk")
            tally.expect(not list(out.glob(".*")), "torn", "a partial file stays on the full disk")
            filler.unlink()
            make_larger(out)
            await queue.start()
            async with asyncio.timeout(PATIENCE):
                await queue.drained()
            check(tally, await queue.jobs(ids), "done")
            await queue.close(0)

        asyncio.run(story())


def a_limit_on_files(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """A file that may not grow is an error with a sentence, as a quota's is, and leaves nothing behind.

    No rights are needed for it: where nothing can be mounted it stands in for a full disk.
    """
    paths = photos(here / "in", 3, side=400)
    made = recipe(here / "out")
    whole = Recipe(made.name, (made.outputs[1].__class__("whole", (), format="png"),), folder=made.folder)

    async def story() -> list[int]:
        queue = queue_in(here / "data")
        await queue.open()  # the store's own files are there, and small
        ids = list((await queue.enqueue_batch([str(one) for one in paths], whole, max_retries=1)).ids)
        await queue.start()
        async with asyncio.timeout(PATIENCE):
            await queue.drained()
        check(tally, await queue.jobs(ids), "io-error")
        tally.expect(not list((here / "out").iterdir()), "torn", "a partial file stays")
        await queue.close(0)
        return ids

    async def again(ids: list[int]) -> None:
        queue = queue_in(here / "data")
        await queue.open()
        tally.expect(await queue.retry(ids) == len(ids), "lost", "not all can be tried again")
        await queue.start()
        async with asyncio.timeout(PATIENCE):
            await queue.drained()
        check(tally, await queue.jobs(ids), "done")
        await queue.close(0)

    # The store needs some 200 kB of its own: the images are larger than that.
    for path in paths:
        path.write_bytes(_noise(path.suffix))
    with no_large_files(1_000_000):
        ids = asyncio.run(story())
    asyncio.run(again(ids))


def _noise(suffix: str) -> bytes:
    """An image of 800 x 800 pixels that compresses to no less than 1.5 MB as PNG."""
    import io

    from PIL import Image

    file = io.BytesIO()
    kind = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}[suffix]
    Image.frombytes("RGB", (800, 800), random.Random(1).randbytes(800 * 800 * 3)).save(file, kind)
    return file.getvalue()


def folders_that_cannot_be_written(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """Read-only by permission, by the disk, by being a file, or below one."""
    paths = photos(here / "in", 2)
    closed = here / "closed"
    closed.mkdir(mode=0o555)
    a_file = here / "a file"
    a_file.write_bytes(b"")
    targets = [closed, closed / "below", a_file, a_file / "below"]
    with read_only_disk(here / "still") as still:
        targets += [still, still / "below"] if still is not None else []

        async def story() -> list[Job]:
            queue = queue_in(here / "data")
            await queue.open()
            ids: list[int] = []
            for target in targets:
                ids += (await queue.enqueue_batch([str(path) for path in paths], recipe(target))).ids
            await queue.start()
            async with asyncio.timeout(PATIENCE):
                await queue.drained()
            jobs = await queue.jobs(ids)
            await queue.close(0)
            return jobs

        jobs = asyncio.run(story())
    check(tally, jobs, "not-writable")
    tally.expect(all(job.attempts == 1 for job in jobs), "lost", "retries were spent on a read-only folder")


def a_target_that_stalls(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """A folder that answers no more costs what goes there an attempt, and nothing else waits for it."""
    good = photos(here / "in", 2)
    with stalling(tally, here / "stalled") as stalled:
        if stalled is None:
            return

        async def story() -> None:
            queue = queue_in(here / "data", 4.0)
            await queue.open()
            began = time.monotonic()
            sources = [str(path) for path in good]
            lost = [await queue.enqueue(good[0], recipe(stalled), 10, 0)]
            lost += [await queue.enqueue(stalled / NAME, recipe(here / "out"), 10, 0)]
            made = (await queue.enqueue_batch(sources, recipe(here / "out"))).ids
            await queue.start()
            async with asyncio.timeout(PATIENCE):
                await queue.drained()
            check(tally, await queue.jobs(lost), "timed-out")
            check(tally, await queue.jobs(made), "done")
            again = (await queue.enqueue_batch(sources, recipe(stalled), max_retries=0)).ids
            await asyncio.sleep(0.5)
            async with asyncio.timeout(PATIENCE):
                await queue.close(0)  # while two are stuck there
            tally.expect(time.monotonic() - began < 60, "stuck", f"it took {time.monotonic() - began:.0f} s")
            queue = queue_in(here / "data")
            async with asyncio.timeout(PATIENCE):
                await queue.open()
            check_waiting(tally, await queue.jobs(again))
            await queue.close(0)

        asyncio.run(story())


def a_folder_that_vanishes(tally: Tally, here: Path, _rng: random.Random, count: int) -> None:
    """The folder with the outputs is removed again and again while they are written."""
    out = here / "out"
    over = threading.Event()

    def remove() -> None:
        until = time.monotonic() + 1.5
        while time.monotonic() < until and not over.is_set():
            subprocess.run(["rm", "-rf", str(out)], check=False)
            time.sleep(0.002)

    jobs = asyncio.run(run(here / "data", photos(here / "in", count), recipe(out), remove))
    for job in jobs:  # what was done before its folder was removed is gone with it
        code = job.error.code if job.error is not None and job.state is not JobState.DONE else "done"
        tally.expect(job.state in ENDED, "stuck", f"a job is {job.state}")
        right = code in ("done", "not-writable", "io-error")
        tally.expect(right, "lost", f"it failed as {code}: {job.error.message if job.error else ''}")


def the_source_as_the_target(tally: Tally, here: Path, _rng: random.Random, _count: int) -> None:
    """An output that would replace its own source is refused, and the source is as it was."""
    paths = photos(here / "in", 3)
    before = {path: path.read_bytes() for path in paths}
    made = recipe(here / "in")
    same = Recipe(
        made.name, (made.outputs[0].__class__("same", (), template="{stem}"),),
        folder=str(here / "in"), existing=Existing.REPLACE,
    )  # fmt: skip
    check(tally, asyncio.run(run(here / "data", paths, same)), "bad-name")
    tally.expect(before == {path: path.read_bytes() for path in paths}, "torn", "a source was changed")


TRICKS: Final = (
    odd_sources,
    sources_that_change,
    a_folder_that_stalls,
    a_full_disk_for_outputs,
    a_limit_on_files,
    folders_that_cannot_be_written,
    a_target_that_stalls,
    a_folder_that_vanishes,
    the_source_as_the_target,
    a_full_disk_for_the_store,
    a_store_that_may_not_grow,
    a_store_that_stalls,
)


BRIEFLY: Final = (
    odd_sources,
    a_folder_that_stalls,
    a_full_disk_for_outputs,
    folders_that_cannot_be_written,
    a_full_disk_for_the_store,
    a_store_that_may_not_grow,
)


if __name__ == "__main__":
    waive_nothing()
    main(Path(sys.argv[1]), int(sys.argv[2]), "short" in sys.argv[3:])
