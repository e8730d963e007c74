"""Wrong usage gets one clear sentence and the exit status 2, and nothing is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.cli.arguments import parse, parsers
from core.formats import WRITABLE
from core.job import JobState
from tests.core.cli.conftest import Command

WRONG = [
    (["run", "PHOTOS", "--quality", "400"], "--quality takes a whole number from 1 to 100, not '400'"),
    (["run", "PHOTOS", "--quality", "8O"], "--quality takes a whole number from 1 to 100"),
    (["run", "PHOTOS", "--resize", "0x10"], '--resize takes "WxH" or one number'),
    (["run", "PHOTOS", "--resize", "10x"], "--resize takes"),
    (
        ["run", "PHOTOS", "--thumbnail", "abc"],
        "--thumbnail takes a whole number from 1 to 100,000, not 'abc'",
    ),
    (["run", "PHOTOS", "--thumbnail", "-5"], "--thumbnail takes a whole number"),
    (["run", "PHOTOS", "--max-size", "big"], "--max-size takes bytes such as"),
    (["run", "PHOTOS", "--max-size", "999"], "--max-size takes bytes from 1,000 on"),
    (["run", "--max-size", "1M"], "--max-size needs a PATH"),
    (["run", "--skip-larger"], "--skip-larger needs a PATH"),
    (["run", "PHOTOS", "--workers", "0"], "--workers takes a whole number from 1 to 64, not '0'"),
    (["run", "PHOTOS", "--workers", "65"], "--workers takes"),
    (["run", "PHOTOS", "--workers", "1.5"], "--workers takes"),
    (["run", "PHOTOS", "--max-retries", "-1"], "--max-retries takes"),
    (["run", "PHOTOS", "--timeout", "nan"], "--timeout takes seconds"),
    (["run", "PHOTOS", "--timeout", "soon"], "--timeout takes seconds"),
    (["run", "PHOTOS", "--priority", "urgent"], "--priority takes high, normal, low or a whole number"),
    (["run", "PHOTOS", "--priority", "9999999999"], "--priority takes"),
    (
        ["run", "PHOTOS", "--format", "bmp"],
        f"--format takes one of {', '.join(WRITABLE)}, not 'bmp'",
    ),
    (["run", "PHOTOS", "--existing", "burn"], "--existing"),
    (["run", "PHOTOS", "--format", "png", "--quality", "3"], "quality is no option of png"),
    (
        ["run", "PHOTOS", "--recipe", "nope"],
        "There is no recipe 'nope'; there are: Thumbnail and resize, Web",
    ),
    (["run", "PHOTOS", "--recipe", "nope.toml"], "There is no file nope.toml"),
    (["run", "PHOTOS", "--recipe", "some/where"], "--recipe takes a recipe's name"),
    (["run", "PHOTOS", "-o", ""], "--output takes a name"),
    (["run", "PHOTOS", "-o", "PHOTOS/a.jpg"], "is not a folder"),
    (["run", "PHOTOS", "-o", "PHOTOS/a.jpg/below"], "a.jpg is not a folder"),
    (["run", "PHOTOS", "--bogus"], "unrecognized arguments: --bogus"),
    (["run", "PHOTOS", "gone.jpg"], "gone.jpg is not there; nothing was added."),
    (["run", ""], "'' is not there; nothing was added."),
    (["run", "1", "2", "3", "4"], "1, 2, 3 and 1 more are not there; nothing was added."),
    (["run", "--quality", "80"], "--quality needs a PATH"),
    (["run", "-o", "PHOTOS"], "--output needs a PATH"),
    (["gone.jpg"], "gone.jpg is not there; nothing was added.\n"),
    (["stats"], "stats is not there; nothing was added. Did you mean: imagequeue status?"),
    (["help"], "Did you mean: imagequeue --help?"),
    (["export"], "the following arguments are required: FILE. Try"),
    (["export", "x", "y"], "ID takes a whole number from 1 up, not 'y'"),
    (["import", "x", "--map", "a=b"], "--map takes OLD=NEW"),
    (["import", "x", "--missing", "no"], "--missing"),
    (["hold"], "takes either IDs or --all"),
    (["list", "--data-dir", "PHOTOS/a.jpg"], "a.jpg is a file, not a folder."),
    (["list", "--state", "lost"], "--state takes one of queued, running, "),
    (["clear", "--state", "running"], "--state takes one of done, skipped, failed, cancelled, not 'running'"),
    (["retry"], "takes either IDs or --all"),
    (["retry", "1", "--all"], "takes either IDs or --all"),
    (["retry", "one"], "takes a whole number"),
    (["retry", "1"], "There is no job 1"),
    (["cancel"], "ID"),
    (["cancel", "0"], "takes a whole number from 1 up"),
    (["status", "now"], "unrecognized arguments: now"),
    (["status", "\x1b[31m"], "\\x1b[31m"),
]


@pytest.mark.parametrize(("argv", "sentence"), WRONG, ids=[" ".join(argv) for argv, _ in WRONG])
def test_nonsense_is_told_in_one_sentence(
    command: Command, photos: Path, data_dir: Path, argv: list[str], sentence: str
) -> None:
    (photos / "a.jpg").touch()
    ended = command(*(one.replace("PHOTOS", str(photos)) for one in argv))
    assert ended.status == 2
    assert sentence in ended.err
    assert ended.err.count("\n") == 1
    assert ended.out == ""
    assert not data_dir.exists()


@pytest.mark.parametrize(
    "argv",
    [["--help"], ["--data-dir", "x", "run", "--help"]]
    + [[name, "-h"] for name in parsers() if name != "window"],
)
def test_every_command_explains_itself_in_80_columns(
    command: Command, argv: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command(*argv)
    assert ended.status == 0
    assert "--data-dir" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


def test_the_version_is_told(command: Command) -> None:
    ended = command("--version")
    assert (ended.status, ended.out.startswith("Image Queue 0.")) == (0, True)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], ("window", [])),
        (["a.jpg", "run"], ("window", ["a.jpg", "run"])),
        (["./run"], ("window", ["./run"])),
        (["--", "run"], ("window", ["run"])),
        (["--data-dir", "run", "a.jpg"], ("window", ["a.jpg"])),
        (["--data-dir", "x", "run", "a.jpg"], ("run", ["a.jpg"])),
        (["--data-dir=x", "run", "run"], ("run", ["run"])),
        (["run", "a.jpg", "-o", "out", "b.jpg", "--json", "c.jpg"], ("run", ["a.jpg", "b.jpg", "c.jpg"])),
        (["run", "--", "--json"], ("run", ["--json"])),
        (["run", "a.jpg", "--json", "--", "-o", "--"], ("run", ["a.jpg", "-o", "--"])),
        (["--data-dir", "x", "--", "run", "-x"], ("window", ["run", "-x"])),
    ],
)
def test_a_command_is_the_first_word_and_all_else_are_paths(
    argv: list[str], expected: tuple[str, list[str]]
) -> None:
    options = parse(argv)
    assert (options.command, options.paths) == expected


def test_values_are_read_as_they_are_meant() -> None:
    options = parse(
        ["run", "x", "--priority", "HIGH", "--timeout", "2.5", "--format", "JPG", "--resize", "10X20"]
    )
    assert (options.priority, options.timeout, options.format, options.resize) == (10, 2.5, "jpeg", "10X20")
    assert parse(["run", "x", "--priority", "-7"]).priority == -7
    assert parse(["list", "--state", "done", "--state", "Failed"]).state == [JobState.DONE, JobState.FAILED]
