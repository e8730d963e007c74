"""Runs the queue in the terminal until nothing is left to run."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.after import AfterCommands
from core.cli.given import INTERRUPTED, given_paths
from core.cli.report import Report
from core.cli.terminal import Printer
from core.errors import BadUsage
from core.intake.adding import AddSummary, add_paths
from core.intake.wanted import Wanted
from core.intake.watched import WatchedFolder
from core.job import JobState
from core.log_file import keep_log
from core.owner import Owner, Reply, Request
from core.owner_requests import fulfil, in_loop
from core.queue import TaskQueue
from core.recipe import Recipe
from core.remote.cluster import Cluster, Link
from core.remote.everywhere import Everywhere
from core.remote.joining import Joining
from core.remote.keys import Keys
from core.settings import Settings, data_folder
from core.slots import ProcessSlots
from core.status import Recovery, RunState
from core.transfer.queue_file import is_queue_file

_FOR_PATHS: Final = (
    "output", "mirror", "replace_original", "recipe", "thumbnail", "resize", "format", "quality", "max_size",
    "skip_larger", "priority", "max_retries", "existing", "ignore", "only", "min_size", "hidden", "archives",
    "force", "dry_run",
)  # fmt: skip
_LISTED: Final = 20  # refused files and folders that are named; more are only counted


def run(options: argparse.Namespace, printer: Printer) -> int:
    """Run the queue with the options of `imagequeue run`; returns the exit status.

    All options are checked before anything is added. Raises a member of the error family for what keeps the
    run from beginning.
    """
    data_dir = data_folder(options.data_dir)
    recipe, paths = None, given_paths(options)
    settings = Settings.load(data_dir)
    queue_files = [path for path in paths if is_queue_file(path)]
    if queue_files:
        raise BadUsage(f"{queue_files[0]} holds the jobs of a queue: imagequeue import takes them in.")
    if paths:
        from core.cli.recipes import recipe_of

        recipe = recipe_of(options, settings.recipe)
    else:
        given = [name for name in _FOR_PATHS if getattr(options, name) is not None]
        if given:
            raise BadUsage(
                f"--{given[0].replace('_', '-')} needs a PATH: "
                "jobs that are queued keep what they were added with."
            )
    if settings.notice:
        printer.complain(settings.notice)
    if options.dry_run and recipe is not None:
        from core.cli.dry_run import dry_run

        wanted = wanted_of(options, settings)
        summary, status = dry_run(options, settings, data_dir, paths, recipe, wanted, printer)
        tell_refused(summary, printer)
        return 1 if summary.unreadable_count else status
    if options.command == "watch":
        refuse_files(paths)
    with Owner.acquire(data_dir) as owner:
        keep_log(data_dir, echo=False)
        return asyncio.run(_Run(options, settings, owner, printer).main(data_dir, paths, recipe))


def wanted_of(options: argparse.Namespace, settings: Settings) -> Wanted:
    """Return what of folders is wanted: what the options say, and else the settings."""
    chosen = settings.wanted()
    if options.ignore is not None:
        chosen = replace(chosen, ignore=tuple(options.ignore))
    if options.only is not None:
        chosen = replace(chosen, only_formats=tuple(options.only))
    if options.min_size is not None:
        chosen = replace(chosen, min_bytes=options.min_size)
    if options.hidden is not None:
        chosen = replace(chosen, hidden=options.hidden)
    if options.archives is not None:
        chosen = replace(chosen, archives=options.archives)
    return chosen


def refuse_files(paths: list[str]) -> None:
    """Raise BadUsage for what is no folder."""
    for path in paths:
        if not Path(path).is_dir():
            raise BadUsage(f"Only folders can be watched, and {path} is none.")


def tell_refused(summary: AddSummary, printer: Printer) -> None:
    """Name what was not added, and say why."""
    for refused in (*summary.unreadable, *summary.not_images)[:_LISTED]:
        printer.complain(f"  {refused.sentence}")
    more = summary.unreadable_count + summary.not_images_count - _LISTED
    if more > 0:
        printer.complain(f"  and {more:,} more")


class _Run:
    """One run, from the opening of the queue to its orderly end."""

    def __init__(
        self, options: argparse.Namespace, settings: Settings, owner: Owner, printer: Printer
    ) -> None:
        self._options = options
        self._settings = settings
        self._owner = owner
        self._printer = printer
        self._interrupted = asyncio.Event()
        self._after: AfterCommands | None = None
        self._adding = False
        self._link = Link.OFF

    async def main(self, data_dir: Path, paths: list[str], recipe: Recipe | None) -> int:
        """Run to the end, and return the exit status."""
        self._listen_to_signals()
        self._data_dir = data_dir
        settings, options = self._settings, self._options
        timeout = settings.timeout if options.timeout is None else options.timeout
        local = ProcessSlots(memory_limit=settings.memory_limit)
        everywhere = Everywhere(local, data_dir, memory_limit=settings.memory_limit)
        everywhere.cluster_changed.connect(self._tell_link)
        queue = TaskQueue(
            data_dir,
            everywhere,
            concurrency=options.workers or settings.workers,
            timeout=timeout or None,
            aging=settings.aging,
        )
        queue.set_by_content(bool(options.by_content) or settings.by_content)
        try:
            if settings.broker:
                await Joining(everywhere, Keys()).follow(settings)
            self._tell_recovery(await queue.open())
            report = Report(queue, self._printer, as_json=options.json)
            self._after = AfterCommands(
                queue,
                each=settings.after_each if options.after_each is None else options.after_each,
                all_done=settings.after_all if options.after_all is None else options.after_all,
                seconds=settings.after_seconds, say=self._printer.say, adding=lambda: self._adding,
            )  # fmt: skip
            self._after.begin()
            self._owner.serve(
                in_loop(asyncio.get_running_loop(), lambda message: self._answer(queue, message))
            )
            await queue.start()
            failed = await self._until_the_end(queue, report, paths, recipe)
            return self._conclude(queue, report, failed)
        finally:
            if self._after is not None:
                await self._after.close()
            await queue.close(0)  # what still runs is put back, or goes on on other machines

    async def _until_the_end(
        self, queue: TaskQueue, report: Report, paths: list[str], recipe: Recipe | None
    ) -> bool:
        """Add and run until all is done, or the user stops it; returns whether something was unreadable."""
        watching = recipe is not None and self._options.command == "watch"
        work = asyncio.create_task(
            self._watch(queue, paths, recipe) if watching else self._add_and_drain(queue, paths, recipe)
        )
        printing = asyncio.create_task(report.work())
        stops = [asyncio.create_task(event.wait()) for event in (self._interrupted, report.broken)]
        try:
            await asyncio.wait([work, printing, *stops], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            if printing.done():
                printing.result()
            self._interrupted.set()
            return False
        finally:
            for task in (work, printing, *stops):
                task.cancel()
            await asyncio.wait([work, printing, *stops])
            await report.finish()

    async def _add_and_drain(self, queue: TaskQueue, paths: list[str], recipe: Recipe | None) -> bool:
        refused = False
        if recipe is not None:
            retries, priority = self._options.max_retries, self._options.priority or 0
            if retries is None:
                retries = self._settings.max_retries
            self._adding = True
            summary = await add_paths(
                queue, paths, recipe, priority=priority, max_retries=retries, take_every_file=True,
                wanted=wanted_of(self._options, self._settings), data_dir=self._data_dir,
                again=bool(self._options.force),
            )  # fmt: skip
            self._adding = False
            self._printer.say(summary.sentence())
            tell_refused(summary, self._printer)
            refused = summary.unreadable_count > 0
        await queue.drained()
        if self._after is not None:
            self._after.look()
            await self._after.settled()
        return refused

    async def _watch(self, queue: TaskQueue, paths: list[str], recipe: Recipe | None) -> bool:
        """Add what arrives in the folders, until this is cancelled."""
        from core.intake.watches import Watches

        assert recipe is not None
        retries = self._options.max_retries
        watches = Watches(
            queue,
            self._data_dir,
            max_retries=self._settings.max_retries if retries is None else retries,
            wanted=lambda: wanted_of(self._options, self._settings),
            changed=lambda path, sentence: self._printer.complain(f"{path}: {sentence}"),
        )
        priority = self._options.priority or 0
        try:
            await watches.watch([WatchedFolder.of(path, recipe, priority) for path in paths])
            await asyncio.Event().wait()
        finally:
            await watches.close()
        return False

    def _conclude(self, queue: TaskQueue, report: Report, refused: bool) -> int:
        counts, status = report.counts, queue.status()
        left = status.live - status.counts[JobState.HELD]
        if not counts.total() and not left and not self._interrupted.is_set():
            self._printer.say("Nothing is queued: there is nothing to do.")
        if status.counts[JobState.HELD]:
            held = status.counts[JobState.HELD]
            self._printer.say(
                f"{held:,} job{' is' if held == 1 else 's are'} held, and stay so until released."
            )
        if self._options.json or counts.total():
            report.print_summary()
        if self._interrupted.is_set() and self._options.command == "watch":
            self._printer.say(f"Stopped watching, with {left:,} left in the queue.")
            return 0
        if self._interrupted.is_set():
            self._printer.complain(
                f"Interrupted, with {left:,} left in the queue. To go on: {self._command()}"
            )
            return INTERRUPTED
        if status.run_state is not RunState.RUNNING and left:
            self._printer.complain(
                f"Paused, with {left:,} left in the queue: {status.reason or 'as asked for.'}"
            )
            self._printer.complain(f"To go on: {self._command()}")
            return 1
        return 1 if refused or counts[JobState.FAILED] or counts[JobState.CANCELLED] else 0

    def _command(self) -> str:
        folder = self._options.data_dir
        return "imagequeue run" + (f" --data-dir {shlex.quote(folder)}" if folder else "")

    def _tell_link(self, cluster: Cluster) -> None:
        """Say once when the broker is lost or found; the images here go on meanwhile."""
        if cluster.link is self._link:
            return
        before, self._link = self._link, cluster.link
        if cluster.sentence:
            self._printer.complain(cluster.sentence)
        elif cluster.link is Link.CONNECTED and before is Link.AWAY:
            self._printer.say("The broker is there again.")

    def _tell_recovery(self, recovery: Recovery) -> None:
        if recovery.set_aside:
            self._printer.complain(
                f"The queue was damaged; it was moved to {recovery.set_aside}, and a new one made, "
                f"with the {recovery.salvaged:,} jobs that could be read."
            )
        found = recovery.put_back + recovery.exhausted + recovery.finished
        if found:
            jobs = "a job" if found == 1 else f"{found:,} jobs"
            self._printer.say(
                f"The last run ended in the middle of {jobs}: {recovery.put_back:,} put back, "
                f"{recovery.finished:,} found done, {recovery.exhausted:,} failed."
            )
        if recovery.brought:
            self._printer.say(f"Made on other machines meanwhile: {recovery.brought:,}.")

    async def _answer(self, queue: TaskQueue, message: Request) -> Reply:
        if message.get("do") == "open":
            raise BadUsage(
                f"`imagequeue run` (process {os.getpid()}) is running this queue, and has no window. "
                "Wait for its end, or stop it."
            )
        return await fulfil(queue, message)

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is None:
                continue
            try:
                loop.add_signal_handler(number, self._on_signal)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(self._on_signal))

    def _on_signal(self) -> None:
        if self._interrupted.is_set():
            # At once, which the store and the workers are made to survive: these end with this process.
            with suppress(OSError, ValueError):
                sys.stderr.write("\n")
                sys.stderr.flush()
            os._exit(INTERRUPTED)
        self._interrupted.set()
