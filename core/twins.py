"""Numbers the sources whose outputs would have the same names, before any of them runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from core.job import ENDED


class Twins:
    """Tells of each new source whether it is a duplicate, and which number its names get."""

    def __init__(self, db: sqlite3.Connection, recipe: int) -> None:
        self._db = db
        self._recipe = recipe
        self._known: dict[int, dict[str, tuple[int, bool]]] = {}  # key -> source -> (twin, still live)
        self._last: dict[int, int] = {}  # key -> the highest number that was given

    def look_up(self, keys: Sequence[int]) -> None:
        """Read from the store what it has under these keys."""
        wanted = [key for key in set(keys) if key not in self._known]
        rows = self._db.execute(
            "SELECT name_key, folder || name, twin, state, recipe FROM jobs"
            " WHERE name_key IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(wanted),),
        )
        for key, source, twin, state, recipe in rows:
            live = recipe == self._recipe and state not in ENDED
            _, was_live = self._known.setdefault(key, {}).get(source, (0, False))
            self._known[key][source] = (twin, live or was_live)
            self._last[key] = max(self._last.get(key, 0), twin)

    def number_of(self, key: int, source: str, *, keep_duplicates: bool, least: int = 1) -> int | None:
        """Return the source's number among those of its key, from `least`; None for a duplicate."""
        sources = self._known.get(key)
        if sources is None:
            self._known[key] = {source: (least, True)}
            self._last[key] = least
            return least
        twin, live = sources.get(source, (0, False))
        if live and not keep_duplicates:
            return None
        if not twin:
            twin = self._last[key] = max(least, 1 + self._last[key])
        sources[source] = (twin, True)
        return twin
