"""Who waits for a machine goes in the order in which it came, and few are made ready before their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core.remote.places import Places


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("core.remote.places.time.monotonic", clock)
    return clock


def on_a_loop(story: Callable[[Places], None]) -> None:
    async def main() -> None:
        story(Places())

    asyncio.run(main())


def state(place: asyncio.Future[bool]) -> bool | None:
    return place.result() if place.done() else None


def test_no_more_are_away_than_there_are_places_and_the_first_to_come_is_the_next() -> None:
    def story(places: Places) -> None:
        places.resize(2)
        asked = [places.ask() for _ in range(4)]
        assert [state(one) for one in asked] == [True, True, None, None]
        places.leave(asked[1])
        assert [state(one) for one in asked] == [True, True, True, None]
        places.leave(asked[1])  # twice is once
        assert state(asked[3]) is None
        places.resize(3)
        assert state(asked[3])

    on_a_loop(story)


def test_who_has_gone_in_the_meantime_is_passed_over() -> None:
    def story(places: Places) -> None:
        places.resize(1)
        first, second, third, fourth = (places.ask() for _ in range(4))
        second.cancel()
        third.set_result(False)
        places.leave(second)
        places.leave(third)
        assert state(fourth) is None
        places.leave(first)
        assert state(fourth)

    on_a_loop(story)


def test_when_all_machines_have_gone_nobody_waits() -> None:
    def story(places: Places) -> None:
        places.resize(1)
        first, second = places.ask(), places.ask()
        places.resize(0)
        assert [state(one) for one in (first, second, places.ask())] == [True, False, False]
        places.leave(first)
        places.resize(1)
        assert state(places.ask())

    on_a_loop(story)


def test_one_that_waits_for_others_that_take_long_after_all_is_given_back(clock: Clock) -> None:
    def story(places: Places) -> None:
        places.resize(1)
        for _ in range(30):
            place = places.ask()
            clock.now += 0.05
            places.leave(place)
        long, waits = places.ask(), places.ask()
        assert places.ahead == 1
        clock.now += 0.9
        places.look()
        assert (state(long), state(waits), places.ahead) == (True, None, 0)
        late = places.ask()
        clock.now += 0.2
        places.look()
        assert (state(waits), state(late)) == (False, None)
        places.leave(long)
        assert state(late)

    on_a_loop(story)


def test_g8_only_brief_attempts_are_made_ready_before_their_turn(clock: Clock) -> None:
    def story(places: Places) -> None:
        def away(seconds: float) -> int:
            for _ in range(30):
                place = places.ask()
                clock.now += seconds
                places.leave(place)
            return places.ahead

        assert places.ahead == 0
        places.resize(4)
        assert places.ahead == 0, "nothing is known of them yet"
        assert away(0.06) == 1
        assert away(0.005) == 4
        assert away(5.0) == 0
        assert away(0.06) == 1
        places.resize(0)
        assert places.ahead == 0

    on_a_loop(story)
