"""Does to machines, to their broker and to the owner of a queue what networks and people do to them.

There is one such attack for each broker. A machine is killed in the middle of a job, all are, or the broker
is; one is frozen, or cut off, and comes back when it was given up; the owner is killed, closed, or slow to
hear; jobs are given up while they are away. Every image of the batch is made once, and whole.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from core.job import JobState
from tests.brokers import BROKERS
from tests.reliability.attack import Result, Scale, Tally
from tests.reliability.cluster import SLOTS, Cluster, stop_and_go
from tests.reliability.processes import kill, marked, within

_GIVEN_UP: Final = 10.0  # seconds until a machine that is not heard of is gone
_CANCELLED: Final = 5.0  # seconds in which a job that is away is given up, on a busy machine


class Brokers:
    """Several machines behind one kind of broker, under attack."""

    def __init__(self, kind: str) -> None:
        self.name = kind

    def why_not(self) -> str:
        """Return why it cannot be run here, a sentence; "" when it can."""
        return BROKERS[self.name].why_not()

    def run(self, scale: Scale, folder: Path) -> Result:
        tally, rng = Tally(), scale.rng(self.name)
        stories = SHORT if scale.short else FULL
        with BROKERS[self.name](folder / "broker") as broker:
            for number in scale.rounds(len(stories), len(stories)):
                title, story, options = stories[number]
                with (
                    tally.blow(f"{title}, batch {number}", 0),
                    Cluster(
                        folder / f"batch-{number}", broker, tally, scale, rng, number=number,
                        count=scale.of(500, 72), machines=scale.of(3, 2), **options,
                    ) as cluster,
                ):  # fmt: skip
                    cluster.open()
                    story(cluster)
                    cluster.finish()
                    made = {name or "here": count for name, count in sorted(cluster.made_by().items())}
                    away = _away(cluster)
                    tally.expect(away >= scale.of(30, 10), "lost", f"the machines made {away} images alone")
                    told = ", ".join(f"{name} {count}" for name, count in made.items())
                    tally.notes.append(f"{title}: made by {told}")
        return tally.result()


# -- what is done -------------------------------------------------------------------------------------------


def nothing(cluster: Cluster) -> None:
    """Let it run."""
    with cluster.blow("a plain run"):
        cluster.goes_on(cluster.scale.of(100, 5))


def machines_die(cluster: Cluster) -> None:
    """Kill machines in the middle of jobs: one, another, and all of them."""
    for _ in range(cluster.scale.of(3, 1)):
        machine = cluster.rng.choice(cluster.machines)
        with cluster.blow(f"{machine.name} killed"):
            cluster.busy(machine)
            cluster.kill(machine)
            time.sleep(cluster.rng.random())
            machine.start()
    for _ in range(cluster.scale.of(2, 0)):
        with cluster.blow("all machines killed"):
            cluster.busy(cluster.machines[0])
            for machine in cluster.machines:
                cluster.kill(machine)
            cluster.goes_on()  # here
            for machine in cluster.machines:
                machine.start()
    if not cluster.scale.short:
        with cluster.blow("a machine ended in order"):
            machine = cluster.rng.choice(cluster.machines)
            within(30, machine.is_ready)
            cluster.busy(machine)
            machine.end()
            machine.start()


def broker_dies(cluster: Cluster) -> None:
    """Kill the broker, and start it on what it has kept; freeze it."""
    for away in (1.0,) if cluster.scale.short else (0.0, 5.0, 20.0):
        with cluster.blow(f"the broker killed for {away:g} s"):
            cluster.busy(cluster.rng.choice(cluster.machines))
            cluster.broker.kill()
            try:
                if away > 2:
                    cluster.tally.expect(cluster.goes_on(2), "stuck", "nothing is made here meanwhile")
                time.sleep(away)
            finally:
                cluster.broker.start()
            _comes_back(cluster)
    for still in () if cluster.scale.short else (35.0,):
        with cluster.blow(f"the broker frozen for {still:g} s"):
            cluster.busy(cluster.rng.choice(cluster.machines))
            cluster.broker.freeze()
            try:
                time.sleep(still)
            finally:
                cluster.broker.thaw()
            _comes_back(cluster)


def machine_freezes(cluster: Cluster) -> None:
    """Freeze a machine until it is given up, and let it go on: what it still has to say changes nothing."""
    for seconds in (30.0, 3.0):
        machine = cluster.rng.choice(cluster.machines)
        with cluster.blow(f"{machine.name} frozen for {seconds:g} s"):
            cluster.busy(machine)
            machine.freeze()
            try:
                time.sleep(seconds)
                if seconds > _GIVEN_UP + 5:
                    had = cluster.running_on(machine)
                    cluster.tally.expect(not had, "stuck", f"it is still waited for it with {had}")
            finally:
                machine.thaw()
            _works_again(cluster, machine.name)


def network_parts(cluster: Cluster) -> None:
    """Cut a machine off, and the owner; both ends keep their connections, and hear nothing."""
    machine = cluster.machines[0]
    road, relay = machine.road, cluster.relay
    assert road is not None
    assert relay is not None
    for seconds in (5.0, 30.0):
        with cluster.blow(f"{machine.name} cut off for {seconds:g} s"):
            cluster.busy(machine)
            road.cut()
            try:
                time.sleep(seconds)
            finally:
                road.heal()
            _works_again(cluster, machine.name)
    for seconds in (5.0, 30.0):
        with cluster.blow(f"the owner cut off for {seconds:g} s"):
            cluster.busy(cluster.rng.choice(cluster.machines))
            relay.cut()
            try:
                time.sleep(seconds)
            finally:
                relay.heal()
            _comes_back(cluster)


def hears_slowly(cluster: Cluster) -> None:
    """Let the owner run for moments only, and then a machine."""
    with cluster.blow("an owner that is slow to hear"):
        cluster.busy(cluster.rng.choice(cluster.machines))
        stop_and_go([cluster.life.process.pid], 20, 0.6, 0.1)
    with cluster.blow("an owner that stood still"):
        kill(cluster.life.process.pid, signal.SIGSTOP)
        time.sleep(25)
        kill(cluster.life.process.pid, signal.SIGCONT)
    machine = cluster.rng.choice(cluster.machines)
    with cluster.blow(f"{machine.name} is slow"):
        cluster.busy(machine)
        stop_and_go(marked(machine.mark), 20, 0.4, 0.1)
        _works_again(cluster, machine.name)


def owner_comes_and_goes(cluster: Cluster) -> None:
    """Kill the owner, close it in order, and open it again, as the window too, in the middle of jobs."""
    for killed, window, away in ((True, False, 0.0),) if cluster.scale.short else (
        (True, False, 0.0), (False, True, 5.0), (True, True, 5.0), (True, False, 15.0), (False, False, 0.0)
    ):  # fmt: skip
        how = "killed" if killed else "closed"
        with cluster.blow(f"the owner {how}, and opened {away:g} s later{' as the window' * window}"):
            cluster.busy(cluster.rng.choice(cluster.machines))
            cluster.shut(killed=killed)
            time.sleep(away)
            cluster.open(window)


def jobs_are_cancelled(cluster: Cluster) -> None:
    """Give up jobs that machines have: they end, and leave nothing."""
    for _ in range(cluster.scale.of(8, 1)):
        machine = cluster.rng.choice(cluster.machines)
        with cluster.blow(f"jobs on {machine.name} cancelled"):
            cluster.busy(machine)
            jobs = cluster.running_on(machine)
            if not jobs:
                continue
            cluster.tell("cancel", jobs)

            def ended(jobs: list[int] = jobs) -> bool:
                with cluster.reader() as reader:
                    return all(job.state in (JobState.CANCELLED, JobState.DONE) for job in reader.jobs(jobs))

            cluster.tally.expect(within(_CANCELLED, ended), "stuck", f"jobs {jobs} are not cancelled")
            with cluster.reader() as reader:
                given_up = [job for job in reader.jobs(jobs) if job.state is JobState.CANCELLED]
            stems = {Path(job.source).stem for job in given_up}
            there = [path.name for path in cluster.outputs() if path.stem.rpartition("-")[0] in stems]
            cluster.tally.expect(not there, "torn", f"{there} of cancelled jobs are there")


def _comes_back(cluster: Cluster) -> None:
    """Wait until machines have made images again, more than they had under way before."""
    before = _away(cluster)
    more = 2 * SLOTS * len(cluster.machines)
    back = within(90, lambda: _away(cluster) >= before + more or not cluster.live(), every=0.1)
    cluster.tally.expect(back, "stuck", "the machines make nothing any more")


def _away(cluster: Cluster) -> int:
    """Return how many images the machines have made."""
    return sum(count for name, count in cluster.made_by().items() if name)


def _works_again(cluster: Cluster, name: str) -> None:
    """Wait until a machine that was away has made an image again."""
    before = cluster.made_by().get(name, 0)
    back = within(90, lambda: cluster.made_by().get(name, 0) > before or not cluster.live(), every=0.1)
    cluster.tally.expect(back, "stuck", f"{name} is given nothing any more")


def _quick_ones(cluster: Cluster) -> None:
    """Do what takes no waiting; tests of machines hold the rest (tests/core/remote)."""
    for story in (machines_die, broker_dies, owner_comes_and_goes, jobs_are_cancelled):
        story(cluster)


_Story = tuple[str, Callable[[Cluster], None], dict[str, Any]]

FULL: Final[tuple[_Story, ...]] = (
    ("nothing is done", nothing, {}),
    ("machines die", machines_die, {}),
    # Of larger images: the owner alone would make all that are small while the broker is away.
    ("the broker dies", broker_dies, {"carried": True, "side": 2_400}),
    ("machines freeze", machine_freezes, {}),
    ("the network parts", network_parts, {"apart": True, "carried": True}),
    ("somebody is slow", hears_slowly, {}),
    ("the owner comes and goes", owner_comes_and_goes, {"carried": True}),
    ("jobs are cancelled", jobs_are_cancelled, {}),
)
SHORT: Final[tuple[_Story, ...]] = (("the quick ones", _quick_ones, {}),)
