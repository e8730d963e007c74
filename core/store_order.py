"""Where the waiting jobs stand in the queue, and how the user moves them there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from core.job import LIVE, WAITING
from core.store_history import StoreHistory
from core.store_steps import Kept

_QUEUED: Final = "state = 'queued'"
_ASIDE: Final = "state IN ('retrying', 'held')"
_STANDING: Final = (_QUEUED, _ASIDE)  # all that wait, as two conditions that each have an index of their own


class StoreOrder(StoreHistory):
    """The changes of priority and place; each is one transaction and returns the ids that changed.

    A job runs before those of lower priority, and among equals by its place, the lower first. Its place is
    its id until it is moved; one that is moved between two others gets a fraction between theirs, so that
    nobody else has to move.
    """

    def set_priority(self, ids: Sequence[int], priority: int) -> list[int]:
        """Change the priority of jobs that have not ended; among equals the original place decides."""
        return self._touch(ids, "priority = ?, place = id", (priority,))

    def do_next(self, ids: Sequence[int]) -> list[int]:
        """Move waiting jobs to the front of the queue, in the order given."""
        with self.transaction():
            (top,) = self._one(f"SELECT MAX(priority) FROM jobs WHERE {_QUEUED}")
            top = top or 0
            firsts = [
                self._one(f"SELECT MIN(place) FROM jobs WHERE {one}")[0]
                for one in (*_STANDING, "state = 'running'")
            ]
            first = min((one for one in firsts if one is not None), default=0)
            moved = self._touch(ids, "priority = MAX(priority, ?)", (top,))
            wanted = set(moved)
            order = [job for job in ids if job in wanted]
            self._place([(first - len(order) + offset, job) for offset, job in enumerate(order)])
            return moved

    def do_last(self, ids: Sequence[int]) -> list[int]:
        """Move waiting jobs to the end of the queue as it is now, in the order given."""
        with self.transaction():
            order = self._waiting(ids)
            lowest = [self._one(f"SELECT MIN(priority) FROM jobs WHERE {one}")[0] for one in _STANDING]
            if not order:
                return []
            priority = min(one for one in lowest if one is not None)
            lasts = [
                self._one(f"SELECT MAX(place) FROM jobs WHERE {one} AND priority = ?", priority)[0]
                for one in _STANDING
            ]
            following = self.next_id()  # what is added later stands behind
            last = max([following - 1, *(one for one in lasts if one is not None)])
            return self._put(order, priority, last, following)

    def move(self, ids: Sequence[int], target: int, *, after: bool = False) -> list[int]:
        """Move waiting jobs directly before another job, or after it, in the order given.

        They get its priority. Nothing moves when there is no such job.
        """
        with self.transaction():
            found = self._one("SELECT priority, place FROM jobs WHERE id = ?", target)
            order = [job for job in self._waiting(ids) if job != target]
            if not found or not order:
                return []
            priority, place = found
            if after:
                beyond = self._beside(priority, place, up=False)
                return self._put(order, priority, place, self.next_id() if beyond is None else beyond)
            beyond = self._beside(priority, place, up=True)
            return self._put(order, priority, place - len(order) - 1 if beyond is None else beyond, place)

    def shift(self, ids: Sequence[int], *, up: bool) -> list[int]:
        """Move waiting jobs together past the one that stands before the first of them, or after the last.

        Past the end of a priority they get the next one's.
        """
        with self.transaction():
            order = self._waiting(ids)
            standing = {job: self._one("SELECT priority, place FROM jobs WHERE id = ?", job) for job in order}
            order.sort(key=lambda job: (-standing[job][0], standing[job][1], job))
            if not order:
                return []
            priority, place = standing[order[0 if up else -1]]
            neighbour = self._neighbour(priority, place, set(order), up=up)
            return [] if neighbour is None else self.move(order, neighbour, after=not up)

    # -- how it is done -----------------------------------------------------------------------------------

    def _one(self, statement: str, *values: object) -> tuple[float, ...]:
        row: tuple[float, ...] | None = self._db.execute(statement, values).fetchone()
        return row or ()

    def _touch(self, ids: Sequence[int], assignments: str, values: tuple[object, ...]) -> list[int]:
        live = ", ".join(f"'{state}'" for state in sorted(LIVE))
        with self.transaction():
            self.keep(Kept.PLACE, ids, LIVE)
            return self.for_ids(
                f"UPDATE jobs SET {assignments} WHERE state IN ({live}) AND {{ids}} RETURNING id", ids, values
            )

    def _waiting(self, ids: Sequence[int]) -> list[int]:
        """Return those of the jobs that wait, in the order given."""
        states = ", ".join(f"'{state}'" for state in sorted(WAITING))
        found = set(self.for_ids(f"SELECT id FROM jobs WHERE state IN ({states}) AND {{ids}}", ids))
        return [job for job in ids if job in found]

    def _beside(self, priority: float, place: float, *, up: bool) -> float | None:
        """Return the place of the waiting job of this priority that stands before this place, or after it."""
        found = [
            self._one(
                f"SELECT {'MAX' if up else 'MIN'}(place) FROM jobs"
                f" WHERE {one} AND priority = ? AND place {'<' if up else '>'} ?",
                priority, place,
            )[0]
            for one in _STANDING
        ]  # fmt: skip
        places = [one for one in found if one is not None]
        if not places:
            return None
        return max(places) if up else min(places)

    def _neighbour(self, priority: float, place: float, own: set[int], *, up: bool) -> int | None:
        """Return the waiting job that stands next to a place, over the border of a priority too."""
        beyond, order = (">", "priority, place DESC, id DESC") if up else ("<", "priority DESC, place, id")
        where = (f"priority = ?1 AND place {'<' if up else '>'} ?2", f"priority {beyond} ?1")
        for condition in where:
            found = []
            for one in _STANDING:
                rows = self._db.execute(
                    f"SELECT priority, place, id FROM jobs WHERE {one} AND {condition} AND ?2 IS NOT NULL"
                    f" ORDER BY {order}",
                    (priority, place),
                )
                found += [next(((p, at, job) for p, at, job in rows if job not in own), None)]
            known = [one for one in found if one is not None]
            if known:
                nearest = min(known, key=lambda one: (one[0], -one[1]) if up else (-one[0], one[1]))
                return int(nearest[2])
        return None

    def _put(self, order: Sequence[int], priority: float, low: float, high: float) -> list[int]:
        """Give jobs this priority, and places between two, which are spread anew where they leave no room."""
        self.keep(Kept.PLACE, order, WAITING)
        step = (high - low) / (len(order) + 1)
        if step < 4 * math.ulp(max(abs(low), abs(high), 1.0)):
            low, high = self._spread(priority, low)
            step = (high - low) / (len(order) + 1)
        self.for_ids("UPDATE jobs SET priority = ? WHERE {ids} RETURNING id", order, (priority,))
        self._place([(low + step * number, job) for number, job in enumerate(order, 1)])
        return list(order)

    def _place(self, places: Sequence[tuple[float, int]]) -> None:
        self._db.executemany("UPDATE jobs SET place = ? WHERE id = ?", places)

    def _spread(self, priority: float, low: float) -> tuple[float, float]:
        """Count the jobs of a priority through anew; returns the new places between which there is no job."""
        self.keep_places(priority)
        states = ", ".join(f"'{state}'" for state in sorted(LIVE))
        (before,) = self._one(
            f"SELECT COUNT(*) FROM jobs WHERE state IN ({states}) AND priority = ? AND place <= ?",
            priority, low,
        )  # fmt: skip
        self._db.execute(
            "UPDATE jobs SET place = number FROM (SELECT id AS job, row_number() OVER (ORDER BY place, id)"
            f" AS number FROM jobs WHERE state IN ({states}) AND priority = ?) WHERE id = job",
            (priority,),
        )
        return before, before + 1
