"""Several images become one file by one job, which the queue keeps as it keeps any other."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from PIL import Image

from core.gathered import read_list
from core.intake.adding import add_paths
from core.job import JobState
from core.links.kept import gathered_folder, pictures_folder
from core.queue import TaskQueue
from core.recipe import find_recipe
from core.slots import ProcessSlots
from core.status import JobQuery
from tests.conftest import RunOnLoop
from tests.core.bench import opened

ONE_PDF = find_recipe("One PDF")


def fill(folder: Path, number: int) -> list[Path]:
    folder.mkdir(parents=True)
    for one in range(number):
        Image.new("RGB", (60, 40 + one)).save(folder / f"{one}.png")
    return sorted(folder.iterdir())


def test_a_folder_becomes_one_pdf_through_the_queue(run_on_loop: RunOnLoop, tmp_path: Path) -> None:
    fill(tmp_path / "Holiday", 3)

    async def story() -> None:
        queue = TaskQueue(tmp_path / "data", ProcessSlots(memory_limit=None), concurrency=1)
        await queue.open()
        try:
            await add_paths(queue, [tmp_path / "Holiday"], ONE_PDF, data_dir=tmp_path / "data")
            await queue.start()
            await queue.drained()
            (job,) = await queue.jobs(await queue.find(JobQuery()))
            assert job.state is JobState.DONE
            assert [one.path for one in job.outputs] == [str(tmp_path / "Holiday" / "Holiday.pdf")]
        finally:
            await queue.close()

    run_on_loop(story())
    with pypdfium2.PdfDocument(tmp_path / "Holiday" / "Holiday.pdf") as made:
        assert len(made) == 3


def test_g1_a_list_and_what_it_names_are_kept_until_no_job_needs_them(
    run_on_loop: RunOnLoop, tmp_path: Path
) -> None:
    async def story() -> None:
        async with opened(tmp_path) as bench:
            pictures = fill(pictures_folder(tmp_path), 2)  # pasted ones, which the app keeps itself
            recipe = ONE_PDF.with_folder(tmp_path / "out")
            summary = await add_paths(bench.queue, pictures, recipe, data_dir=tmp_path)
            assert summary.added == 1
        async with opened(tmp_path) as bench:
            ids = await bench.queue.find(JobQuery())
            (job,) = await bench.queue.jobs(ids)
            assert read_list(job.source) == [str(one) for one in pictures]
            assert all(one.exists() for one in pictures)
            await bench.queue.remove(ids)
        async with opened(tmp_path):
            assert list(gathered_folder(tmp_path).iterdir()) == []
            assert not any(one.exists() for one in pictures)

    run_on_loop(story())
