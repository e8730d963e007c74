"""The store makes the legal changes of state, whole and guarded, and no others."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import IllegalChange, StoreUnusable
from core.executor import Done
from core.job import LEGAL_CHANGES, Attempt, AttemptEnd, JobError, JobState, OutputFile
from core.status import Accepted, JobQuery, SortKey
from core.store import Ended, JobStore, NewJobs, StaleAttempt
from core.store_reader import StoreReader

NOW = 1_700_000_000.0
ERROR = JobError("io-error", "The disk hiccuped.", True, "a traceback")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    made = JobStore(tmp_path / "queue.sqlite3")
    yield made
    made.close()


@pytest.fixture
def reader(store: JobStore, tmp_path: Path) -> Iterator[StoreReader]:
    made = StoreReader(tmp_path / "queue.sqlite3")
    yield made
    made.close()


def batch(*sources: str, priority: int = 0, keys: list[int] | None = None, recipe: str = "r") -> NewJobs:
    names = list(sources) or ["/photos/a.jpg"]
    keys = keys or [hash(name) for name in names]
    return NewJobs(names, keys, recipe, f"digest-{recipe}", '{"a": 1}', priority, 3)


def add(store: JobStore, *sources: str, priority: int = 0) -> list[int]:
    return list(store.add(batch(*sources, priority=priority), NOW).ids)


def taken(accepted: Accepted) -> tuple[list[int], int]:
    return list(accepted.ids), accepted.duplicates


def ended(job: int, attempt: int = 1) -> Ended:
    return Ended(job, attempt, NOW + 5, 0.25)


def bring_to(store: JobStore, state: JobState) -> int:
    """Make a job and lead it to a state by the store's own methods."""
    (job,) = add(store, f"/photos/{state}.jpg", priority=99)
    if state in (JobState.HELD,):
        store.hold([job])
    elif state is JobState.CANCELLED:
        store.cancel([job], NOW)
    elif state is not JobState.QUEUED:
        store.do_next([job])
        (claimed,) = store.claim([0], NOW)
        assert claimed.job_id == job
        finishes: dict[JobState, Callable[[], None]] = {
            JobState.RUNNING: lambda: None,
            JobState.DONE: lambda: store.finish(ended(job), Done()),
            JobState.SKIPPED: lambda: store.skip(ended(job), "It is there.", 1),
            JobState.FAILED: lambda: store.fail(ended(job), ERROR),
            JobState.RETRYING: lambda: store.retry_later(ended(job), ERROR, 10),
        }
        finishes[state]()
    return job


METHODS: dict[str, tuple[Callable[[JobStore, int], object], dict[JobState, JobState]]] = {
    "claim": (lambda s, j: s.claim([0], NOW), {JobState.QUEUED: JobState.RUNNING}),
    "finish": (lambda s, j: s.finish(ended(j), Done()), {JobState.RUNNING: JobState.DONE}),
    "skip": (lambda s, j: s.skip(ended(j), "why", None), {JobState.RUNNING: JobState.SKIPPED}),
    "fail": (lambda s, j: s.fail(ended(j), ERROR), {JobState.RUNNING: JobState.FAILED}),
    "retry_later": (lambda s, j: s.retry_later(ended(j), ERROR, 1), {JobState.RUNNING: JobState.RETRYING}),
    "put_back": (lambda s, j: s.put_back(ended(j)), {JobState.RUNNING: JobState.QUEUED}),
    "put_back_after_crash": (
        lambda s, j: s.put_back_after_crash(ended(j), ERROR),
        {JobState.RUNNING: JobState.QUEUED},
    ),
    "cancel_running": (lambda s, j: s.cancel_running(ended(j)), {JobState.RUNNING: JobState.CANCELLED}),
    "wake_due": (lambda s, j: s.wake_due(NOW + 99), {JobState.RETRYING: JobState.QUEUED}),
    "cancel": (
        lambda s, j: s.cancel([j], NOW),
        dict.fromkeys((JobState.QUEUED, JobState.RETRYING, JobState.HELD), JobState.CANCELLED),
    ),
    "hold": (
        lambda s, j: s.hold([j]),
        dict.fromkeys((JobState.QUEUED, JobState.RETRYING), JobState.HELD),
    ),
    "release": (lambda s, j: s.release([j]), {JobState.HELD: JobState.QUEUED}),
    "retry": (
        lambda s, j: s.retry([j]),
        dict.fromkeys((JobState.FAILED, JobState.CANCELLED, JobState.RETRYING), JobState.QUEUED),
    ),
}


def state_of(reader: StoreReader, job: int) -> JobState:
    (found,) = reader.jobs([job])
    return found.state


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("state", list(JobState))
def test_g2_each_method_makes_its_legal_changes_and_no_other(
    store: JobStore, reader: StoreReader, state: JobState, method: str
) -> None:
    call, legal = METHODS[method]
    job = bring_to(store, state)
    before = dict(store.counts)
    if state in legal:
        call(store, job)
        assert state_of(reader, job) is legal[state]
        assert (state, legal[state]) in LEGAL_CHANGES
    else:
        try:
            changed = call(store, job)
        except IllegalChange:
            changed = []
        assert not changed
        assert state_of(reader, job) is state
        assert store.counts == before
    assert store.counts == reader.counts()


def test_g2_the_methods_together_make_every_change_of_the_table() -> None:
    made = {(old, new) for _, legal in METHODS.values() for old, new in legal.items()}
    assert made == LEGAL_CHANGES


@pytest.mark.parametrize("old", list(JobState))
@pytest.mark.parametrize("new", list(JobState))
def test_g2_the_store_itself_refuses_a_change_that_is_not_in_the_table(
    store: JobStore, old: JobState, new: JobState
) -> None:
    job = bring_to(store, old)
    statement = "UPDATE jobs SET state = ? WHERE id = ?"
    if (old, new) in LEGAL_CHANGES:
        store._db.execute(statement, (new, job))
    else:
        with pytest.raises(sqlite3.IntegrityError, match="illegal change"):
            store._db.execute(statement, (new, job))


def test_g2_a_result_of_an_earlier_attempt_is_refused(store: JobStore, reader: StoreReader) -> None:
    job = bring_to(store, JobState.RUNNING)
    store.put_back(ended(job))
    store.claim([1], NOW)
    with pytest.raises(StaleAttempt):
        store.finish(ended(job, attempt=1), Done())
    assert state_of(reader, job) is JobState.RUNNING
    store.finish(ended(job, attempt=2), Done())
    assert state_of(reader, job) is JobState.DONE


def test_g1_a_batch_is_accepted_whole_or_not_at_all(store: JobStore, reader: StoreReader) -> None:
    bad = NewJobs(["/a.jpg", "/b.jpg"], [1, 2], "r", "d", "{}", 2**70, 3)  # SQLite cannot hold the priority
    with pytest.raises(OverflowError):
        store.add(bad, NOW)
    assert len(reader.find(JobQuery())) == 0
    assert store.counts == reader.counts()


def test_g8_higher_priority_runs_first_and_equals_in_order_of_arrival(store: JobStore) -> None:
    low = add(store, "/l1", "/l2", priority=-10)
    normal = add(store, "/n1", "/n2")
    high = add(store, "/h1", "/h2", priority=10)
    order = [claimed.job_id for claimed in store.claim(range(9), NOW)]
    assert order == [*high, *normal, *low]


def test_g8_a_job_keeps_its_place_over_holds_retries_and_put_backs(store: JobStore) -> None:
    first, second, third = add(store, "/1", "/2", "/3")
    store.hold([first])
    store.release([first])
    (claimed,) = store.claim([0], NOW)
    assert claimed.job_id == first
    store.retry_later(ended(first), ERROR, 1)
    store.wake_due(NOW + 99)
    (claimed,) = store.claim([0], NOW)
    assert claimed.job_id == first
    store.put_back(ended(first, attempt=2))
    assert [c.job_id for c in store.claim(range(3), NOW)] == [first, second, third]


def test_g8_a_changed_priority_moves_a_job_and_changing_it_back_restores_its_place(store: JobStore) -> None:
    first, second, third = add(store, "/1", "/2", "/3")
    store.set_priority([second], 10)
    store.set_priority([second], 0)
    store.set_priority([third], 5)
    assert [c.job_id for c in store.claim(range(3), NOW)] == [third, first, second]


def test_do_next_puts_jobs_before_all_others_in_the_order_given(store: JobStore) -> None:
    jobs = add(store, *(f"/{n}" for n in range(5)))
    urgent = add(store, "/urgent", priority=10)
    store.do_next([jobs[3], jobs[1]])
    assert [c.job_id for c in store.claim(range(3), NOW)] == [jobs[3], jobs[1], *urgent]


def test_g8_the_aging_option_lets_an_old_job_pass_the_higher_ones(tmp_path: Path) -> None:
    store = JobStore(tmp_path / "aging.sqlite3", aging=True)
    (old,) = store.add(batch("/old", priority=-10), NOW - 1_000).ids
    store.add(batch("/new", priority=10), NOW)
    assert store.claim([0], NOW, oldest_before=NOW - 500)[0].job_id == old
    store.close()


def test_all_attempts_are_kept_with_their_errors(store: JobStore, reader: StoreReader) -> None:
    job = bring_to(store, JobState.RETRYING)
    store.wake_due(NOW + 99)
    store.claim([2], NOW + 99)
    running = reader.attempts(job)[-1]
    assert running == Attempt(2, 2, NOW + 99, None, AttemptEnd.RUNNING)
    store.fail(ended(job, attempt=2), JobError("not-an-image", "It is a text.", False))
    attempts = reader.attempts(job)
    assert [a.end for a in attempts] == [AttemptEnd.FAILED, AttemptEnd.FAILED]
    assert attempts[0].error == ERROR
    assert attempts[1].error == JobError("not-an-image", "It is a text.", False)
    assert attempts[1].worker == 2


def test_an_attempt_that_was_put_back_in_order_does_not_count(store: JobStore, reader: StoreReader) -> None:
    job = bring_to(store, JobState.RUNNING)
    store.put_back(ended(job))
    assert reader.jobs([job])[0].attempts == 0
    store.claim([0], NOW)
    store.put_back_after_crash(ended(job, attempt=2), ERROR)
    assert reader.jobs([job])[0].attempts == 1


def test_a_done_job_tells_its_outputs_and_sizes(store: JobStore, reader: StoreReader) -> None:
    job = bring_to(store, JobState.RUNNING)
    files = (OutputFile("/out/a-1.jpg", 10, 4, 3, "thumb"), OutputFile("/out/a-2.jpg", 30, 8, 6, "copy"))
    store.finish(ended(job), Done(files, 100, 40, 30, ("The metadata was broken.",)))
    (found,) = reader.jobs([job])
    assert found.outputs == files
    assert (found.source_bytes, found.output_bytes, found.width, found.height) == (100, 40, 40, 30)
    assert found.reason == "The metadata was broken."
    assert found.seconds == 0.25


def test_names_that_are_no_unicode_come_back_as_they_were(store: JobStore, reader: StoreReader) -> None:
    source = b"/photos/caf\xe9/im\xffage.jpg".decode("utf-8", "surrogateescape")
    (job,) = add(store, source)
    assert reader.jobs([job])[0].source == source
    assert list(reader.find(JobQuery(text="age.jp"))) == [job]


def test_the_same_source_with_the_same_recipe_is_taken_once_while_it_waits(store: JobStore) -> None:
    keys = [1, 2, 1]
    ids, duplicates = taken(store.add(batch("/a", "/b", "/a", keys=keys), NOW))
    assert (len(ids), duplicates) == (2, 1)
    ids, duplicates = taken(store.add(batch("/a", "/b", "/a", keys=keys), NOW))
    assert (len(ids), duplicates) == (0, 3)
    store.cancel([1], NOW)
    ids, duplicates = taken(store.add(batch("/a", "/b", keys=[1, 2]), NOW))
    assert (len(ids), duplicates) == (1, 1)
    ids, duplicates = taken(store.add(batch("/a", keys=[1], recipe="other"), NOW))
    assert (len(ids), duplicates) == (1, 0)


def test_sources_whose_outputs_would_have_one_name_are_numbered_over_the_whole_queue(store: JobStore) -> None:
    store.add(batch("/x/a.jpg", "/y/a.jpg", "/x/b.jpg", keys=[7, 7, 8]), NOW)
    store.add(batch("/z/a.jpg", keys=[7]), NOW)
    twins = {c.source: c.twin for c in store.claim(range(4), NOW)}
    assert twins == {"/x/a.jpg": 1, "/y/a.jpg": 2, "/x/b.jpg": 1, "/z/a.jpg": 3}


def test_a_source_that_comes_again_keeps_its_number(store: JobStore) -> None:
    store.add(batch("/x/a.jpg", "/y/a.jpg", keys=[7, 7]), NOW)
    store.cancel([1, 2], NOW)
    store.add(batch("/y/a.jpg", keys=[7]), NOW)
    assert store.claim([0], NOW)[0].twin == 2


def test_ids_are_never_used_again(store: JobStore) -> None:
    (last,) = add(store, "/a")
    store.remove([last])
    assert add(store, "/b") == [last + 1]


def test_removing_forgets_attempts_and_leaves_running_jobs_alone(
    store: JobStore, reader: StoreReader
) -> None:
    failed = bring_to(store, JobState.FAILED)
    running = bring_to(store, JobState.RUNNING)
    assert store.remove([failed, running]) == [failed]
    assert reader.attempts(failed) == []
    assert list(reader.find(JobQuery())) == [running]
    assert store.counts == reader.counts()


def test_what_was_removed_last_comes_back_as_it_was(store: JobStore, reader: StoreReader) -> None:
    jobs = [bring_to(store, state) for state in JobState if state is not JobState.RUNNING]
    before = reader.jobs(jobs), [reader.attempts(job) for job in jobs], dict(store.counts)
    assert sorted(store.within(1, lambda: store.remove(jobs))) == jobs
    assert store.take_back(1, 2, 100).added == jobs
    assert (reader.jobs(jobs), [reader.attempts(job) for job in jobs], store.counts) == before
    assert store.take_back(1, 2, 100).added == []


def test_retry_gives_all_attempts_anew_and_keeps_the_log(store: JobStore, reader: StoreReader) -> None:
    job = bring_to(store, JobState.FAILED)
    store.retry([job])
    (found,) = reader.jobs([job])
    assert (found.attempts, found.error, found.state) == (0, None, JobState.QUEUED)
    assert len(reader.attempts(job)) == 1
    assert store.claim([0], NOW)[0].attempt == 2


@pytest.mark.parametrize("set_by", [1e9, 3_600.0, 4.0, -4.0, -3_600.0, -1e9])
def test_g9_a_clock_that_was_set_before_a_start_within_one_boot_changes_no_backoff(
    store: JobStore, reader: StoreReader, set_by: float
) -> None:
    store.anchor_backoffs(NOW, "a boot", NOW - 500)
    job = bring_to(store, JobState.RETRYING)  # due 10 seconds after its end
    due = reader.jobs([job])[0].due_at
    assert due is not None
    store.anchor_backoffs(due - 3 + set_by, "a boot", NOW - 500 + set_by)
    assert reader.jobs([job])[0].due_at == pytest.approx(due + set_by, abs=1e-6)
    store.anchor_backoffs(due - 2 + set_by, "a boot", NOW - 500 + set_by)  # once is enough
    assert reader.jobs([job])[0].due_at == pytest.approx(due + set_by, abs=1e-6)


@pytest.mark.parametrize("boots", [("one boot", "another"), ("", ""), ("a boot", "")])
def test_g9_a_clock_set_back_over_a_boot_makes_no_backoff_longer_and_one_set_forward_is_trusted(
    store: JobStore, reader: StoreReader, boots: tuple[str, str]
) -> None:
    store.anchor_backoffs(NOW, boots[0], NOW - 500)
    job = bring_to(store, JobState.RETRYING)  # due 10 seconds after its end
    due = reader.jobs([job])[0].due_at
    store.anchor_backoffs(NOW + 1e6, boots[1], NOW + 1e6)
    assert reader.jobs([job])[0].due_at == due  # it has passed, as after a week in which the machine was off
    long_ago = NOW - 1e6
    store.anchor_backoffs(long_ago, boots[0], long_ago)
    assert reader.jobs([job])[0].due_at == long_ago + 10


def test_g9_a_backoff_of_which_a_damaged_store_kept_only_half_has_passed(
    store: JobStore, reader: StoreReader
) -> None:
    job = bring_to(store, JobState.RETRYING)
    store._db.execute("UPDATE jobs SET backoff = NULL")
    store._db.execute("INSERT INTO meta VALUES ('boot', 'a boot'), ('booted_at', 'x')")
    store.anchor_backoffs(NOW, "a boot", NOW)
    assert store.wake_due(NOW) == [job]


@pytest.mark.parametrize("sort", list(SortKey))
@pytest.mark.parametrize("descending", [False, True])
def test_every_sort_lists_every_job_once(
    store: JobStore, reader: StoreReader, sort: SortKey, descending: bool
) -> None:
    jobs = {bring_to(store, state) for state in JobState}
    found = reader.find(JobQuery(sort=sort, descending=descending))
    assert sorted(found) == sorted(jobs)


def test_jobs_are_found_by_state_and_by_part_of_their_path(store: JobStore, reader: StoreReader) -> None:
    beach, wood, odd = add(store, "/holiday/Beach.jpg", "/holiday/wood.png", "/odd/100%_x.png")
    store.hold([wood])
    assert list(reader.find(JobQuery(text="BEACH"))) == [beach]
    assert list(reader.find(JobQuery(text="holiday", states=frozenset({JobState.HELD})))) == [wood]
    assert list(reader.find(JobQuery(text="%_"))) == [odd]
    assert list(reader.find(JobQuery(sort=SortKey.NAME, descending=True))) == [wood, beach, odd]


def test_what_is_read_follows_the_order_asked_for(store: JobStore, reader: StoreReader) -> None:
    first, second, third = add(store, "/1", "/2", "/3")
    store.remove([second])
    assert [job.id for job in reader.jobs([third, second, first])] == [third, first]


def test_a_job_knows_the_folder_that_was_given(store: JobStore, reader: StoreReader) -> None:
    caf = b"/in/caf\xe9".decode("utf-8", "surrogateescape")
    sources = [f"{caf}/a.jpg", f"{caf}/x/\u00fc/b.jpg"]
    store.add(NewJobs(sources, [1, 2], "r", "d", "{}", 0, 3, caf), NOW)
    store.add(NewJobs(["/c.jpg", "/in/d.jpg"], [3, 4], "r", "d", "{}", 0, 3, "/"), NOW)
    add(store, "/in/e.jpg")
    assert [job.root for job in reader.jobs([1, 2, 3, 4, 5])] == [f"{caf}/", f"{caf}/", "/", "/", ""]
    claimed = store.claim(range(5), NOW)
    assert [one.below for one in claimed] == ["", "x/\u00fc", "", "in", ""]


def test_the_number_of_a_counted_source_is_its_index_over_all_batches(store: JobStore) -> None:
    def counted(*names: str) -> NewJobs:
        return NewJobs(names, [9] * len(names), "r", "d", "{}", 0, 3, counted=True)

    assert store.add(counted("/a", "/b"), NOW).numbered == 0
    store.add(counted("/c", "/a"), NOW, first_index=1)
    assert [(one.twin, one.batch_index) for one in store.claim(range(3), NOW)] == [(1, 1), (2, 2), (3, 3)]


def test_how_many_get_a_number_is_told_when_they_are_accepted(store: JobStore) -> None:
    assert store.add(batch("/x/a.jpg", "/y/a.jpg", "/x/b.jpg", keys=[7, 7, 8]), NOW).numbered == 1
    assert store.add(batch("/z/a.jpg", keys=[7]), NOW).numbered == 1
    assert store.add(batch("/z/c.jpg", keys=[9]), NOW).numbered == 0


def test_very_many_sources_that_share_a_key_are_numbered_in_one_go(store: JobStore) -> None:
    names = [f"/p/{number}.jpg" for number in range(20_000)]
    assert store.add(batch(*names, keys=[1] * len(names)), NOW).numbered == len(names) - 1


def test_a_file_that_is_no_store_is_set_aside_and_never_deleted(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite3"
    path.write_bytes(b"this is not a store" * 100)
    store = JobStore(path)
    assert Path(store.set_aside).read_bytes().startswith(b"this is not a store")
    assert add(store, "/a") == [1]
    store.close()


def test_a_store_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable):
        JobStore(tmp_path / "file" / "queue.sqlite3")


def test_the_next_job_is_found_without_looking_at_the_others(store: JobStore) -> None:
    """A batch job among very many costs no more than among few: the plan uses the index."""
    add(store, *(f"/{n}" for n in range(100)))
    plan = store._db.execute(
        "EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE state = 'queued' ORDER BY priority DESC, place LIMIT 1"
    ).fetchall()
    assert "jobs_next" in plan[0][3]
    assert "TEMP B-TREE" not in str(plan)


def test_times_are_the_callers_and_not_the_machines(store: JobStore, reader: StoreReader) -> None:
    (job,) = add(store, "/a")
    assert reader.jobs([job])[0].added_at == NOW
    assert time.time() > NOW
