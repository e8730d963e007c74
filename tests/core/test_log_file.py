"""What nobody caught is in the log, also where the process dies of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from core.log_file import FAULTS_NAME, LOG_NAME, tail_of_log

ROOT = Path(__file__).parents[2]


def logged(data_dir: Path, code: str, *, echo: bool = False) -> subprocess.CompletedProcess[str]:
    """Run code in a process that keeps its log in this folder."""
    folder = f"pathlib.Path({str(data_dir)!r})"
    begin = f"import pathlib; from core.log_file import keep_log; keep_log({folder}, echo={echo})"
    return subprocess.run(
        [sys.executable, "-c", f"{begin}\n{code}"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_thread_that_dies_is_logged_with_its_traceback(tmp_path: Path) -> None:
    logged(
        tmp_path,
        "import threading\ndef work(): raise KeyError('surprise')\n"
        "one = threading.Thread(target=work, name='reader'); one.start(); one.join()",
    )
    text = "\n".join(tail_of_log(tmp_path))
    assert "CRITICAL core.log_file: An unexpected error ended reader" in text
    assert "KeyError: 'surprise'" in text


def test_g12_a_death_in_native_code_leaves_its_traceback(tmp_path: Path) -> None:
    ended = logged(tmp_path, "import ctypes\ndef fall(): ctypes.string_at(0)\nfall()")
    assert ended.returncode < 0
    text = "\n".join(tail_of_log(tmp_path, FAULTS_NAME))
    assert "Segmentation fault" in text
    assert "in fall" in text


def test_the_log_does_not_grow_without_end(tmp_path: Path) -> None:
    logged(
        tmp_path,
        "import logging\nfor number in range(500):"
        " logging.getLogger('a').warning('x' * 10_000 + '%d', number)",
    )
    sizes = [file.stat().st_size for file in tmp_path.glob(f"{LOG_NAME}*")]
    assert len(sizes) == 3
    assert max(sizes) <= 1_000_000
    assert "xxx499" in tail_of_log(tmp_path)[-1]


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert tail_of_log(tmp_path / "nowhere") == []


def test_no_password_comes_into_the_log_or_onto_the_terminal(tmp_path: Path) -> None:
    said = logged(
        tmp_path,
        "import logging; log = logging.getLogger('kombu')\n"
        "log.error('Cannot reach %s', 'amqp://ann:s3cret@rabbit//')\n"
        "try: raise OSError(\"redis://:s3cret@host: {'password': 's3cret'}\")\n"
        "except OSError: log.exception('lost')",
        echo=True,
    )
    for text in ("\n".join(tail_of_log(tmp_path)), said.stderr):
        assert "amqp://ann:***@rabbit//" in text
        assert "redis://:***@host" in text
        assert "s3cret" not in text
