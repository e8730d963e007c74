"""What the user asks for jobs, as changes in the store; jobs that they do not apply to are passed over."""

from __future__ import annotations

import json
from collections.abc import Sequence

from core.job import JobState, OutputFile
from core.store_base import NO_ERROR
from core.store_order import StoreOrder
from core.store_steps import Kept


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
            self.keep(Kept.STATE, ids, old, new)
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

    def note_unmade(self, job: int, left: Sequence[OutputFile], note: str) -> list[int]:
        """Note of a job that is done which of its outputs are left, and why."""
        outputs = json.dumps([(o.path, o.bytes, o.width, o.height, o.name) for o in left])
        with self.transaction():
            self._db.execute(
                "UPDATE jobs SET outputs = ?, output_bytes = ? WHERE state = 'done' AND id = ?",
                (outputs, sum(one.bytes for one in left) if left else None, job),
            )
            return self.add_note(job, note)

    def add_note(self, job: int, note: str) -> list[int]:
        """Add a sentence to the notes of a job that is done."""
        with self.transaction():
            return self.for_ids(
                "UPDATE jobs SET reason = LTRIM(COALESCE(reason, '') || ' ' || CAST(? AS TEXT))"
                " WHERE state = 'done' AND {ids} RETURNING id",
                [job],
                (note.encode("utf-8", "replace"),),
            )
