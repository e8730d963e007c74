"""The rules of the house: who may import whom, what lies where, what no file may say."""

from __future__ import annotations

import ast
import fnmatch
import graphlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TOP_LEVEL = {
    *("gui", "core", "resources", "tests", ".ci", ".git"),
    *("pyproject.toml", "README.md", "Makefile", "LICENSE", ".gitignore", "requirements.txt"),
}

QT = {"PySide6", "shiboken6", "qasync", "pytestqt"}

# Imports within core go down this list, or along a line of it; the longest prefix of a module's name decides.
LAYERS = (
    ("core.cli",),
    (
        *(
            "core.diagnostics",
            "core.batch_report",
            "core.after",
            "core.live_settings",
            "core.preview",
        ),
        *("core.dry_run", "core.estimate", "core.looks"),
    ),
    ("core.remote",),
    ("core.intake", "core.owner", "core.settings", "core.transfer"),
    ("core.failures", "core.rechoosing", "core.unmaking"),
    ("core.queue", "core.queue_reads", "core.dispatcher", "core.leftovers", "core.undo"),
    (
        *("core.store", "core.migrations", "core.salvage", "core.twins"),
        *("core.slot", "core.slots", "core.worker", "core.wire", "core.guard"),
    ),
    ("core.imaging",),
    ("core.links",),
    ("core.recipe", "core.operations", "core.formats"),
    (
        "core.executor",
        "core.status",
        "core.retry",
        "core.clock",
        "core.machine",
        "core.gathered",
        "core.whole_file",
        "core.log_file",
        "core.command",
        "core.remote.address",
        "core.remote.cluster",
        "core.remote.shared_folder",
    ),  # what all above share
    ("core.errors",),
    ("core.job", "core.hidden"),
)

LONGEST_FILE = 480  # lines; a room that outgrows this is asking to be two


def ignored_by_git(name: str) -> bool:
    """Whether a line of .gitignore takes a file or folder of this name."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    return any(fnmatch.fnmatch(name, line.strip("/")) for line in lines)


@cache
def files() -> tuple[Path, ...]:
    """All files of the project, without those that tools leave."""

    def walk(folder: Path) -> Iterator[Path]:
        for entry in sorted(folder.iterdir()):
            if entry.name == ".git" or ignored_by_git(entry.name):
                continue
            if entry.is_dir():
                yield from walk(entry)
            else:
                yield entry

    return tuple(walk(ROOT))


@cache
def modules(package: str) -> dict[str, ast.Module]:
    """The modules of a package by their dotted names, parsed."""
    found = {}
    for path in files():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.suffix == ".py" and parts[0] == package:
            name = ".".join(parts).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imports(tree: ast.Module) -> Iterator[str]:
    """The dotted names that a module imports, anywhere in it: `a.b.c` for `from a.b import c`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def project_imports(tree: ast.Module) -> set[str]:
    """The modules of core and gui that a module imports, anywhere in it."""
    ours = set(modules("core")) | set(modules("gui"))
    named = {one if one in ours else one.rpartition(".")[0] for one in imports(tree)}
    return named & ours


def layer(module: str) -> int:
    """The line of LAYERS that a module of core stands on, from the bottom."""
    ranked = [
        (len(prefix), len(LAYERS) - number)
        for number, prefixes in enumerate(LAYERS)
        for prefix in prefixes
        if module == prefix or module.startswith((prefix + ".", prefix + "_"))
    ]
    assert ranked, f"{module} has no place in LAYERS: give it one"
    return max(ranked)[1]


def test_core_never_imports_the_window_or_qt() -> None:
    lazily = {("core.cli.window", "gui.app")}  # to open the window, when that is asked for
    for name, tree in modules("core").items():
        for imported in imports(tree):
            if (name, imported.rpartition(".")[0]) in lazily:
                continue
            assert imported.partition(".")[0] not in {"gui", "tests", *QT}, f"{name} imports {imported}"


def test_core_imports_the_window_only_inside_a_function() -> None:
    for name, tree in modules("core").items():
        top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        assert not [one for one in imports(top) if one.startswith("gui")], name


def test_the_window_works_through_core() -> None:
    """No SQL, no image work and no processes of its own: those are core's."""
    for name, tree in modules("gui").items():
        for imported in imports(tree):
            first = imported.partition(".")[0]
            assert first not in {"tests", "sqlite3", "PIL", "pyvips", "subprocess", "multiprocessing"}, (
                f"{name} imports {imported}"
            )


def test_imports_within_core_go_down_the_list() -> None:
    for name, tree in modules("core").items():
        if name != "core":
            for imported in sorted(one for one in project_imports(tree) if one.startswith("core.")):
                assert layer(imported) <= layer(name), f"{name} imports {imported}, which stands above it"


def test_no_import_goes_in_a_circle() -> None:
    everything = modules("core") | modules("gui")
    graph = {name: project_imports(tree) - {name} for name, tree in everything.items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_the_window_starts_without_what_only_workers_need() -> None:
    """Decoders in the window's process would cost its start a tenth of a second, Celery three."""
    script = (
        "import sys, gui.run, core.cli.run; print(sorted({'PIL', 'pyvips', 'httpx', 'celery', 'kombu',"
        " 'amqp', 'redis', 'keyring'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_only_other_machines_need_is_imported_by_their_rooms_alone() -> None:
    """The default install has none of it: others import it, or these rooms, inside functions."""
    needed = {"celery", "kombu", "amqp", "redis", "keyring"}
    inner = {
        f"core.remote.{name}"
        for name in ("engine", "fleet", "greedy", "line", "mended", "pool", "post", "worker")
    }
    for name, tree in (modules("core") | modules("gui")).items():
        top = ast.Module([node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        found = set(imports(top))
        if name not in inner:
            assert not {one for one in found if one.partition(".")[0] in needed}, name
            assert not {one for one in found if one.rpartition(".")[0] in inner or one in inner}, name


def test_core_can_be_imported_and_used_where_qt_cannot(tmp_path: Path) -> None:
    names = sorted(name for name in modules("core") if not name.endswith(".__main__"))
    script = f"""
import importlib, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(QT)!r}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Refuse())
for name in {names!r}:
    importlib.import_module(name)
from core.cli import main
sys.exit(main(["status", "--json", "--data-dir", sys.argv[1]]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"queued": 0' in done.stdout


def test_the_top_level_holds_only_what_belongs_there() -> None:
    there = {name for name in os.listdir(ROOT) if not ignored_by_git(name)}
    assert there - TOP_LEVEL == set()
    assert TOP_LEVEL - {".git"} - there == set()


def test_no_file_names_an_index_host_or_a_path_of_a_build_machine() -> None:
    # Written in pieces, or this file would name them itself.
    pieces = (
        *("pypi" + r"\.org", "python" + "hosted", "index-" + "url =", "--extra-" + "index"),
        *("/work/" + "main", "/work/" + "shared", "/root" + "/", "/opt" + "/"),
    )
    forbidden = re.compile("|".join(pieces))
    for path in files():
        text = path.read_bytes().decode("utf-8", "replace")
        found = forbidden.search(text)
        assert found is None, f"{path.relative_to(ROOT)} says {found[0] if found else ''}"


def test_there_is_no_lock_file_that_names_an_index() -> None:
    assert not {path.name for path in files()} & {
        "uv.lock",
        "poetry.lock",
        "pylock.toml",
        "Pipfile.lock",
        "pdm.lock",
    }


@pytest.mark.parametrize("package", ["core", "gui", "tests", "resources"])
def test_every_module_says_first_what_it_is_for(package: str) -> None:
    for name, tree in modules(package).items():
        first = (ast.get_docstring(tree) or "").partition("\n")[0]
        assert re.fullmatch(r"[A-Z`\d].*[.?!]", first), f"{name} begins with {first!r}"


def test_no_source_file_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in files()
        if path.suffix == ".py"
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FILE} == {}


def test_no_name_says_nothing() -> None:
    vague = re.compile(r"(^|_)(manager|helpers?|utils?|handle)(_|$)|Manager|Helper|Utils|^(data|info)$")
    for package in ("core", "gui", "tests"):
        for name, tree in modules(package).items():
            assert not vague.search(name.rpartition(".")[2]), name
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    # Two that are how Qt's models and Python's protocols call it.
                    assert node.name in ("data", "handle_starttag") or not vague.search(node.name), (
                        f"{name}.{node.name}"
                    )


def test_every_requirement_is_pinned_and_hashed() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9._-]+==[^ ]+ ", line), line[:80]
        assert "--hash=sha256:" in line, line[:80]


def test_every_dependency_is_among_the_requirements() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in wanted} - {"imagequeue"}
    pinned = set(
        re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    )
    assert names - pinned == set()


def test_each_promise_is_named_by_a_test_that_holds_it() -> None:
    named: set[int] = set()
    for tree in modules("tests").values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                said = f"{node.name.upper()} {ast.get_docstring(node) or ''}"
                named |= {int(number) for number in re.findall(r"(?<![A-Z0-9])G(\d+)(?![0-9])", said)}
    assert set(range(1, 16)) - named == set()
