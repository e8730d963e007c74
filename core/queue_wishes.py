"""What the user asks the queue to do with jobs; those that a wish does not apply to are passed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.errors import BadUsage
from core.imaging.naming import is_counted, name_keys
from core.job import JobState, OutputFile
from core.queue_telling import QueueTelling
from core.recipe import Recipe
from core.status import ChangeKind
from core.store import JobStore, Mend, Mended
from core.store_steps import TakenBack
from core.undo import Undo


class QueueWishes(QueueTelling):
    """The half of the queue that changes jobs for the user; each wish returns when it is on disk.

    Inside `undo.step` they are one thing that the user did, and can be undone.
    """

    undo: Undo

    async def cancel(self, ids: Sequence[int]) -> int:
        """Give jobs up; running ones are ended at once, and their partial outputs removed.

        Returns how many were cancelled when that is so: a job that completed in the same instant is done.
        """
        now = self._clock.now()
        changed = await self.undo.write(lambda store: store.cancel(ids, now), len)
        self._tell_change(changed, JobState.CANCELLED)
        running = self._dispatcher.running(ids)
        ended = await self._dispatcher.end(running, JobState.CANCELLED)
        if ended < len(running):  # an attempt that had just failed would be made again
            rest = [run.claimed.job_id for run in running]
            ended += await self._change(lambda store: store.cancel(rest, now), JobState.CANCELLED)
        return len(changed) + ended

    async def hold(self, ids: Sequence[int]) -> int:
        """Keep waiting jobs back until they are released; returns how many."""
        return await self._change(lambda store: store.hold(ids), JobState.HELD)

    async def release(self, ids: Sequence[int]) -> int:
        """Let held jobs go, at their old places; returns how many."""
        return await self._change(lambda store: store.release(ids), JobState.QUEUED)

    async def retry(self, ids: Sequence[int]) -> int:
        """Queue failed and cancelled jobs again with all their attempts, and retrying ones at once."""
        return await self._change(lambda store: store.retry(ids), JobState.QUEUED)

    async def retry_with(self, ids: Sequence[int], mend: Callable[[Recipe], Recipe]) -> int:
        """Queue failed and cancelled jobs again, as new, with what `mend` makes of the recipe of each.

        Returns how many. For some thousands at a time: see core.failures. `mend` is called in another thread.
        """
        return await self._change(lambda store: store.retry_with(ids, _mending(mend)), JobState.QUEUED)

    async def change_recipe(self, ids: Sequence[int], mend: Callable[[Recipe], Recipe]) -> int:
        """Give jobs that wait what `mend` makes of the recipe of each, at their places; returns how many.

        For some thousands at a time: see core.rechoosing. `mend` is called in another thread.
        """
        return await self._change(lambda store: store.change_recipe(ids, _mending(mend)), None)

    async def set_priority(self, ids: Sequence[int], priority: int) -> int:
        """Change the priority of jobs that have not ended; returns how many."""
        check_whole("A priority", priority, -(2**31), 2**31)
        return await self._change(lambda store: store.set_priority(ids, priority), None)

    async def add_note(self, job: int, note: str) -> int:
        """Add a sentence to the notes of a job that is done; returns how many jobs that was."""
        return await self._change(lambda store: store.add_note(job, note), None)

    async def note_unmade(self, job: int, left: Sequence[OutputFile], note: str) -> int:
        """Note of a job that is done which of its outputs are left, and why; returns how many that was."""
        return await self._change(lambda store: store.note_unmade(job, left, note), None)

    async def do_next(self, ids: Sequence[int]) -> int:
        """Move waiting jobs to the front of the queue, in the order given; returns how many."""
        return await self._change(lambda store: store.do_next(ids), None)

    async def do_last(self, ids: Sequence[int]) -> int:
        """Move waiting jobs to the end of the queue as it is now, in the order given; returns how many."""
        return await self._change(lambda store: store.do_last(ids), None)

    async def move(self, ids: Sequence[int], target: int, *, after: bool = False) -> int:
        """Move waiting jobs directly before another job, or after it, in the order given; returns how many.

        They get its priority.
        """
        return await self._change(lambda store: store.move(ids, target, after=after), None)

    async def shift(self, ids: Sequence[int], *, up: bool) -> int:
        """Move waiting jobs together by one place, to the front of the queue or its end; returns how many."""
        return await self._change(lambda store: store.shift(ids, up=up), None)

    async def remove(self, ids: Sequence[int]) -> int:
        """Forget jobs that are not running, with their attempts; returns how many. Files stay."""
        removed = await self.undo.write(lambda store: store.remove(ids), len)
        self._tell(removed, ChangeKind.REMOVED)
        return len(removed)

    async def forget_history(self) -> None:
        """Forget what was done on any day; the jobs stay."""
        await self._writer.call(JobStore.forget_history)

    def _tell_taken_back(self, back: TakenBack) -> None:
        for state, ids in back.states.items():
            self._tell(ids, ChangeKind.STATE, state)
        self._tell(back.details, ChangeKind.DETAILS)
        self._tell(back.removed, ChangeKind.REMOVED)
        self._tell_added(back.added)

    async def _change(self, function: Callable[[JobStore], list[int]], state: JobState | None) -> int:
        changed = await self.undo.write(function, len)
        self._tell_change(changed, state)
        return len(changed)


def _mending(mend: Callable[[Recipe], Recipe]) -> Mend:
    """Return what the store asks for another recipe, with the names that come of it."""

    def mended(body: str, sources: Sequence[str], root: str) -> Mended:
        recipe = mend(Recipe.from_json(body))
        keys = name_keys(sources, recipe, root)
        return Mended(recipe.name, recipe.id_hash, recipe.to_json(), keys, is_counted(recipe))

    return mended


def check_whole(what: str, value: int, least: int, most: int) -> None:
    """Raise BadUsage for what is no whole number within these bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadUsage(f"{what} is a whole number from {least} to {most}, not {value!r}.")
