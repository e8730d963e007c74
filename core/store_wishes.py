"""What the user asks for jobs, as changes in the store; jobs that they do not apply to are passed over."""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.job import JobState
from core.store_base import CHUNK, NO_ERROR
from core.store_order import StoreOrder


class StoreWishes(StoreOrder):
    """The changes that the user makes; each is one transaction and returns the ids that changed."""

    def cancel(self, ids: Sequence[int], now: float) -> list[int]:
        """Give up: queued, retrying, held -> cancelled. Running ones are ended by the queue first."""
        return self._change(
            ids, (JobState.QUEUED, JobState.RETRYING, JobState.HELD), JobState.CANCELLED,
            "ended_at = ?, due_at = NULL, backoff = NULL", (now,),
        )  # fmt: skip

    def hold(self, ids: Sequence[int]) -> list[int]:
        """Keep back: queued, retrying -> held."""
        return self._change(
            ids, (JobState.QUEUED, JobState.RETRYING), JobState.HELD, "due_at = NULL, backoff = NULL"
        )

    def release(self, ids: Sequence[int]) -> list[int]:
        """Let go again: held -> queued, at its old place."""
        return self._change(ids, (JobState.HELD,), JobState.QUEUED, "ended_at = NULL")

    def retry(self, ids: Sequence[int]) -> list[int]:
        """Try again: failed, cancelled -> queued with all attempts anew; retrying -> queued at once."""
        with self.transaction():
            fresh = self._change(
                ids, (JobState.FAILED, JobState.CANCELLED), JobState.QUEUED,
                f"attempts = 0, ended_at = NULL, {NO_ERROR}",
            )  # fmt: skip
            return fresh + self._change(
                ids, (JobState.RETRYING,), JobState.QUEUED, "due_at = NULL, backoff = NULL"
            )

    def _change(
        self, ids: Sequence[int], old: tuple[JobState, ...], new: JobState, assignments: str,
        values: tuple[object, ...] = (),
    ) -> list[int]:  # fmt: skip
        changed: list[int] = []
        with self.transaction():
            for state in old:
                rows = self.for_ids(
                    f"UPDATE jobs SET state = '{new}', {assignments} WHERE state = '{state}' AND {{ids}}"
                    " RETURNING id",
                    ids,
                    values,
                )
                self.count(state, new, len(rows))
                changed += rows
        return changed

    def add_note(self, job: int, note: str) -> list[int]:
        """Add a sentence to the notes of a job that is done."""
        with self.transaction():
            return self.for_ids(
                "UPDATE jobs SET reason = LTRIM(COALESCE(reason, '') || ' ' || CAST(? AS TEXT))"
                " WHERE state = 'done' AND {ids} RETURNING id",
                [job],
                (note.encode("utf-8", "replace"),),
            )

    def remove(self, ids: Sequence[int], *, more: bool = False) -> list[int]:
        """Forget jobs with their attempts, in any state but running; `restore` brings the last ones back.

        more: whether these belong to what was removed last, and come back together with it.
        """
        removed: list[int] = []
        with self.transaction():
            if not more:
                self.forget_removed()
            for start in range(0, len(ids), CHUNK):
                chunk = ids[start : start + CHUNK]
                here = "WHERE state <> 'running' AND {ids}"
                self.for_ids(f"INSERT INTO removed_jobs SELECT * FROM jobs {here}", chunk)
                for state, number in self._states_of(chunk).items():
                    self.count(state, None, number)
                gone = self.for_ids(f"DELETE FROM jobs {here} RETURNING id", chunk)
                where = "WHERE {ids}"
                self.for_ids(
                    f"INSERT INTO removed_attempts SELECT * FROM attempts {where}", gone, column="job"
                )
                self.for_ids(f"DELETE FROM attempts {where}", gone, column="job")
                removed += gone
        return removed

    def _states_of(self, ids: Sequence[int]) -> dict[JobState, int]:
        """Return how many of these jobs are in each state, but for running ones."""
        rows = self._db.execute(
            "SELECT state, COUNT(*) FROM jobs WHERE state <> 'running'"
            " AND id IN (SELECT value FROM json_each(?)) GROUP BY state",
            (json.dumps(list(ids)),),
        )
        return {JobState(state): number for state, number in rows}

    def restore(self) -> list[int]:
        """Bring back what was removed last, as it was, at its old places; returns the ids."""
        with self.transaction():
            rows = self._db.execute("SELECT id, state FROM removed_jobs ORDER BY id").fetchall()
            self._db.execute("INSERT INTO jobs SELECT * FROM removed_jobs")
            self._db.execute("INSERT INTO attempts SELECT * FROM removed_attempts")
            for _, state in rows:
                self.count(None, JobState(state))
            self.forget_removed()
        return [job for job, _ in rows]

    def forget_removed(self) -> None:
        """Let go of what could still be restored."""
        with self.transaction():
            self._db.execute("DELETE FROM removed_jobs")
            self._db.execute("DELETE FROM removed_attempts")
