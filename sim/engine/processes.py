"""The SimPy processes: they decide *when*. Time is integer milliseconds since the start of the run.

Price, mark and clearing run in ONE process, the exchange clock, as function calls. Every other process only posts due
work, and the clock's events come last in their instant: all work posted for an instant is done in that instant's cycle,
whatever its period.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import simpy

SimEvents = Generator[simpy.Event, Any, None]


@dataclass
class DueWork:
    """Work that processes have posted for the next cycle; the cycle takes it and leaves it empty."""

    sample: bool = False
    funding: list[int] = field(default_factory=list)  # market ids
    cohorts: list[int] = field(default_factory=list)  # cohort ids that wake
    agents: list[int] = field(default_factory=list)  # named-agent ids that wake

    def clear(self) -> None:
        """Remove all posted work."""
        self.sample = False
        self.funding.clear()
        self.cohorts.clear()
        self.agents.clear()


class LastOfInstant(simpy.Event):
    """A timeout that SimPy processes after all others of its instant."""

    PRIORITY = 2  # SimPy's own are 0 (urgent) and 1 (normal)

    def __init__(self, env: simpy.Environment, delay: int) -> None:
        """Schedule it `delay` ms from now."""
        super().__init__(env)
        self._ok, self._value = True, None
        env.schedule(self, self.PRIORITY, delay)  # type: ignore[arg-type]


class Cycle(Protocol):
    """One clearing cycle at a step of the clock."""

    def __call__(self, step: int) -> None:
        """Run the cycle of step number `step` (1..T)."""


def exchange_clock(env: simpy.Environment, times_ms: Sequence[int], run_cycle: Cycle) -> SimEvents:
    """Run a cycle at each of times_ms[1:]; they are increasing integers and times_ms[0] is now."""
    previous = times_ms[0]
    for step in range(1, len(times_ms)):
        yield LastOfInstant(env, times_ms[step] - previous)
        previous = times_ms[step]
        run_cycle(step)


def sample_clock(env: simpy.Environment, due: DueWork, *, interval_ms: int) -> SimEvents:
    """Post a sample every `interval_ms`."""
    while True:
        yield env.timeout(interval_ms)
        due.sample = True


def funding_clock(env: simpy.Environment, due: DueWork, *, market: int, interval_ms: int, first_ms: int) -> SimEvents:
    """Post a funding payment of `market` at `first_ms` from now and every `interval_ms` after it."""
    yield env.timeout(first_ms)
    while True:
        due.funding.append(market)
        yield env.timeout(interval_ms)


def wake_up(env: simpy.Environment, woken: list[int], *, member: int, interval_ms: int, first_ms: int) -> SimEvents:
    """Append `member` (a cohort or a named agent) to `woken` at `first_ms`, then at every multiple of `interval_ms`.

    So what a member first sees of a jump does not depend on where the clock's first step ended.
    """
    yield env.timeout(first_ms)
    while True:
        woken.append(member)
        yield env.timeout(interval_ms - int(env.now) % interval_ms)
