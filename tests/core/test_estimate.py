"""Sizes are estimated from a few samples, and how far that may be off is told."""

from __future__ import annotations

import random

import pytest

from core.estimate import Estimator, spread_out
from core.job import OutputFile


def output(size: int = 0, side: int = 100, name: str = "small", suffix: str = ".jpg") -> OutputFile:
    return OutputFile(f"/out/a{suffix}", size, side, side, name)


def test_a_size_goes_by_the_pixels_and_the_samples_of_its_kind() -> None:
    estimator = Estimator({})
    estimator.learn("a", output(10_000))
    estimator.learn("b", output(80_000, side=200))
    estimator.learn("c", output(500_000, suffix=".png"))
    assert estimator.bytes_of("d", output()) == 18_000  # 90,000 bytes of 50,000 pixels
    assert estimator.bytes_of("d", output(side=200)) == 72_000
    assert estimator.bytes_of("d", output(suffix=".png")) == 500_000
    assert estimator.bytes_of("d", output(name="large")) is None


def test_what_was_made_or_is_its_source_again_is_told_as_it_is() -> None:
    estimator = Estimator({})
    estimator.learn("a", output(10_000))
    estimator.learn("b", output(30_000))
    assert estimator.bytes_of("a", output()) == 10_000
    assert estimator.bytes_of("c", output(777)) == 777
    assert estimator.true_bytes_of("c", output()) is None


def test_a_limit_of_bytes_is_never_passed() -> None:
    estimator = Estimator({"small": 12_000})
    estimator.learn("a", output(10_000))
    assert estimator.bytes_of("b", output(side=300)) == 12_000


@pytest.mark.parametrize("seed", range(5))
def test_the_truth_is_within_the_margin(seed: int) -> None:
    rng = random.Random(seed)
    files = [
        (f"{number}", output(int(rng.lognormvariate(10, 0.5)), rng.choice([100, 200])))
        for number in range(2_000)
    ]
    truth = sum(one.bytes for _, one in files)
    estimator = Estimator({})
    for place in spread_out([range(len(files))]):
        estimator.learn(*files[place])
    told = sum(
        estimator.bytes_of(source, OutputFile(one.path, 0, one.width, one.height, one.name)) or 0
        for source, one in files
    )
    assert abs(told - truth) <= 1.5 * estimator.margin({("small", ".jpg"): told})


def test_samples_are_spread_evenly_and_each_kind_has_some() -> None:
    assert spread_out([range(2_400)]) == list(range(50, 2_400, 100))
    assert spread_out([range(5)]) == [0, 1, 2, 3, 4]
    chosen = spread_out([range(1_000), range(1_000, 1_010)])
    assert sum(one >= 1_000 for one in chosen) == 3
    assert len(chosen) == len(set(chosen)) == 27
    assert spread_out([]) == []


def test_equal_samples_leave_no_doubt_and_one_leaves_half() -> None:
    estimator = Estimator({})
    estimator.learn("a", output(10_000))
    assert estimator.margin({("small", ".jpg"): 1_000}) == 1_000
    estimator.learn("b", output(10_000))
    assert estimator.margin({("small", ".jpg"): 1_000}) == 0
