"""What was done on which day: kept beside the jobs, and longer than they are."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from core.store_steps import StoreSteps

MOST_LINES: Final = 20_000
"""Lines of the history that are kept, the latest days first: some 3 MB."""

_TRIM_EVERY: Final = 10_000  # ends of jobs between two looks at how long it has become

_NOTE: Final = (
    "INSERT INTO history SELECT ?, folder, recipes.name, ?, ?, ?, {sizes}, COALESCE(seconds, 0)"
    " FROM jobs JOIN recipes ON recipes.id = jobs.recipe WHERE jobs.id = ?"
    " ON CONFLICT (day, folder, recipe) DO UPDATE SET done = done + excluded.done,"
    " skipped = skipped + excluded.skipped, failed = failed + excluded.failed,"
    " source_bytes = source_bytes + excluded.source_bytes,"
    " output_bytes = output_bytes + excluded.output_bytes, seconds = seconds + excluded.seconds"
)
_NOTE_DONE: Final = _NOTE.format(sizes="COALESCE(source_bytes, 0), COALESCE(output_bytes, 0)")
_NOTE_OTHER: Final = _NOTE.format(sizes="0, 0")


class StoreHistory(StoreSteps):
    """One line for each day, folder of sources and recipe; written in the transaction in which a job ends."""

    _noted = 0

    def note_end(self, job: int, at: float, *, done: bool = False, skipped: bool = False) -> None:
        """Count a job that has just ended, at `at` in seconds since the epoch, on its day by local time.

        One that is neither done nor skipped has failed.
        """
        failed = not done and not skipped
        day = f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d}"
        self._db.execute(_NOTE_DONE if done else _NOTE_OTHER, (day, done, skipped, failed, job))
        self._noted += 1
        if self._noted % _TRIM_EVERY == 0:
            self.trim_history()

    def trim_history(self, most: int = MOST_LINES) -> None:
        """Forget the oldest lines of a history that has more than `most`."""
        with self.transaction():
            self._db.execute(
                "DELETE FROM history WHERE (day, folder, recipe) IN (SELECT day, folder, recipe FROM history"
                " ORDER BY day DESC, folder, recipe LIMIT -1 OFFSET ?)",
                (most,),
            )

    def forget_history(self) -> None:
        """Forget what was done on any day; the jobs stay."""
        with self.transaction():
            self._db.execute("DELETE FROM history")
