"""The worker process by itself: what it is, what it has not loaded, and that it ends with the app."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.executor import Done, Skipped, Task
from core.preview import Previewer
from core.slots import ProcessSlots
from core.wire import task_to_wire, to_line
from core.worker_process import Lifeline, WorkerGone, WorkerProcess, death_of
from tests.core.processes import is_gone, until
from tests.core.working_slots import FUNCTIONS, task, working

ROOT = Path(__file__).resolve().parent.parent.parent

# An app that starts two slots, sets both to work, says which processes there are, and waits to be killed.
APP = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[1])
from tests.core.working_slots import task, working

async def main():
    async with working(2) as slots:
        pids = [await slots.pid(0), await slots.pid(1)]
        runs = [await slots.begin(0, sys.argv[2], receipt=sys.argv[3])]
        print(*pids, flush=True)
        await asyncio.gather(*runs)

asyncio.run(main())
"""


def test_a_worker_has_no_qt_and_nothing_else_that_it_does_not_need() -> None:
    import PySide6.QtCore  # noqa: F401  # this process has it, as the app does

    async def main() -> set[str]:
        async with working() as processor:
            outcome = await processor.run(0, task("modules"))
            assert isinstance(outcome, Skipped)
            return set(outcome.reason.split())

    loaded = asyncio.run(main())
    assert "core" in loaded
    assert not loaded & {"PySide6", "shiboken6", "qasync", "psygnal", "gui", "sqlite3", "asyncio", "pytest"}


def test_the_real_work_loads_no_qt_either() -> None:
    script = (
        "import sys, core.worker, core.imaging.process as process; getattr(process, 'warm', int)();"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & {"PySide6", "shiboken6", "qasync", "psygnal", "gui", "sqlite3"}


def test_a_worker_is_modest_and_apart_from_the_app() -> None:
    async def main() -> tuple[str, ...]:
        async with working() as processor:
            outcome = await processor.run(0, task("circumstances"))
            assert isinstance(outcome, Done)
            return outcome.notes

    warming, nice, session, *rest = asyncio.run(main())
    assert int(warming) == os.nice(0), "beside a busy program it would take very long to get warm"
    assert int(nice) == 19
    assert session.split()[-2:] == ["nice", "19"]
    ignores_sigint, leads_its_group, core_limit, oom_score, reads, prints_together = rest
    assert ignores_sigint == "True"
    assert leads_its_group == "True"
    assert core_limit == "0"
    assert oom_score == "500"
    assert reads == os.devnull
    assert prints_together == "True"


def test_ctrl_c_belongs_to_the_app() -> None:
    async def main() -> None:
        async with working() as processor:
            pid = await processor.pid()
            os.kill(pid, signal.SIGINT)
            assert await processor.pid() == pid

    asyncio.run(main())


@pytest.mark.parametrize("function", ["hang", "hang_with_the_lock", "fork_and_hang"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_g7_workers_end_with_the_app_however_it_ends(
    function: str, end: signal.Signals, tmp_path: Path
) -> None:
    receipt = tmp_path / "pids"
    command = [sys.executable, "-c", APP, str(ROOT), function, str(receipt)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        pids = [int(one) for one in app.stdout.readline().split()]
        if receipt.exists():
            pids += [int(one) for one in receipt.read_text(encoding="ascii").split()]
        assert len(pids) == (4 if function == "fork_and_hang" else 2)
        assert not any(is_gone(pid) for pid in pids)
        app.send_signal(end)
        app.wait(20)
    until(lambda: all(is_gone(pid) for pid in pids))


def test_g7_no_slot_is_lost_where_the_system_takes_the_status_of_dead_children_itself() -> None:
    script = """if True:
        import asyncio, signal, sys
        sys.path.insert(0, sys.argv[1])
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as a program may be started by another
        from tests.core.working_slots import task, working

        async def main():
            async with working() as slots:
                print((await slots.error("leave:3")).code)
                print(await slots.run(0, task("nothing")))

        asyncio.run(main())
    """
    done = subprocess.run(
        [sys.executable, "-c", script, str(ROOT)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split("\n")[0] == "worker-crashed"
    assert done.stdout.split("\n")[1].startswith("Done(")


def a_task(function: str) -> bytes:
    return to_line(task_to_wire(Task(1, 1, function, "{}")))


def test_a_busy_worker_ends_when_the_lifeline_does_which_is_how_it_ends_with_the_app_where_no_signal_comes(
    tmp_path: Path,
) -> None:
    lifeline = Lifeline()
    worker = WorkerProcess(FUNCTIONS, None, lifeline)
    worker.wait_until_ready()
    worker.send(a_task("hang"))
    assert worker.receive() == {"progress": 0.5}
    lifeline.close()
    with pytest.raises(WorkerGone):
        worker.receive()
    assert worker.bury(dying=True) == -signal.SIGKILL


def test_an_idle_worker_ends_by_itself_when_its_requests_do() -> None:
    lifeline = Lifeline()
    worker = WorkerProcess(FUNCTIONS, None, lifeline)
    worker.wait_until_ready()
    worker._requests.close()
    with pytest.raises(WorkerGone):
        worker.receive()
    assert worker.bury(dying=True) == 0
    lifeline.close()


def test_a_worker_can_be_killed_and_buried_at_any_time_and_more_than_once() -> None:
    lifeline = Lifeline()
    # One that is never ready: another could have said that it is before the kill, on a busy machine.
    worker = WorkerProcess("tests.core.slow_worker:work", None, lifeline)
    worker.kill()
    with pytest.raises(WorkerGone):
        worker.wait_until_ready()
    assert worker.bury() == worker.bury() == -signal.SIGKILL
    worker.kill()
    worker.abort()
    lifeline.close()


def test_only_the_end_of_what_a_worker_prints_is_kept() -> None:
    lifeline = Lifeline()
    worker = WorkerProcess(FUNCTIONS, None, lifeline)
    worker.wait_until_ready()
    worker.send(a_task("make_noise"))
    assert worker.receive()["notes"] == ["quiet"]
    worker.bury()
    assert 0 < len(worker.last_words()) <= 8_000
    lifeline.close()


def test_how_a_process_died_is_named() -> None:
    assert death_of(0) == "exit status 0"
    assert death_of(-11) == "signal SIGSEGV"
    assert death_of(-63) == "signal 63"


def test_a_worker_that_a_person_waits_for_does_not_yield_to_those_of_the_queue(tmp_path: Path) -> None:
    async def main() -> tuple[str, ...]:
        processor = ProcessSlots(memory_limit=None, work=FUNCTIONS, yields=False)
        await processor.start(1, lambda job, fraction: None)
        outcome = await processor.run(0, task("circumstances"))
        await processor.close()
        assert isinstance(outcome, Done)
        return outcome.notes

    _, nice, *_ = asyncio.run(main())
    assert int(nice) == os.nice(0)
    ours = Previewer(tmp_path)._processor
    assert isinstance(ours, ProcessSlots)
    assert not ours._yields
