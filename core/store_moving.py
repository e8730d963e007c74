"""Takes jobs into the store that have waited in another one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from core.job import JobState
from core.links.address import is_link
from core.status import Accepted
from core.store_base import CHUNK, name_bytes
from core.store_wishes import StoreWishes
from core.twins import Twins


class MovedJob(NamedTuple):
    """A waiting job on its way from one queue to another."""

    source: str  # an absolute path, or a link
    recipe: int  # its number among the recipes that travel with it
    priority: int = 0
    held: bool = False  # whether it stays held where it arrives
    attempts: int = 0  # counted attempts that it has had
    max_retries: int = 3  # attempts after the first
    batch_index: int = 1  # its place in the batch with which it was added, for `{index}` in names
    twin: int = 1  # its number among the sources whose outputs would have the same names
    depth: int = 0  # how many folders it is below the one that was given

    @property
    def root(self) -> str:
        """The folder that was given, with the source below it; "" where it was in no folder below one."""
        if not self.depth or is_link(self.source):
            return ""
        folder = os.path.dirname(self.source)  # noqa: PTH120 (of very many)
        for _ in range(self.depth):
            folder = os.path.dirname(folder)  # noqa: PTH120
        return folder


class StoreMoving(StoreWishes):
    """The change that brings jobs of another store in."""

    def take_in(
        self,
        jobs: Sequence[MovedJob],
        name_keys: Sequence[int],
        recipes: Sequence[tuple[str, str, str]],
        counted: Sequence[bool],
        now: float,
    ) -> Accepted:
        """Accept jobs, all of them or none, behind those of their priority that are here, in this order.

        `recipes` are (digest, name, body as JSON); `MovedJob.recipe` counts them from 0. Whether
        `counted` is as of `NewJobs`, for each recipe. Duplicates are left out, as by `JobStore.add`.
        """
        with self.transaction():
            ids = [self.recipe_id(*one) for one in recipes]
            twins = [Twins(self._db, one) for one in ids]
            first = following = self.next_id()
            held = numbered = 0
            for start in range(0, len(jobs), CHUNK):
                chunk, keys = jobs[start : start + CHUNK], name_keys[start : start + CHUNK]
                wanted: list[list[int]] = [[] for _ in ids]
                for job, key in zip(chunk, keys, strict=True):
                    wanted[job.recipe].append(key)
                for known, its in zip(twins, wanted, strict=True):
                    if its:
                        known.look_up(its)
                rows: list[tuple[object, ...]] = []
                for job, key in zip(chunk, keys, strict=True):
                    twin = twins[job.recipe].number_of(key, job.source, keep_duplicates=False, least=job.twin)
                    if twin is None:
                        continue
                    cut = job.source.rfind(os.sep) + 1
                    held += job.held
                    numbered += twin > 1 and not counted[job.recipe]
                    root = len(os.path.join(job.root, "")) if job.root else 0  # noqa: PTH118
                    rows.append(
                        (following, name_bytes(job.source[:cut]), name_bytes(job.source[cut:]),
                         ids[job.recipe], job.priority, following,
                         JobState.HELD if job.held else JobState.QUEUED, key, twin,
                         twin if counted[job.recipe] else job.batch_index,
                         job.attempts, job.attempts, job.max_retries, now, root)
                    )  # fmt: skip
                    following += 1
                self._db.executemany(
                    "INSERT INTO jobs (id, folder, name, recipe, priority, place, state, name_key, twin,"
                    " batch_index, attempts, runs, max_retries, added_at, root)"
                    " VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )
            self.keep_added(range(first, following))
            self.count(None, JobState.HELD, held)
            self.count(None, JobState.QUEUED, following - first - held)
            return Accepted(range(first, following), len(jobs) - (following - first), numbered)
