"""The files that the app keeps for jobs in its data folder: downloads, pictures, archives, lists."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from core.gathered import SUFFIX, read_list
from core.job import ENDED, Job, JobState
from core.links.address import is_link
from core.status import JobQuery

_DOWNLOADS: Final = "downloads"
_PICTURES: Final = "pictures"
_ARCHIVES: Final = "archives"
_GATHERED: Final = "gathered"
_MAY_RUN: Final = frozenset(JobState) - {JobState.DONE, JobState.SKIPPED}


class Jobs(Protocol):
    """What of the store is needed to know which files are of use; see core.store_reader."""

    def find(self, query: JobQuery) -> Sequence[int]:
        """Return the ids of the jobs that the query asks for."""

    def jobs(self, ids: Sequence[int]) -> list[Job]:
        """Return these jobs; those that are gone are left out."""


def downloads_of(data_dir: Path, uid: str, job: int) -> str:
    """Return the folder for what one job downloads; `uid` is the store's own."""
    return f"{data_dir}/{_DOWNLOADS}/{uid}-{job}"


def pictures_folder(data_dir: Path) -> Path:
    """Return the folder for pictures that have no file of their own."""
    return data_dir / _PICTURES


def archives_folder(data_dir: Path) -> Path:
    """Return the folder that archives are unpacked into, each into one of its own."""
    return data_dir / _ARCHIVES


def gathered_folder(data_dir: Path) -> Path:
    """Return the folder for lists of images that become one file."""
    return data_dir / _GATHERED


def keeper(data_dir: Path) -> Callable[[str], bool]:
    """Return what tells of a source whether it is a file that the app keeps, which no other machine has."""
    folders = (pictures_folder(data_dir), archives_folder(data_dir), gathered_folder(data_dir))
    inside = tuple(f"{folder}{os.sep}" for folder in folders)
    return lambda source: source.startswith(inside)


def remove_unneeded(data_dir: Path, uid: str, store: Jobs) -> None:
    """Remove downloads that no attempt will go on with, pictures and archives that hold no job's source."""
    downloads = {one.name: one for one in _entries(data_dir / _DOWNLOADS)}
    ids = [int(name.rpartition("-")[2]) for name in downloads if name.rpartition("-")[2].isdigit()]
    for job in store.jobs(ids):
        if is_link(job.source) and (job.state not in ENDED or job.state is JobState.FAILED):
            downloads.pop(f"{uid}-{job.id}", None)
    for folder in downloads.values():
        shutil.rmtree(folder, ignore_errors=True)
    listed = _still_listed(data_dir, store)
    pictures = {str(one): one for one in _entries(pictures_folder(data_dir))}
    if pictures:
        for job in store.jobs(store.find(JobQuery(text=str(pictures_folder(data_dir))))):
            pictures.pop(job.source, None)
        for path in listed:
            pictures.pop(path, None)
    for archive in _entries(archives_folder(data_dir)):
        inside = f"{archive}{os.sep}"
        if not any(path.startswith(inside) for path in listed) and not store.find(
            JobQuery(states=_MAY_RUN, text=inside)
        ):
            shutil.rmtree(archive, ignore_errors=True)
    for picture in pictures.values():
        with suppress(OSError):
            picture.unlink()


def _still_listed(data_dir: Path, store: Jobs) -> set[str]:
    """Remove the lists that no job has, and return the images in those of jobs that may run."""
    listed: set[str] = set()
    for folder in _entries(gathered_folder(data_dir)):
        if not store.find(JobQuery(text=f"{folder}{os.sep}")):
            shutil.rmtree(folder, ignore_errors=True)
        elif store.find(JobQuery(states=_MAY_RUN, text=f"{folder}{os.sep}")):
            for path in folder.glob(f"*{SUFFIX}"):
                listed.update(read_list(str(path)) or ())
    return listed


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
