"""The files that start a broker and a worker fit what they start, and so does what the README says of it."""

from __future__ import annotations

import base64
import configparser
import re
import shlex
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import Any

import yaml

from core.cli.arguments import parsers
from core.remote.address import parse_address
from core.remote.orders import LARGEST_CARRIED
from core.settings import MAX_TIMEOUT

ROOT = Path(__file__).parents[1]
CLUSTER = ROOT / "resources" / "cluster"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CLUSTER / "compose.yaml").read_text("utf-8"))
    return read


def worker_options(words: list[str]) -> tuple[Any, dict[str, str]]:
    """What the command line makes of these words, with the shared folders, which are not on this machine.

    It ends the test when they are none of its own.
    """
    assert words[:2] == ["imagequeue", "worker"]
    shared = dict(after.split("=") for before, after in pairwise(words) if before == "--share")
    here = [re.sub("=/.*", f"={ROOT}", word) for word in words[2:]]
    return parsers()["worker"].parse_args(here), shared


def test_the_broker_takes_the_largest_image_and_the_longest_attempt() -> None:
    text = compose()["configs"]["broker"]["content"]
    values = dict(re.findall(r"^(\w+) = (\d+)$", text, re.MULTILINE))
    carried = len(base64.b64encode(bytes(LARGEST_CARRIED)))
    assert int(values["max_message_size"]) > carried * 1.1
    assert int(values["consumer_timeout"]) > MAX_TIMEOUT * 1_000
    for name, value in values.items():
        assert f"{name} = {value}" in README


def test_compose_starts_a_broker_and_a_worker_that_know_each_other() -> None:
    read = compose()
    broker, worker = read["services"]["broker"], read["services"]["worker"]
    given = worker["environment"]["IMAGEQUEUE_BROKER"].replace(":-broker}", "}")
    url = Template(given).substitute(BROKER_PASSWORD="s3cret", BROKER_HOST="broker")
    address = parse_address(url)
    assert (address.scheme, address.host, address.password) == ("amqp", "broker", "s3cret")
    assert address.user == broker["environment"]["RABBITMQ_DEFAULT_USER"]
    assert str(address.port) in broker["ports"][0].split(":")
    assert "PASSWORD" not in str(worker["command"])  # every user of a machine can read that
    _, shared = worker_options(worker["command"])
    (volume,) = worker["volumes"]
    assert shared == {"photos": volume.rpartition(":")[2]}
    assert set(worker["depends_on"]) == {"broker"}
    assert {one["source"] for one in broker["configs"]} <= set(read["configs"])
    assert {one.partition(":")[0] for one in broker["volumes"]} <= set(read["volumes"])
    for folder in re.findall(r"^COPY (?!pyproject)(\S+)", worker["build"]["dockerfile_inline"], re.MULTILINE):
        assert (CLUSTER / worker["build"]["context"] / folder).is_dir()


def test_the_unit_starts_a_worker_that_may_write_its_folders_and_keeps_its_password_to_itself() -> None:
    text = (CLUSTER / "imagequeue-worker.service").read_text("utf-8")
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    service = parser["Service"]
    program, *words = shlex.split(service["ExecStart"])
    known = dict(re.findall(r"^#   (\w+)=(.*)$", text, re.MULTILINE))
    assert parse_address(known["IMAGEQUEUE_BROKER"]).is_encrypted
    assert words == ["worker", "$WORKER_OPTIONS"]
    _, shared = worker_options([Path(program).name, "worker", *shlex.split(known["WORKER_OPTIONS"])])
    assert set(shared.values()) == {service["ReadWritePaths"]}
    assert service["EnvironmentFile"] == "/etc/imagequeue/worker.env"
    assert service["KillMode"] == "mixed"  # else the images would be ended, and not the worker
    assert int(service["TimeoutStopSec"]) > 10  # seconds that it gives to what runs


def test_the_commands_of_the_chapter_are_ones() -> None:
    chapter = README.partition("## More machines")[2].partition("## Errors")[0]
    commands = [line for line in chapter.splitlines() if line.startswith("imagequeue ")]
    assert commands
    for command in commands:
        options, _ = worker_options(shlex.split(command))
        assert not parse_address(options.broker).password
    for path in re.findall(r"\]\((resources/[^)]+)\)", chapter):
        assert (ROOT / path).is_file()
